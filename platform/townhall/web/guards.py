"""Who may open a page. Every view carries one of these; a test walks the routes and refuses one that does not.

Order matters: a township that is not the reader's answers 404 like one that does not exist, before any question of
rights, so that nobody learns what there is by asking (security, T2).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from flask import abort, g, redirect, request, session, url_for
from flask.typing import ResponseReturnValue

from townhall.accounts.models import User
from townhall.accounts.operations import signed_in, visible
from townhall.accounts.rights import Right, may
from townhall.tenancy import enter, scope_of
from townhall.units.models import Unit
from townhall.web.desk import find_desk
from townhall.web.edge import database

View = Callable[..., ResponseReturnValue]
DECLARED = "townhall_access"


def current_user() -> User | None:
    """Who is signed in, or None."""
    if "user" not in g:
        known = "user" in session
        g.user = signed_in(database(), session["user"], session.get("stamp", "")) if known else None
    return cast("User | None", g.user)


def reader() -> User:
    """Who is signed in; only behind a guard."""
    return cast("User", current_user())


def held_unit() -> Unit:
    """The unit that the reader holds."""
    return database().get_one(Unit, reader().unit_id)


def allowed(right: Right) -> bool:
    """Whether the reader has a right; for templates, which show no button that would be refused."""
    user = current_user()
    return user is not None and may(user.role, right)


def public(view: View) -> View:
    """A page for anybody."""
    setattr(view, DECLARED, "public")
    return view


def requires(right: Right | None) -> Callable[[View], View]:
    """A page for whoever is signed in and has a right; None asks for no particular one."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(**arguments: Any) -> ResponseReturnValue:
            if current_user() is None:
                return _sign_in()
            if right is not None and not allowed(right):
                abort(403)
            enter(database(), scope_of(reader().unit_id))
            return view(**arguments)

        setattr(guarded, DECLARED, str(right))
        return guarded

    return decorate


def township(right: Right, *, opened: bool = True) -> Callable[[View], View]:
    """A page of one township: the view gets its desk in place of the code in the address.

    A unit without a centre leads to its own page, which says so; `opened=False` is that page.
    """

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(code: str, **arguments: Any) -> ResponseReturnValue:
            if current_user() is None:
                return _sign_in()
            desk = find_desk(database(), code, visible(held_unit()))
            if desk is None:
                abort(404)
            if not allowed(right):
                abort(403)
            if opened and desk.row is None:
                return redirect(url_for("workspace.show", code=code), 303)
            g.desk = desk
            return view(desk=desk, **arguments)

        setattr(guarded, DECLARED, str(right))
        return guarded

    return decorate


def _sign_in() -> ResponseReturnValue:
    """To the sign-in page and back; only a page that was asked for by GET is worth returning to."""
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("signin.form", next=target), 303)
