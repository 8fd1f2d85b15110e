"""Who does what: the value that every operation which writes is given."""

import datetime as dt
import secrets
from dataclasses import dataclass, field, replace

HOST_STAFF = "host"  # the role of the command line and of jobs


def new_correlation() -> str:
    """What ties together all that one request, command or job did."""
    return secrets.token_hex(16)


def visible(text: str) -> str:
    """A text in one line, of signs that can be seen: nothing else is kept by every database and shown by every page."""
    return "".join(sign if sign.isprintable() else " " for sign in text)


@dataclass(frozen=True, slots=True)
class Act:
    """A person in a role, held in a unit, at a moment, for a reason.

    `login` is the account or the name of a program; `role` a role's value or `host`; `held` the 12-digit code of
    the unit in which the role is held, empty for the host's staff; `correlation` 32 hexadecimal digits.
    """

    login: str
    name: str
    role: str
    held: str
    moment: dt.datetime
    reason: str = ""
    correlation: str = field(default_factory=new_correlation)

    def __post_init__(self) -> None:
        object.__setattr__(self, "reason", visible(self.reason))

    @property
    def author(self) -> str:
        """Login and name as revisions keep them, 60 characters at most."""
        return f"{self.login} {self.name}".strip()[:60]

    def because(self, reason: str) -> "Act":
        """The same act with its reason."""
        return replace(self, reason=reason)


def host_act(login: str, moment: dt.datetime, reason: str = "") -> Act:
    """An act of the host's staff: the command line, a job, the demonstration."""
    return Act(login, "", HOST_STAFF, "", moment, reason)
