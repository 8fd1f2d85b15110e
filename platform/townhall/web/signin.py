"""Signing in and out, the role in use, the language of the interface, and one's own password."""

from flask import Blueprint, abort, flash, g, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from townhall.accounts import second_factor, sessions
from townhall.accounts.demonstration import LOGINS
from townhall.accounts.models import LoginSession, User
from townhall.accounts.operations import AccountRefused, authenticate, change_password
from townhall.audit.operations import record
from townhall.clock import now
from townhall.tenancy import enter, spanning
from townhall.web.addresses import local
from townhall.web.edge import database, settings
from townhall.web.enrolment import seed
from townhall.web.guards import (
    TOKEN,
    acting,
    correlation,
    current_user,
    here,
    known,
    own,
    public,
    reader,
    require_token,
)
from townhall.web.language import COOKIE, LANGUAGES, msgid
from townhall.web.provider import farewell

pages = Blueprint("signin", __name__)

YEAR = 365 * 24 * 3600
WRONG = msgid("賬號或密碼不正確。")
CHANGED = msgid("密碼已更改，其他設備上的登錄已全部失效。")
DIFFERENT = msgid("兩次輸入的新密碼不一致")
ENDED = msgid("已結束該設備上的登錄。")


@pages.get("/login")
@public
def form() -> ResponseReturnValue:
    if current_user() is not None:
        return redirect(url_for("overview.show"), 303)
    return _form(None)


@pages.post("/login")
@public
def enter_password() -> ResponseReturnValue:
    """Sign in; whether it was the login or the password that was wrong is not said."""
    login, password = request.form.get("login", ""), request.form.get("password", "")
    user = authenticate(database(), login, password, demonstrations=settings().demo)
    if user is None:
        return _form(WRONG), 401
    return proceed(user, local(request.form.get("next")))


@pages.post("/logout")
@public
def leave() -> ResponseReturnValue:
    """End this sign-in in the database too: a copy of the cookie is worth nothing afterwards.

    Somebody who came from an identity provider is sent there, to sign out of it as well.
    """
    found, onward = known(), None
    if found is not None:
        onward = farewell(found.session.id_token, url_for("signin.form", _external=True))
        sessions.end(found.session, now())
        note("session.end")
    session.clear()
    return redirect(onward or url_for("signin.form"), 303)


@pages.post("/language")
@public
def language() -> ResponseReturnValue:
    """Keep the chosen language in a cookie and go back to the page it was chosen on, which may send no referrer."""
    require_token()
    response = redirect(local(request.form.get("next")) or url_for("overview.show"), 303)
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        secure = settings().secure_cookies
        response.set_cookie(COOKIE, chosen, YEAR, httponly=True, samesite="Lax", secure=secure)
    return response


@pages.post("/role")
@own
def role() -> ResponseReturnValue:
    """Take on another of one's own roles."""
    wanted = request.form.get("membership", "")
    if not wanted.isascii() or not wanted.isdigit() or not sessions.use(here(), int(wanted[:9])):
        abort(404)
    g.pop("known")
    note("session.role")
    return redirect(url_for("overview.show"), 303)


@pages.get("/account")
@own
def account() -> ResponseReturnValue:
    return account_page()


@pages.post("/account")
@own
def password() -> ResponseReturnValue:
    """Change one's own password; this device stays signed in, all others are signed out."""
    user, new = reader(), request.form.get("new", "")
    enter_own()
    try:
        if new != request.form.get("again"):
            raise AccountRefused(DIFFERENT)
        change_password(database(), acting(), user, request.form.get("old", ""), new)
    except AccountRefused as refusal:
        return account_page(str(refusal)), 422
    sign_in(user, confirmed=True, noted=False)
    flash(CHANGED)
    return redirect(url_for("signin.account"), 303)


@pages.post("/account/sessions/<session_id>/end")
@own
def end_session(session_id: str) -> ResponseReturnValue:
    """Sign another device out."""
    found = database().get(LoginSession, session_id[:64]) if session_id.isalnum() else None
    if found is None or found.user_id != reader().id:
        abort(404)
    sessions.end(found, now())
    note("session.end")
    flash(ENDED)
    return redirect(url_for("signin.account"), 303)


def login_name() -> str:
    """The login that is being tried; attempts are counted for it as well as for the address."""
    return request.form.get("login", "").strip().lower()[:64]


def sign_in(
    user: User,
    *,
    confirmed: bool,
    noted: bool = True,
    provider_sid: str | None = None,
    id_token: str | None = None,
) -> None:
    """A new sign-in under a new token: one that was planted before is worth nothing."""
    token, made = sessions.start(
        database(),
        user,
        now(),
        confirmed=confirmed,
        address=request.remote_addr or "",
        agent=request.user_agent.string,
        provider_sid=provider_sid,
        id_token=id_token,
    )
    session.clear()
    session.permanent = True
    session[TOKEN] = token
    held = next((one for one in user.memberships if one.id == made.membership_id), None)
    g.known = sessions.SignedIn(user, made, held)
    if noted:
        note("session.begin" if confirmed else "session.password")


def note(action: str) -> None:
    """Record what concerns the sign-in itself, in the chain of the unit whose role is in use."""
    found = known()
    if found is not None and found.held is not None:
        enter_own()
        act = found.act(now(), correlation())
        record(database(), act, found.held.unit_id, action, path=found.user.login)


def enter_own() -> None:
    """The pages about oneself are for the units in which one holds roles: each of them records what is done."""
    found = known()
    if found is not None and found.user.memberships:
        enter(database(), spanning(held.unit_id for held in found.user.memberships))


def proceed(user: User, target: str | None = None) -> ResponseReturnValue:
    """After the password: on to where somebody wanted to go, or to the second factor first."""
    if user.totp_secret is None:
        sign_in(user, confirmed=True)
        return redirect(target or url_for("overview.show"), 303)
    sign_in(user, confirmed=False)
    return redirect(url_for("factor.form", next=target), 303)


def account_page(refusal: str | None = None, factor_refusal: str | None = None) -> str:
    """The page about oneself, with why the password or the second factor was left as it was."""
    user = reader()
    return render_template(
        "account.html",
        refusal=refusal,
        factor_refusal=factor_refusal,
        running=sessions.running(database(), user, now()),
        this=here().session.id,
        seed=seed(),
        codes_left=second_factor.codes_left(database(), user),
    )


def _form(refusal: str | None) -> str:
    target = local(request.values.get("next")) or ""
    logins = LOGINS if settings().demo else ()
    return render_template("login.html", refusal=refusal, next=target, logins=logins)
