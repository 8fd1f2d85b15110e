"""The seed of a second factor between the page that shows it and the code that proves a phone has learnt it.

It lies in the person's own signed cookie meanwhile: the database knows nothing of what was never confirmed.
"""

from dataclasses import dataclass

import segno
from flask import session

from townhall.accounts import second_factor
from townhall.web.guards import reader
from townhall.web.language import msgid, translate

FIELD = "seed"
ISSUER = msgid("便民服務中心平台")
GROUP = 4  # signs that are read together


@dataclass(frozen=True, slots=True)
class Seed:
    """A seed as text, and its picture as the `data:` address of an SVG."""

    secret: str
    picture: str

    @property
    def spelled(self) -> str:
        """The text in groups, for those who type it."""
        return " ".join(self.secret[at : at + GROUP] for at in range(0, len(self.secret), GROUP))


def renew() -> None:
    """Make a seed."""
    session[FIELD] = second_factor.fresh_secret()


def seed() -> Seed | None:
    """The seed that is waiting for its first code, or None."""
    secret = session.get(FIELD)
    if not isinstance(secret, str) or reader().totp_secret is not None:
        return None
    address = second_factor.address_of(reader(), secret, translate(ISSUER))
    code = segno.make(address, error="m", micro=False)
    return Seed(secret, code.svg_data_uri(border=2, dark="#000", light="#fff"))


def forget() -> None:
    """Drop the seed: it was confirmed, or given up."""
    session.pop(FIELD, None)
