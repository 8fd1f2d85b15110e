"""Signing in and out, the language of the interface, and one's own password."""

import secrets

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from townhall.accounts.demonstration import LOGINS
from townhall.accounts.models import User
from townhall.accounts.operations import AccountRefused, authenticate, change_password
from townhall.web.addresses import local
from townhall.web.edge import database, settings
from townhall.web.guards import current_user, public, reader, requires
from townhall.web.language import COOKIE, LANGUAGES, msgid

pages = Blueprint("signin", __name__)

YEAR = 365 * 24 * 3600
WRONG = msgid("賬號或密碼不正確。")
CHANGED = msgid("密碼已更改，其他設備上的登錄已全部失效。")
DIFFERENT = msgid("兩次輸入的新密碼不一致")


@pages.get("/login")
@public
def form() -> ResponseReturnValue:
    if current_user() is not None:
        return redirect(url_for("overview.show"), 303)
    return _form(None)


@pages.post("/login")
@public
def enter() -> ResponseReturnValue:
    """Sign in; whether it was the login or the password that was wrong is not said."""
    login, password = request.form.get("login", ""), request.form.get("password", "")
    user = authenticate(database(), login, password, demonstrations=settings().demo)
    if user is None:
        return _form(WRONG), 401
    _begin(user)
    return redirect(local(request.form.get("next")) or url_for("overview.show"), 303)


@pages.post("/logout")
@public
def leave() -> ResponseReturnValue:
    session.clear()
    return redirect(url_for("signin.form"), 303)


@pages.post("/language")
@public
def language() -> ResponseReturnValue:
    """Keep the chosen language in a cookie and go back to the page it was chosen on."""
    response = redirect(local(request.form.get("next")) or url_for("overview.show"), 303)
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        secure = settings().secure_cookies
        response.set_cookie(COOKIE, chosen, YEAR, httponly=True, samesite="Lax", secure=secure)
    return response


@pages.get("/account")
@requires(None)
def account() -> ResponseReturnValue:
    return render_template("account.html", refusal=None)


@pages.post("/account")
@requires(None)
def password() -> ResponseReturnValue:
    """Change one's own password; this session goes on, all others end."""
    user, new = reader(), request.form.get("new", "")
    try:
        if new != request.form.get("again"):
            raise AccountRefused(DIFFERENT)
        change_password(database(), user, request.form.get("old", ""), new)
    except AccountRefused as refusal:
        return render_template("account.html", refusal=str(refusal)), 422
    _begin(user)
    flash(CHANGED)
    return redirect(url_for("signin.account"), 303)


def login_name() -> str:
    """The login that is being tried; attempts are counted for it as well as for the address."""
    return request.form.get("login", "").strip().lower()[:64]


def _form(refusal: str | None) -> str:
    target = local(request.values.get("next")) or ""
    logins = LOGINS if settings().demo else ()
    return render_template("login.html", refusal=refusal, next=target, logins=logins)


def _begin(user: User) -> None:
    """A new session under a new name: one that was planted before signing in is worth nothing."""
    session.clear()
    session.permanent = True
    session.update({"id": secrets.token_hex(16), "user": user.id, "stamp": user.session_stamp})
