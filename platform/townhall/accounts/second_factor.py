"""The second factor: six digits from a phone (RFC 6238), and codes on paper for when the phone is lost."""

import hashlib
import hmac
import secrets

import pyotp
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from townhall.accounts.models import RecoveryCode, User
from townhall.accounts.operations import AccountRefused, end_sessions, matches, record_of
from townhall.audit.act import Act

CODES = 10
STEP = 30  # seconds
_DRIFT = (-1, 0, 1)  # clocks of phones are off by seconds, people type slowly
# Nothing that is read as something else.
_SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"  # pragma: allowlist secret
_GROUPS, _GROUP = 4, 4  # 79 bits: a digest that leaks cannot be turned back into its code
WRONG_CODE = "驗證碼不正確或已用過。請等手機上出現下一個驗證碼再試"
WRONG_PASSWORD = "密碼不正確"  # noqa: S105 # nosec B105 # what is said of one
ALREADY_ON, NOT_ON = "兩步驗證已經開啟", "此人沒有開啟兩步驗證"
NO_REASON = "請寫明事由"


def fresh_secret() -> str:
    """A new seed in base32, for a phone to learn; it counts for nothing before `switch_on`."""
    return pyotp.random_base32()


def address_of(user: User, secret: str, issuer: str) -> str:
    """What the QR code says: an `otpauth:` address with login and issuer."""
    return pyotp.TOTP(secret).provisioning_uri(name=user.login, issuer_name=issuer)


def switch_on(session: Session, act: Act, user: User, secret: str, entered: str) -> tuple[str, ...]:
    """Ask for codes from now on; gives the recovery codes, which are kept nowhere else.

    Raises `AccountRefused` for a wrong code, or when it is on already: a phone is not replaced behind its back.
    """
    if user.totp_secret is not None:
        raise AccountRefused(ALREADY_ON)
    step = _step_of(secret, _plain(entered), act)
    if step is None:
        raise AccountRefused(WRONG_CODE)
    user.totp_secret, user.totp_step = secret, step
    codes = _fresh_codes(session, user)
    record_of(session, act, user, "account.second_factor", [["", None, "second_factor", False, True]])
    return codes


def switch_off(session: Session, act: Act, user: User, password: str) -> None:
    """Ask for the password only from now on. Raises `AccountRefused` unless the password is right."""
    if user.password_hash is None or not matches(user.password_hash, password):
        raise AccountRefused(WRONG_PASSWORD)
    remove(session, act, user)


def remove(session: Session, act: Act, user: User) -> None:
    """Forget the second factor: for its owner, or for the host's staff when phone and paper are both lost."""
    if user.totp_secret is None:
        return
    user.totp_secret = user.totp_step = None
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    record_of(session, act, user, "account.second_factor", [["", None, "second_factor", True, False]])


def lift(session: Session, act: Act, user: User) -> None:
    """Take away a factor that somebody has lost; all sign-ins of the account end. `act.reason` says why.

    Raises `AccountRefused` without a reason, or where there is no factor.
    """
    if not act.reason.strip():
        raise AccountRefused(NO_REASON)
    if user.totp_secret is None:
        raise AccountRefused(NOT_ON)
    remove(session, act, user)
    end_sessions(session, user, act)


def accept(session: Session, act: Act, user: User, entered: str) -> bool:
    """Whether a code of the phone or of the paper is right; it is used up then."""
    plain = _plain(entered)
    if user.totp_secret is None:
        return False
    if _from_phone(plain):
        return _spend_step(session, act, user, plain)
    return _spend_recovery(session, act, user, plain)


def accept_phone(session: Session, act: Act, user: User, entered: str) -> bool:
    """As `accept`, but for codes of the phone alone."""
    plain = _plain(entered)
    return user.totp_secret is not None and _from_phone(plain) and _spend_step(session, act, user, plain)


def codes_left(session: Session, user: User) -> int:
    """How many recovery codes are still good."""
    unused = select(func.count()).select_from(RecoveryCode).filter_by(user_id=user.id, used_at=None)
    return session.scalar(unused) or 0


def _spend_step(session: Session, act: Act, user: User, code: str) -> bool:
    """Two requests with one code wait for each other here, and the second finds it used."""
    session.refresh(user, ["totp_secret", "totp_step"], with_for_update=True)
    step = _step_of(user.totp_secret or "", code, act)
    if step is None or step <= (user.totp_step or 0):
        return False
    user.totp_step = step
    session.flush()
    return True


def _spend_recovery(session: Session, act: Act, user: User, code: str) -> bool:
    found = session.get(RecoveryCode, (user.id, _digest(code)), with_for_update=True)
    if found is None or found.used_at is not None:
        return False
    found.used_at = act.moment
    record_of(session, act, user, "account.recovery")
    return True


def _step_of(secret: str, code: str, act: Act) -> int | None:
    """The step around the moment whose code this is; the newest, should two be alike."""
    present = int(act.moment.timestamp()) // STEP
    phone = pyotp.TOTP(secret, interval=STEP)
    steps = [present + drift for drift in _DRIFT]
    right = [step for step in steps if hmac.compare_digest(phone.generate_otp(step).encode(), code.encode())]
    return max(right, default=None)


def _fresh_codes(session: Session, user: User) -> tuple[str, ...]:
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    codes = tuple(_code() for _ in range(CODES))
    session.add_all(RecoveryCode(user_id=user.id, digest=_digest(_plain(code))) for code in codes)
    session.flush()
    return codes


def _code() -> str:
    return "-".join("".join(secrets.choice(_SIGNS) for _ in range(_GROUP)) for _ in range(_GROUPS))


def _from_phone(plain: str) -> bool:
    return plain.isascii() and plain.isdigit()


def _plain(entered: str) -> str:
    """As it was meant: without the spaces and hyphens that make it readable."""
    return "".join(entered.split()).replace("-", "").lower()


def _digest(code: str) -> str:
    return hashlib.sha256(code.encode()).hexdigest()
