"""The township that does not exist: a centre whose names are rare ideographs and whose numbers are other digits."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import count, cycle, islice
from typing import Any

from provisioning.naming import bare
from provisioning.specs import Profile
from townhall.documents.commission import Issue, UnitFacts
from townhall.documents.fields import Pen, day, year_mark
from townhall.documents.production import Binder
from townhall.documents.stamping.slots import DIGIT, HAN, Slot

# Rare ideographs of both national sets, each the same in both scripts. Where a page bears one of them all the same, and
# not in the place of a slot, it is laid out by itself.
IDEOGRAPHS = (
    "亍亓仉佶偈龠阽邙郗酆圪垌埽艿芮茌茯荽萆葳蒡蓼藜抻捭搋擗呦喏喈嗍囔"
    "屺崮嶷狒猞庀忉怊慊沭浯湫溟濉褰逡屣婺孥珩璐柃桴椹槊檎戥旰暌掰氚胍"
    "腧欹旒煸祛恚砬碇礤眢町罾稹痤瘙翊衲褙虍蚺蜞蝥螵蠛笸筲篪舯艨粼綮酏"
)
_DIGITS = "738291645091827364556473829100918273"
NINE = 9  # above it, a number takes two digits
PHONES = ("hotline", "complaint_phone")


class NoDisguise(Exception):
    """Somebody's texts cannot be replaced: the reason in Chinese."""


@dataclass(frozen=True)
class Disguise:
    """A centre with the texts of the township that does not exist, and which those are."""

    other: Binder
    slots: tuple[Slot, ...]


def disguised(binder: Binder, script: str) -> Disguise:
    """A centre in disguise, for papers in one script."""
    making = _Making(Pen(script, binder.unit.names))
    unit = making.unit(binder.unit)
    profile = making.profile(binder.centre.profile)
    issue = making.issue(binder.issue)
    other = replace(
        binder,
        unit=unit,
        centre=binder.centre.model_copy(update={"profile": profile}),
        issue=issue,
    )
    return Disguise(other, tuple(making.slots))


class _Making:
    """Takes ideographs from the list, each once."""

    def __init__(self, pen: Pen) -> None:
        self._pen = pen
        self._ideographs: Iterator[str] = iter(IDEOGRAPHS)
        self._numbers = count()
        self.slots: list[Slot] = []

    def _slot(self, name: str, value: str, sentinel: str, *, numeric: bool) -> str:
        """Raises `NoDisguise` where a text would stand for itself: it would be taken for everybody's."""
        slot = Slot(name, value, sentinel, numeric)
        same = [value[place] == sentinel[place] for place in slot.replaced]
        if all(same) if numeric and same else any(same):
            raise NoDisguise(f"「{value}」與代用的文字相同")
        self.slots.append(slot)
        return sentinel

    def _words(self, name: str, value: str) -> str:
        wanted = len(HAN.findall(value))
        others = iter([*islice(self._ideographs, wanted)])
        try:
            return self._slot(name, value, HAN.sub(lambda _: next(others), value), numeric=False)
        except StopIteration:
            raise NoDisguise(f"「{value}」太長") from None

    def _digits(self, name: str, value: str) -> str:
        """The same for all of one shape, but for whoever has just that number."""
        start = next(self._numbers) * 7 % len(_DIGITS)
        made = (_numbered(value, start + step) for step in (0, 1))
        return self._slot(
            name, value, next(one for one in made if one != value or not DIGIT.search(value)), numeric=True
        )

    def unit(self, unit: UnitFacts) -> UnitFacts:
        """Its names in the script of the papers and its code."""
        names: dict[str, Any] = {}
        for field in ("name", "county"):
            written, stored = bare(self._pen.text(getattr(unit, field))), getattr(unit, field)
            other = self._words(field, written)
            names[field] = other + stored[len(bare(stored)) :]
            hans = getattr(unit, f"{field}_hans")
            names[f"{field}_hans"] = other + hans[len(bare(hans)) :]
        code = self._digits("code", unit.code9)
        return replace(unit, **names, code=code + unit.code[9:])

    def profile(self, profile: Profile) -> Profile:
        """Its numbers and its address; what is still blank stays so."""
        found = {name: value for name in PHONES if isinstance(value := getattr(profile, name), str)}
        texts = {name: self._digits(name, self._pen.text(value)) for name, value in found.items()}
        if isinstance(profile.address, str):
            texts["address"] = self._words("address", self._pen.text(profile.address))
        return profile.model_copy(update=texts)

    def issue(self, issue: Issue) -> Issue:
        """A day whose month and day have as many digits, and a number."""
        month = 12 if issue.date.month > NINE else 8
        date = dt.date(9764, month, 28 if issue.date.day > NINE else 6)
        self._slot("date", day(issue.date), day(date), numeric=True)
        self._slot("year", year_mark(issue.date), year_mark(date), numeric=True)
        return replace(issue, date=date, number=self._digits("number", issue.number))


def _numbered(value: str, start: int) -> str:
    digits = cycle(_DIGITS[start:] + _DIGITS[:start])
    return DIGIT.sub(lambda _: next(digits), value)
