"""Signing in through an identity provider (OpenID Connect), and being signed out from there."""

from collections.abc import Mapping
from typing import Any, cast

from flask import (
    Blueprint,
    Flask,
    Response,
    abort,
    current_app,
    jsonify,
    redirect,
    render_template,
    request,
    url_for,
)
from flask import session as cookie
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import IntegrityError

from townhall.accounts import federation
from townhall.accounts.federation import Grant, Person
from townhall.accounts.models import Role, User
from townhall.accounts.operations import AccountRefused
from townhall.accounts.tokens import TokenRefused, text
from townhall.clock import now
from townhall.config import Settings, SettingsInvalid
from townhall.tenancy import HOST
from townhall.units.operations import full_code
from townhall.web.addresses import local
from townhall.web.edge import database, keep, session_beside, settings
from townhall.web.guards import public
from townhall.web.language import msgid
from townhall.web.provider import (
    EXTENSION,
    Answer,
    Provider,
    ProviderFault,
    judging,
    provider,
    provider_of,
)
from townhall.web.signin import sign_in

pages = Blueprint("federation", __name__, url_prefix="/oidc")

MAPPING = "townhall.groups"
NEXT = "oidc_next"  # the field of the cookie that says where to go on to
HEADING = msgid("統一身份認證登錄未成功")
CLOSED = msgid("這個賬號已停用，請聯繫上級平台管理員。")
ROLELESS = msgid("您在統一身份認證中所屬的組沒有對應本平台的角色，請聯繫平台管理員。")
MISMAPPED = msgid("組與角色的對應設置有誤，請聯繫平台管理員。")


def connect(app: Flask, known: Settings) -> None:
    """Give the application its provider, if any, and what groups give. Raises `SettingsInvalid`."""
    app.extensions[EXTENSION] = provider_of(known)
    app.extensions[MAPPING] = mapping_of(known)
    # A provider has no token of ours; it proves itself by its signature.
    app.extensions["csrf"].exempt(backchannel)


def mapping_of(known: Settings) -> dict[str, Grant]:
    """What each group gives, in the order of the settings. Raises `SettingsInvalid` for an unknown role."""
    return {name: _grant(name, one.role, one.unit) for name, one in known.oidc_groups.items()}


def _grant(group: str, role: str, unit: str) -> Grant:
    if role not in set(Role):
        raise SettingsInvalid(f"TOWNHALL_OIDC_GROUPS 中組「{group}」的角色「{role}」不存在")
    return Grant(Role(role), full_code(unit))


@pages.after_request
def _not_kept(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@pages.get("/login")
@public
def login() -> ResponseReturnValue:
    """Leave for the provider."""
    found = _provider()
    cookie[NEXT] = local(request.args.get("next"))
    try:
        return found.depart(url_for("federation.callback", _external=True))
    except ProviderFault as fault:
        return _failed(fault)


@pages.get("/callback")
@public
def callback() -> ResponseReturnValue:
    """Come back from the provider. The database is asked only once everything is judged."""
    found = _provider()
    onward = cookie.pop(NEXT, None)
    try:
        answer = found.arrive()
        user_id = _admitted(person_of(answer.claims, found.issuer, settings().oidc_groups_claim))
    except ProviderFault as fault:
        return _failed(fault)
    _enter(user_id, answer)
    return redirect(onward or url_for("overview.show"), 303)


@pages.post("/backchannel")
@public
def backchannel() -> ResponseReturnValue:
    """A provider says that somebody signed out there (Back-Channel Logout 1.0, 2.5 to 2.8)."""
    found = _provider()
    try:
        notice = found.notice(request.form.get("logout_token"))
        with session_beside(HOST) as session:
            if not federation.spend(session, found.issuer, notice, now()):
                raise ProviderFault("", 400, TokenRefused("jti seen before"))
            federation.end_sessions(session, found.issuer, notice, federation.provider_act(now()))
    except ProviderFault as fault:
        current_app.logger.warning("logout token refused: %s", fault)
        return jsonify(error="invalid_request"), 400
    return "", 200


def person_of(claims: Mapping[str, Any], issuer: str, groups_claim: str) -> Person:
    """Whom claims are about. Raises `ProviderFault` for groups that are no list of names."""
    with judging():
        groups = claims.get(groups_claim, [])
        named = [groups] if isinstance(groups, str) else groups
        if not isinstance(named, list) or not all(isinstance(one, str) for one in named):
            raise TokenRefused("groups")
        handle, name = claims.get("preferred_username"), claims.get("name")
        shown = name if isinstance(name, str) else ""
        return Person(issuer, claims["sub"], text(handle) or "", shown, frozenset(named))


def _provider() -> Provider:
    found = provider()
    return found if found is not None else cast("Provider", abort(404))


def _admitted(person: Person) -> int:
    """The account of a person who may come in. What the groups took away is kept also when they may not."""
    try:
        user_id, active, holds = _settled(person)
    except (AccountRefused, LookupError) as refusal:
        raise ProviderFault(MISMAPPED, 403, refusal) from refusal
    if not active:
        raise ProviderFault(CLOSED, 403, AccountRefused("closed"))
    if not holds:
        raise ProviderFault(ROLELESS, 403, AccountRefused("no role"))
    return user_id


def _settled(person: Person) -> tuple[int, bool, bool]:
    try:
        return _settled_once(person)
    except IntegrityError:  # the first two sign-ins of somebody at once: the account is there now
        return _settled_once(person)


def _settled_once(person: Person) -> tuple[int, bool, bool]:
    """The account's number, whether it is open, and whether it holds a role."""
    mapping: Mapping[str, Grant] = current_app.extensions[MAPPING]
    with session_beside(HOST) as session:
        user = federation.settle(session, federation.provider_act(now()), person, mapping)
        return (user.id, user.active, bool(user.memberships)) if user else (0, True, False)


def _enter(user_id: int, answer: Answer) -> None:
    keep()
    user = database().get_one(User, user_id)
    sign_in(user, confirmed=True, provider_sid=text(answer.claims.get("sid")), id_token=answer.id_token)


def _failed(fault: ProviderFault) -> ResponseReturnValue:
    current_app.logger.warning("sign-in through the identity provider refused: %s", fault)
    page = render_template("error.html", code=fault.status, heading=HEADING, words=fault.words)
    return page, fault.status
