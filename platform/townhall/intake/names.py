"""The names that files arrive under. None is ever used as a path; one that is made to be is refused with its file."""

import re
import unicodedata

from townhall.intake.refusals import LONG_NAME, NAME, NO_FILE, Refused

LONGEST = 200  # bytes in UTF-8; file systems stop at 255
# Windows opens a device for these whatever follows the first dot; the superscript digits count as digits.
_DEVICE = re.compile(r"(con|prn|aux|nul|conin\$|conout\$|(com|lpt)[0-9¹²³])\s*(\..*)?", re.IGNORECASE)
_SEPARATORS = frozenset('/\\:*?"<>|')
# Controls, invisible marks such as the right-to-left override, lone surrogates, private use, unassigned.
_UNSEEN = frozenset(("Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"))


def require_plain(name: str) -> None:
    """Raises `Refused` for a name that leads elsewhere, names a device, shows as another, or has no end."""
    if not name:
        raise Refused(NO_FILE)
    if len(name.encode("utf-8", "surrogatepass")) > LONGEST:
        raise Refused(LONG_NAME)
    # Full-width slashes and dots become the plain ones on the way into some file systems.
    for form in (name, unicodedata.normalize("NFKC", name)):
        if _leads_elsewhere(form) or any(unicodedata.category(sign) in _UNSEEN for sign in form):
            raise Refused(NAME)


def _leads_elsewhere(name: str) -> bool:
    return (
        bool(_SEPARATORS & set(name))
        or name.strip(". ") == ""
        or name != name.strip()
        or name.endswith(".")
        or _DEVICE.fullmatch(name) is not None
    )
