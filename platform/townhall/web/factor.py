"""The second factor: asked for after the password, switched on and off on the page about oneself."""

from typing import cast

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from townhall.accounts import second_factor, sessions
from townhall.accounts.operations import AccountRefused
from townhall.accounts.sessions import SignedIn
from townhall.clock import now
from townhall.web import enrolment
from townhall.web.addresses import local
from townhall.web.edge import database
from townhall.web.guards import acting, correlation, known, own, pending, reader
from townhall.web.language import msgid
from townhall.web.signin import account_page, enter_own, sign_in

pages = Blueprint("factor", __name__)

WRONG = msgid("驗證碼不正確或已用過。請等手機上出現下一個驗證碼再試，或改用一個恢復碼。")
OFF = msgid("兩步驗證已關閉。")
PLACE = "second-factor"


def who() -> str:
    """Whose code is being tried; attempts are counted for the account as well as for the address."""
    found = known()
    return found.user.login if found else ""


@pages.get("/login/code")
@pending
def form() -> ResponseReturnValue:
    return _form(None)


@pages.post("/login/code")
@pending
def confirm() -> ResponseReturnValue:
    """Sign in for good, under another token than the one that only the password stood behind."""
    found = cast("SignedIn", known())  # the guard saw to it
    enter_own()
    act = found.act(now(), correlation())
    if not second_factor.accept(database(), act, found.user, request.form.get("code", "")[:100]):
        return _form(WRONG), 401
    sessions.end(found.session, now())
    sign_in(found.user, confirmed=True)
    return redirect(local(request.form.get("next")) or url_for("overview.show"), 303)


@pages.post("/account/second-factor/begin")
@own
def begin() -> ResponseReturnValue:
    """Show a new seed to a phone."""
    if reader().totp_secret is None:
        enrolment.renew()
    return _back()


@pages.post("/account/second-factor/cancel")
@own
def cancel() -> ResponseReturnValue:
    """Give up a seed that was shown."""
    enrolment.forget()
    return _back()


@pages.post("/account/second-factor/on")
@own
def switch_on() -> ResponseReturnValue:
    """Keep the seed once a phone has learnt it; the recovery codes are in this answer and nowhere else."""
    seed = enrolment.seed()
    if seed is None:
        return _back()
    enter_own()
    try:
        entered = request.form.get("code", "")[:100]
        codes = second_factor.switch_on(database(), acting(), reader(), seed.secret, entered)
    except AccountRefused as refusal:
        return account_page(factor_refusal=str(refusal)), 422
    enrolment.forget()
    return render_template("recovery_codes.html", codes=codes)


@pages.post("/account/second-factor/off")
@own
def switch_off() -> ResponseReturnValue:
    """Ask for the password only from now on."""
    enter_own()
    try:
        second_factor.switch_off(database(), acting(), reader(), request.form.get("password", ""))
    except AccountRefused as refusal:
        return account_page(factor_refusal=str(refusal)), 422
    flash(OFF)
    return _back()


def _back() -> ResponseReturnValue:
    return redirect(url_for("signin.account", _anchor=PLACE), 303)


def _form(refusal: str | None) -> str:
    target = local(request.values.get("next")) or ""
    return render_template("code.html", refusal=refusal, next=target)
