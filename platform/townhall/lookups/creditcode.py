"""The unified social credit code of GB 32100-2015: 18 signs, the last of which is computed from the others."""

import re
import unicodedata

_SIGNS = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I, O, S, V, Z  # pragma: allowlist secret
_SHAPE = re.compile(rf"[{_SIGNS}]{{2}}[0-9]{{6}}[{_SIGNS}]{{10}}")


def tidied(text: str) -> str:
    """A code as it is kept: capitals, no spaces, no full-width signs."""
    return "".join(unicodedata.normalize("NFKC", text).upper().split())


def check_sign(code: str) -> str:
    """The 18th sign that belongs to the first 17. Raises `ValueError` for a sign no code has."""
    total = sum(_SIGNS.index(sign) * pow(3, place, 31) for place, sign in enumerate(code[:17]))
    return _SIGNS[-total % 31]


def is_credit_code(code: str) -> bool:
    """Whether a tidied code has the right shape and the right last sign."""
    return _SHAPE.fullmatch(code) is not None and check_sign(code) == code[17]
