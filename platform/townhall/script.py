"""The two scripts of one text, and the folded form that a search compares (domain 2.7).

Canonical text is Traditional. Simplified is OpenCC `t2s`, which merges many forms into one and so loses nothing,
plus the few words it gets wrong. Names of places and people are stored in both forms and never converted.
"""

import re
import unicodedata
from collections.abc import Mapping
from functools import cache, lru_cache
from types import MappingProxyType

from opencc import OpenCC

HANT = "hant"
HANS = "hans"
SCRIPTS = (HANT, HANS)
LANGUAGES = MappingProxyType({HANT: "zh-Hant", HANS: "zh-Hans"})

_NO_NAMES: Mapping[str, str] = MappingProxyType({})
# t2s keeps every 著. It is right in words read zhù (顯著, 著作); everywhere else Simplified writes 着.
_ZHU_AFTER = "顯显卓昭土原名論论專专巨譯译編编遺遗合拙較较"
_ZHU_BEFORE = "作名者書书述錄录稱称譯译論论有"
# These win over the words above: 三名著手辦理, 草原著火, 隨著名單.
_ZHE = "(?<=[隨随沿接跟順顺按憑凭帶带])著|著(?=[力手眼重想急落陸陆實实裝装火涼凉色])"
_ZHU = f"(?<=[{_ZHU_AFTER}])著|著(?=[{_ZHU_BEFORE}])"
_READ = re.compile(f"(?P<zhe>{_ZHE})|(?P<zhu>{_ZHU})|著")
_WORDS = {
    "覆核": "复核",
    "覆查": "复查",
    "規畫": "规划",
    "身分證": "身份证",
    "身分证": "身份证",
    "规画": "规划",
}
_MARKS = str.maketrans({"臵": "置", "「": "“", "」": "”", "『": "‘", "』": "’"})


@cache
def _t2s() -> OpenCC:
    return OpenCC("t2s")


def to_script(text: str, script: str, names: Mapping[str, str] = _NO_NAMES) -> str:
    """Canonical text in a script, `hant` or `hans`.

    `names` maps names of places and people to their stored Simplified form; wherever one stands in the text it is
    replaced by that form and not converted. Raises `ValueError` for an unknown script.
    """
    if script == HANT:
        return text
    if script != HANS:
        raise ValueError(f"未知的字體變體：{script}")
    parts = _around(text, frozenset(names)) if names else [text]
    return "".join(names[part] if part in names else _simplified(part) for part in parts)


def fold(text: str) -> str:
    """The form under which searches compare: half width, Simplified, without case, 臵 read as 置."""
    return _simplified(unicodedata.normalize("NFKC", text)).casefold()


def _around(text: str, names: frozenset[str]) -> list[str]:
    """The text cut at every name, names included, longest names first."""
    return _cutter(names).split(text)


@lru_cache(maxsize=512)
def _cutter(names: frozenset[str]) -> re.Pattern[str]:
    longest = sorted(names, key=lambda name: (-len(name), name))
    return re.compile("(" + "|".join(map(re.escape, longest)) + ")")


@lru_cache(maxsize=8192)
def _simplified(text: str) -> str:
    converted = _t2s().convert(text.translate(_MARKS))
    for wrong, right in _WORDS.items():
        converted = converted.replace(wrong, right)
    return _READ.sub(lambda found: "著" if found["zhu"] else "着", converted)
