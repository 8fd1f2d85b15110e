"""The three languages of the interface. What is written in the code is Traditional Chinese.

Simplified is converted from it, English comes from `translations/en.po`. Data of a centre follows the script and
is never translated; names of places and people are stored in both scripts and never converted (domain 2.7).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType

from babel.messages.pofile import read_po
from flask import g, request

from townhall.script import HANS, HANT, to_script

COOKIE = "language"
CATALOGUE = Path(__file__).parent / "translations" / "en.po"


@dataclass(frozen=True, slots=True)
class Language:
    """`script` is that of data; English readers see data in the canonical script."""

    code: str
    tag: str
    name: str
    script: str


LANGUAGES: Mapping[str, Language] = MappingProxyType(
    {
        "hant": Language("hant", "zh-Hant", "繁體", HANT),
        "hans": Language("hans", "zh-Hans", "简体", HANS),
        "en": Language("en", "en", "English", HANT),
    }
)
# What browsers ask for, in the order in which they are matched.
_ASKED = {"zh-hant": "hant", "zh-tw": "hant", "zh-hk": "hant", "zh-mo": "hant", "zh-hans": "hans"}
_ASKED |= {"zh-cn": "hans", "zh-sg": "hans", "zh": "hans", "en": "en"}


def current() -> Language:
    """The language of this request: the one chosen, else the one that the browser asks for, else Traditional."""
    if "language" not in g:
        chosen = request.cookies.get(COOKIE, "")
        g.language = LANGUAGES[chosen if chosen in LANGUAGES else _preferred()]
    language: Language = g.language
    return language


def _preferred() -> str:
    for tag, _ in request.accept_languages:
        low = tag.lower()
        for asked, code in _ASKED.items():
            if low == asked or low.startswith(f"{asked}-"):
                return code
    return "hant"


@cache
def catalogue() -> Mapping[str, str]:
    """English by the Traditional text; entries without a translation are left out."""
    with CATALOGUE.open("rb") as file:
        return {str(entry.id): str(entry.string) for entry in read_po(file) if entry.id and entry.string}


def translate(text: str, **values: object) -> str:
    """A text of the interface in the reader's language; `values` are put in as they are, after converting."""
    language = current()
    shown = catalogue().get(text, text) if language.code == "en" else to_script(text, language.script)
    return shown.format(**values) if values else shown


def data(text: object) -> str:
    """A text of the configuration in the reader's script."""
    return to_script(str(text), current().script)


def msgid(text: str) -> str:
    """Mark a text for the catalogue where it is written; it is translated where it is shown."""
    return text
