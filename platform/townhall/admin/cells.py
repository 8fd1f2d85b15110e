"""What stands in a cell: words in the reader's language, or a mark that says a state with a word and a sign."""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask_admin.contrib.sqla.filters import BaseSQLAFilter  # type: ignore[import-untyped]

from townhall.web.language import translate

Formatter = Callable[[Any, Any, Any, str], Any]


@dataclass(frozen=True, slots=True)
class Mark:
    """A state: how it looks, its sign, its word. Colour only repeats what the other two say."""

    look: str
    icon: str
    words: str


def said(words: Mapping[Any, str]) -> Formatter:
    """A cell that says a value by its words."""
    return lambda _view, _context, row, name: translate(words[getattr(row, name)])


def marked(marks: Mapping[Any, tuple[str, str, str]]) -> Formatter:
    """A cell that shows a value by its mark: look, sign and words."""

    def show(_view: Any, _context: Any, row: Any, name: str) -> Mark:
        look, icon, words = marks[getattr(row, name)]
        return Mark(look, icon, translate(words))

    return show


def dated(_view: Any, _context: Any, row: Any, name: str) -> str:
    """A cell with a date."""
    value: dt.date | None = getattr(row, name)
    return value.isoformat() if value else ""


class Choice(BaseSQLAFilter):
    """A filter by one of the few values that a column has; `key` is its name in the address."""

    def __init__(self, column: Any, key: str, name: str, values: Mapping[str, tuple[Any, str]]) -> None:
        super().__init__(column, name)
        self.key, self.values = key, values

    def validate(self, value: str) -> bool:
        """Whether it is one of the values; what is not filters nothing."""
        return value in self.values

    def clean(self, value: str) -> Any:
        """The value in the column of what stands in the address."""
        return self.values[value][0]

    def apply(self, query: Any, value: Any, _alias: Any = None) -> Any:
        """The query with its condition."""
        return query.filter(self.column == value)

    def operation(self) -> str:
        """Flask-Admin asks for a name of what the filter does; there is only one thing."""
        return "="
