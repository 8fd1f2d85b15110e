"""Who may open a page. Every view carries one of these; a test walks the routes and refuses one that does not.

Order matters: a township that is not the reader's answers 404 like one that does not exist, before any question of
rights, so that nobody learns what there is by asking (security, T2).
"""

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from flask import abort, g, jsonify, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import validate_csrf  # type: ignore[import-untyped]
from wtforms import ValidationError  # type: ignore[import-untyped]

from townhall.accounts.models import Membership, User
from townhall.accounts.rights import Right, may
from townhall.accounts.sessions import SignedIn, find
from townhall.audit.act import Act, new_correlation
from townhall.clock import now
from townhall.tenancy import enter, scope_of
from townhall.units.models import Unit
from townhall.units.succession import ended
from townhall.web.desk import find_desk
from townhall.web.edge import database
from townhall.web.reading import note_denied, note_reading

View = Callable[..., ResponseReturnValue]
DECLARED = "townhall_access"
TOKEN = "token"  # noqa: S105 # nosec B105 # the name of the cookie's field


def known() -> SignedIn | None:
    """Whose cookie it is, also before the second factor; None for a stranger."""
    if "known" not in g:
        token = session.get(TOKEN)
        g.known = find(database(), token, now()) if isinstance(token, str) else None
    return cast("SignedIn | None", g.known)


def signed_in() -> SignedIn | None:
    """Who is signed in with all that is asked for, or None."""
    found = known()
    return found if found and found.session.confirmed else None


def current_user() -> User | None:
    """The account that is signed in, or None."""
    found = signed_in()
    return found.user if found else None


def here() -> SignedIn:
    """Who is signed in; only behind a guard."""
    return cast("SignedIn", signed_in())


def reader() -> User:
    """The account that is signed in; only behind a guard."""
    return here().user


def holding() -> Membership | None:
    """The role in use."""
    found = signed_in()
    return found.held if found else None


def held_unit() -> Unit:
    """The unit in which the role in use is held."""
    return database().get_one(Unit, cast("Membership", holding()).unit_id)


def correlation() -> str:
    """The number of this request, in the audit and in the answer's header."""
    if "correlation" not in g:
        g.correlation = new_correlation()
    return cast("str", g.correlation)


def acting(reason: str = "") -> Act:
    """Who does what this request does."""
    return here().act(now(), correlation(), reason)


def allowed(right: Right) -> bool:
    """Whether the reader has a right; for templates, which show no button that would be refused."""
    held = holding()
    return held is not None and may(held.role, right)


def require_token() -> None:
    """Refuse a form without its token; for pages that the general check must leave out (see `links`)."""
    try:
        validate_csrf(request.form.get("csrf_token"))
    except ValidationError:
        abort(400)


def public(view: View) -> View:
    """A page for anybody."""
    setattr(view, DECLARED, "public")
    return view


def own(view: View) -> View:
    """A page about oneself: for whoever is signed in, whatever the role, and before a password is changed."""

    @wraps(view)
    def guarded(**arguments: Any) -> ResponseReturnValue:
        if current_user() is None:
            return _sign_in()
        return view(**arguments)

    setattr(guarded, DECLARED, "own")
    return guarded


def pending(view: View) -> View:
    """The page between the password and the second factor, and for nobody else."""

    @wraps(view)
    def guarded(**arguments: Any) -> ResponseReturnValue:
        found = known()
        if found is None or found.session.confirmed:
            return redirect(url_for("signin.form"), 303)
        return view(**arguments)

    setattr(guarded, DECLARED, "pending")
    return guarded


def requires(right: Right | None) -> Callable[[View], View]:
    """A page for whoever is signed in and has a right; None asks for no particular one."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(**arguments: Any) -> ResponseReturnValue:
            if (hindrance := _hindrance()) is not None:
                return hindrance
            if right is not None and not allowed(right):
                abort(403)
            enter(database(), scope_of(held_unit().code))
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
            if (hindrance := _hindrance()) is not None:
                return hindrance
            desk = find_desk(database(), code, scope_of(held_unit().code))
            if desk is None and (answer := _succeeded(code)) is not None:
                return answer
            if desk is None:
                note_denied(here())
                abort(404)
            if not allowed(right):
                abort(403)
            note_reading(here(), desk.unit.code)
            if opened and desk.row is None and by_program():
                abort(404)
            if opened and desk.row is None:
                return redirect(url_for("workspace.show", code=code), 303)
            g.desk = desk
            return view(desk=desk, **arguments)

        setattr(guarded, DECLARED, str(right))
        return guarded

    return decorate


def _succeeded(code: str) -> ResponseReturnValue | None:
    """For a reader of the successor, who has taken a township's place; None for everybody else (rule P3)."""
    found = ended(database(), f"{code}000")
    within = scope_of(held_unit().code)
    if found is None or not any(within.covers(unit.code) for unit in found.living):
        return None
    if by_program():
        return jsonify(error=found.sentence), 410
    return render_template("ended.html", ended=found, desk=None, scope=within), 410


def by_program() -> bool:
    """Whether the JSON interface is asked: a program is told by status, not led to a page."""
    return request.path.startswith("/api/")


def _hindrance() -> ResponseReturnValue | None:
    """What stands between the reader and any page but the own: a sign-in, a password to change, no role at all."""
    if current_user() is None:
        return _sign_in()
    if reader().must_change:
        if by_program():
            abort(403)
        return redirect(url_for("signin.account"), 303)
    if holding() is None:
        abort(403)
    return None


def _sign_in() -> ResponseReturnValue:
    """To the sign-in page and back; only a page that was asked for by GET is worth returning to."""
    if by_program():
        abort(401)
    target = request.full_path.rstrip("?") if request.method == "GET" else None
    return redirect(url_for("signin.form", next=target), 303)
