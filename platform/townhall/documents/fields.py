"""Values as they stand on paper: in the wanted script, written out once, with every blank remembered."""

import datetime as dt
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from provisioning.specs import Blank, Duration, Regime
from townhall.documents.errors import DocumentError, UnfilledBlank
from townhall.script import to_script

_PLACEHOLDER = re.compile(r"\{([a-z0-9_-]+)\}")


@dataclass
class Pen:
    """Writes canonical values in one script and notes the labels of the blanks it meets.

    `names` maps place names to their stored Simplified form. A blank is written as 〔待填：…〕.
    """

    script: str
    names: Mapping[str, str]
    missing: list[str] = field(default_factory=list)

    def text(self, value: str | None) -> str:
        return to_script(value, self.script, self.names) if value else ""

    def lines(self, values: Iterable[str]) -> list[str]:
        return [self.text(value) for value in values]

    def fill(self, value: str | Blank | None, label: str) -> str:
        """A field that may still be blank; `label` is what the reader calls it."""
        return self.gap(value, label) if isinstance(value, Blank) else self.text(value)

    def gap(self, blank: Blank, label: str) -> str:
        if label not in self.missing:
            self.missing.append(label)
        return self.text(f"〔待填：{blank.blank}〕")

    def limit(self, value: Duration | Blank | None, label: str) -> str:
        """A time limit in words, empty when the item has none of this kind."""
        if isinstance(value, Blank):
            return self.gap(value, label)
        return self.text(duration(value)) if value else ""

    def check(self) -> None:
        """Raise `UnfilledBlank` naming every blank met so far."""
        if self.missing:
            raise UnfilledBlank(tuple(self.missing))


def duration(limit: Duration, on_the_spot: str = "當場辦結") -> str:
    """A time limit as a reader says it: 當場辦結, or 5個工作日."""
    return on_the_spot if limit.immediate else f"{limit.days}個{limit.unit.value}"


def day(date: dt.date) -> str:
    """A date as GB/T 9704-2012 writes it: 2026年3月1日, months and days without a leading zero."""
    return f"{date.year}年{date.month}月{date.day}日"


def year_mark(date: dt.date) -> str:
    """The year in the number of a document (GB/T 9704-2012, 7.2.5): 〔2026〕."""
    return f"〔{date.year}〕"


def substitute(text: str, values: Mapping[str, str]) -> str:
    """`{name}` replaced by its value. Raises `DocumentError` for a name that has none."""

    def value(found: re.Match[str]) -> str:
        if found[1] not in values:
            raise DocumentError(f"「{text}」中的「{{{found[1]}}}」沒有對應的數值")
        return values[found[1]]

    return _PLACEHOLDER.sub(value, text)


def parameters(regime: Regime) -> dict[str, str]:
    """The numbers of a regime with their units, by key."""
    return {parameter.key: f"{parameter.value}{parameter.unit}" for parameter in regime.parameters}
