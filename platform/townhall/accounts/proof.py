"""Proving anew who one is, before an act that could open somebody's account (ASVS 5.0, 7.5.3)."""

import datetime as dt

from sqlalchemy.orm import Session

from townhall.accounts import second_factor
from townhall.accounts.operations import AccountRefused, matches
from townhall.accounts.second_factor import WRONG_CODE, WRONG_PASSWORD
from townhall.accounts.sessions import SignedIn
from townhall.audit.act import Act

RECENT = dt.timedelta(minutes=10)  # a sign-in that has just begun is proof enough
NO_PASSWORD = "請先退出並重新登錄，在 10 分鐘內完成這一步"  # noqa: S105 # nosec B105 # what is said to those who have none


def recent(signed: SignedIn, moment: dt.datetime) -> bool:
    """Whether somebody has just signed in, with all that is asked for."""
    return signed.session.confirmed and moment - signed.session.created_at <= RECENT


def prove(session: Session, act: Act, signed: SignedIn, password: str, code: str) -> None:
    """Nothing for somebody who has just signed in; else the own password and, where it is on, the phone's code.

    Raises `AccountRefused`. Codes on paper are for signing in: whoever has only those signs in with one first.
    """
    if recent(signed, act.moment):
        return
    user = signed.user
    if user.password_hash is None:
        raise AccountRefused(NO_PASSWORD)
    if not matches(user.password_hash, password):
        raise AccountRefused(WRONG_PASSWORD)
    if user.totp_secret is not None and not second_factor.accept_phone(session, act, user, code):
        raise AccountRefused(WRONG_CODE)
