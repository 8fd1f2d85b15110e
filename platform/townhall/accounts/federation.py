"""People who come from an identity provider: known by issuer and subject, with the roles that their groups give.

Only what the provider gave is taken away again: a role that somebody granted by hand stays.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from townhall.accounts import sessions
from townhall.accounts.models import Identity, LoginSession, Membership, Role, SpentToken, User
from townhall.accounts.operations import LOGIN, grant_role, withdraw_role
from townhall.accounts.rights import LEVELS
from townhall.accounts.tokens import LEEWAY, Notice
from townhall.audit.act import Act, host_act
from townhall.audit.operations import record
from townhall.units.models import Level, Unit
from townhall.units.succession import ended

AUTHOR = "oidc"  # who grants, in the audit and in `granted_by`
PREFIX = "sso-"  # before the logins of such accounts: nobody at a provider can take the name of somebody here


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in a unit, which a group gives."""

    role: Role
    unit_id: str


@dataclass(frozen=True, slots=True)
class Person:
    """What a provider says of somebody; `handle` and `name` are for people to read and prove nothing."""

    issuer: str
    subject: str
    handle: str
    name: str
    groups: frozenset[str]


def provider_act(moment: dt.datetime, reason: str = "") -> Act:
    """What is done because a provider says so."""
    return host_act(AUTHOR, moment, reason)


def find(session: Session, issuer: str, subject: str) -> User | None:
    """The account of somebody at a provider, never looked for by login, name or mail."""
    known = session.scalars(select(Identity).filter_by(issuer=issuer, subject=subject)).one_or_none()
    return session.get_one(User, known.user_id) if known else None


def settle(session: Session, act: Act, person: Person, mapping: Mapping[str, Grant]) -> User | None:
    """The account of a person, made if need be, with exactly the provider's roles that the groups give now.

    None for a stranger without a mapped group. A closed account is given back as it is. Raises `AccountRefused`
    and `LookupError` when the mapping names a role or a unit that cannot be granted.
    """
    given = (grant for group, grant in mapping.items() if group in person.groups)
    wanted = list(dict.fromkeys(_as_of_now(session, grant) for grant in given))
    user = find(session, person.issuer, person.subject)
    if user is None and wanted:
        user = _admit(session, act, person)
    if user is not None and user.active:
        _match(session, act, user, wanted)
    return user


def _as_of_now(session: Session, grant: Grant) -> Grant:
    """In a township that has ended the role is its primary successor's, until somebody changes the mapping."""
    gone = ended(session, grant.unit_id)
    return replace(grant, unit_id=gone.living[0].code) if gone else grant


def _admit(session: Session, act: Act, person: Person) -> User:
    login = _login(session, person)
    user = User(
        login=login,
        name=_shown(person.name) or login,
        password_hash=None,
        must_change=False,
        active=True,
        demonstration=False,
        created_at=act.moment,
    )
    session.add(user)
    session.flush()
    session.add(Identity(user_id=user.id, issuer=person.issuer, subject=person.subject))
    session.flush()
    return user


def _login(session: Session, person: Person) -> str:
    """A login that nobody has: from the name at the provider, or from a digest when that is taken or unfit."""
    handle = person.handle.strip().lower()
    wished, taken = PREFIX + handle, select(User.id)
    fit = LOGIN.fullmatch(handle) and LOGIN.fullmatch(wished)
    if fit and session.scalars(taken.filter_by(login=wished)).first() is None:
        return wished
    return PREFIX + hashlib.sha256(f"{person.issuer}\n{person.subject}".encode()).hexdigest()[:32]


def _shown(name: str) -> str:
    return "".join(sign for sign in name if sign.isprintable()).strip()[:60]


def _match(session: Session, act: Act, user: User, wanted: list[Grant]) -> None:
    for held in [one for one in user.memberships if one.granted_by == AUTHOR]:
        if Grant(Role(held.role), held.unit_id) not in wanted:
            withdraw_role(session, act, held)
    for grant in wanted:
        grant_role(session, act, user, grant.role, grant.unit_id)


def mapping_faults(session: Session, mapping: Mapping[str, Grant]) -> Iterator[str]:
    """What cannot be granted, in Chinese, a line for each group."""
    for group, grant in mapping.items():
        unit = session.get(Unit, grant.unit_id)
        if unit is None:
            yield f"組「{group}」：沒有代碼為 {grant.unit_id} 的單位"
        elif Level(unit.level) not in LEVELS[grant.role]:
            yield f"組「{group}」：角色 {grant.role.value} 不能設在{unit.name}這一級"
        elif gone := ended(session, unit.code):
            yield f"組「{group}」：{gone.sentence}，請改用後者的代碼"


def spend(session: Session, issuer: str, notice: Notice, moment: dt.datetime) -> bool:
    """Whether a logout token is seen for the first time; it is remembered for as long as it is good."""
    session.execute(delete(SpentToken).where(SpentToken.expires_at < moment))
    key = hashlib.sha256(f"{issuer}\n{notice.jti}".encode()).hexdigest()
    try:
        with session.begin_nested():
            session.add(SpentToken(digest=key, expires_at=notice.expires + dt.timedelta(seconds=LEEWAY)))
    except IntegrityError:
        return False
    return True


def end_sessions(session: Session, issuer: str, notice: Notice, act: Act) -> int:
    """End the sign-ins that a provider says are over; gives their number. Sign-ins by password stay."""
    wanted = select(LoginSession).where(
        LoginSession.ended_at.is_(None), LoginSession.id_token.is_not(None), *_named(session, issuer, notice)
    )
    found = list(session.scalars(wanted))
    for made in found:
        sessions.end(made, act.moment)
    session.flush()
    _note(session, act, found)
    return len(found)


def _named(session: Session, issuer: str, notice: Notice) -> Iterable[ColumnElement[bool]]:
    """With both a session and a subject, both must fit."""
    if notice.sid is not None:
        yield LoginSession.provider_sid == notice.sid
    if notice.subject is not None:
        user = find(session, issuer, notice.subject)
        yield LoginSession.user_id == (user.id if user else None)


def _note(session: Session, act: Act, ended: Iterable[LoginSession]) -> None:
    for made in ended:
        held = session.get(Membership, made.membership_id) if made.membership_id else None
        if held is not None:
            record(session, act, held.unit_id, "session.end", path=held.user.login)
