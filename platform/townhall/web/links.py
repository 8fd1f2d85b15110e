"""What a link that works once opens: joining with an invitation, and setting a lost password anew.

The address holds a secret. These pages send no referrer, so a form on them cannot prove by one where it came from,
as the protection against forged forms asks on HTTPS; they check the form's token themselves.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from townhall.accounts import passes
from townhall.accounts.models import Pass, Role, User
from townhall.accounts.operations import AccountRefused
from townhall.accounts.passes import PassSpent
from townhall.audit.act import Act
from townhall.clock import now
from townhall.tenancy import enter, scope_of, spanning
from townhall.units.models import Unit
from townhall.web.edge import database
from townhall.web.editing import entered, faults, typed
from townhall.web.guards import correlation, public, require_token
from townhall.web.language import msgid
from townhall.web.signin import DIFFERENT, login_name, proceed, sign_in

pages = Blueprint("links", __name__)

GONE = msgid("鏈接已失效")
JOINED = msgid("賬號已建立，您已登錄。")
SET = msgid("密碼已重設，其他設備上的登錄已全部失效。")


@pages.before_request
def check_form() -> None:
    """Only a form that was shown by us is taken."""
    if request.method == "POST":
        require_token()


@pages.after_request
def keep_secret(response: Response) -> Response:
    """The address goes nowhere: not to another page, not into a cache, not into a search engine."""
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    response.headers["X-Robots-Tag"] = "noindex"
    return response


@pages.get("/join/<token>")
@public
def join_form(token: str) -> ResponseReturnValue:
    return _shown(token, _join_page)


@pages.post("/join/<token>")
@public
def join(token: str) -> ResponseReturnValue:
    """Make the account and sign it in."""
    return _shown(token, _join)


@pages.get("/reset/<token>")
@public
def reset_form(token: str) -> ResponseReturnValue:
    return _shown(token, _reset_page)


@pages.post("/reset/<token>")
@public
def reset(token: str) -> ResponseReturnValue:
    """Set the password and sign in, as far as a password leads."""
    return _shown(token, _reset)


def _shown(token: str, view: Callable[[str, Pass], ResponseReturnValue]) -> ResponseReturnValue:
    """What a link opens; whatever is wrong with one, the answer is the same."""
    found = passes.valid(database(), token, now())
    joins = request.endpoint in {"links.join", "links.join_form"}
    if found is None or (found.role is not None) is not joins:
        return _gone()
    try:
        return view(token, found)
    except PassSpent:
        return _gone()


def _join(token: str, found: Pass) -> ResponseReturnValue:
    enter(database(), scope_of(found.unit_id))
    name = entered("name")[:60]
    given = {"login": login_name(), "name": name}
    act = Act(given["login"], name, str(found.role), found.unit_id, now(), correlation=correlation())
    try:
        password = _password()
        user = passes.join(database(), act, token, **given, password=password)
    except PassSpent:
        raise
    except AccountRefused as refusal:
        return _join_page(token, found, str(refusal)), 422
    sign_in(user, confirmed=True)
    flash(JOINED)
    return redirect(url_for("overview.show"), 303)


def _reset(token: str, found: Pass) -> ResponseReturnValue:
    user = database().get_one(User, found.user_id)
    _enter(user, found)
    act = Act(user.login, user.name, "", "", now(), correlation=correlation())
    try:
        passes.reset(database(), act, token, _password())
    except PassSpent:
        raise
    except AccountRefused as refusal:
        return _reset_page(token, found, str(refusal)), 422
    answer = proceed(user)
    flash(SET)
    return answer


def _enter(user: User, found: Pass) -> None:
    """For the units that record it: those in which the person holds roles."""
    units = [held.unit_id for held in user.memberships] or [found.unit_id]
    enter(database(), spanning(units))


def _password() -> str:
    """The password that was typed twice. Raises `AccountRefused` when it was not the same, or a name is none."""
    if reasons := faults(["name"]):
        raise AccountRefused(reasons[0])
    if request.form.get("password", "") != request.form.get("again"):
        raise AccountRefused(DIFFERENT)
    return request.form.get("password", "")


def _join_page(token: str, found: Pass, refusal: str | None = None) -> str:
    unit = database().get_one(Unit, found.unit_id)
    return _page("join.html", token=token, unit=unit, invited=Role(str(found.role)), refusal=refusal)


def _reset_page(token: str, found: Pass, refusal: str | None = None) -> str:
    person = database().get_one(User, found.user_id)
    return _page("reset.html", token=token, person=person, refusal=refusal)


def _gone() -> ResponseReturnValue:
    return _page("error.html", code=410, heading=GONE, words=passes.SPENT), 410


def _page(template: str, **values: Any) -> str:
    """For a stranger, also where somebody is signed in: the menus are another's business."""
    return render_template(template, user=None, role=None, held_unit=None, typed=typed(), **values)
