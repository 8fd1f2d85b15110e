"""The language of the texts that townships write into documents: the smallest piece of Jinja that is of use.

Words, `{{ parameter }}` and `{% if parameter %} … {% else %} … {% endif %}`, also `{% if not parameter %}`. There are no
loops, calls, filters, operators, attributes and comments in it, so there is nothing to escape through and nothing to
exhaust: what comes out is at most as long as what went in plus one value for each place that mentions one.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

DEEPEST = 3  # choices within choices

UNKNOWN = "沒有「{name}」這個參數，可用的參數見列表"
NO_NAME = "{{{{ }}}} 中只能寫一個參數的名稱，不能寫「{written}」"
NO_ORDER = "{{% %}} 中只能寫 if 參數、if not 參數、else 或 endif，不能寫「{written}」"
STRAY = "單獨的「{mark}」：參數要寫成 {{{{ 參數 }}}}，條件要寫成 {{% if 參數 %}}"
NOT_OPEN = "「{written}」之前沒有對應的 if"
NOT_CLOSED = "這個 if 沒有對應的 endif"
SECOND_ELSE = "一個 if 只能有一個 else"
TOO_DEEP = "條件最多套 {deepest} 層"

_TAG = re.compile(r"\{\{(?P<value>[^{}]*)\}\}|\{%(?P<order>[^{}%]*)%\}|(?P<stray>[{}])")
_NAME = re.compile(r"\w+")
_ORDER = re.compile(r"(?P<if>if)\s+(?P<not>not\s+)?(?P<name>\w+)|(?P<else>else)|(?P<endif>endif)")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong, at a line and a column counted from 1; `words` with its `values` is a Chinese sentence."""

    line: int
    column: int
    words: str
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def sentence(self) -> str:
        return f"第 {self.line} 行第 {self.column} 字：{self.words.format(**self.values)}"


class BadPart(ValueError):
    """A text that is not in the language, with every fault found in it."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("；".join(fault.sentence for fault in faults))


@dataclass(frozen=True, slots=True)
class Words:
    """Text that stands as it was written."""

    text: str


@dataclass(frozen=True, slots=True)
class Value:
    """The place of a parameter."""

    key: str


@dataclass(frozen=True, slots=True)
class Choice:
    """What stands when a parameter has a value (`wanted`) or has none, and what stands otherwise."""

    key: str
    wanted: bool
    then: tuple["Node", ...]
    otherwise: tuple["Node", ...]


Node = Words | Value | Choice


@dataclass
class _Open:
    """A choice whose end has not come yet."""

    at: int
    key: str = ""
    wanted: bool = True
    then: list[Node] = field(default_factory=list)
    otherwise: list[Node] | None = None

    def add(self, node: Node) -> None:
        (self.then if self.otherwise is None else self.otherwise).append(node)

    def closed(self) -> Choice:
        return Choice(self.key, self.wanted, tuple(self.then), tuple(self.otherwise or ()))


class _Reader:
    """One reading of one text."""

    def __init__(self, text: str, names: Mapping[str, str]) -> None:
        self.text, self.names = text, names
        self.faults: list[Fault] = []
        self.open = [_Open(0)]  # the first is the text itself

    def read(self) -> tuple[Node, ...]:
        end = 0
        for tag in _TAG.finditer(self.text):
            self._words(self.text[end : tag.start()])
            self._tag(tag)
            end = tag.end()
        self._words(self.text[end:])
        for left in self.open[1:]:
            self._fault(left.at, NOT_CLOSED)
        if self.faults:
            raise BadPart(self.faults)
        return tuple(self.open[0].then)

    def _words(self, text: str) -> None:
        if text:
            self.open[-1].add(Words(text))

    def _tag(self, tag: re.Match[str]) -> None:
        if tag["stray"]:
            self._fault(tag.start(), STRAY, mark=tag["stray"])
        elif tag["value"] is not None:
            self._value(tag.start(), tag["value"].strip())
        else:
            self._order(tag.start(), tag["order"].strip())

    def _value(self, at: int, words: str) -> None:
        if not _NAME.fullmatch(words):
            self._fault(at, NO_NAME, written=words)
        elif (key := self._key(at, words)) is not None:
            self.open[-1].add(Value(key))

    def _order(self, at: int, words: str) -> None:
        order = _ORDER.fullmatch(words)
        if order is None:
            self._fault(at, NO_ORDER, written=words)
        elif order["if"]:
            self._if(at, order)
        elif len(self.open) == 1:
            self._fault(at, NOT_OPEN, written=words)
        elif order["else"]:
            self._else(at)
        else:
            choice = self.open.pop().closed()
            self.open[-1].add(choice)

    def _if(self, at: int, order: re.Match[str]) -> None:
        if len(self.open) > DEEPEST:
            self._fault(at, TOO_DEEP, deepest=DEEPEST)
        self.open.append(_Open(at, self._key(at, order["name"]) or "", not order["not"]))

    def _else(self, at: int) -> None:
        if self.open[-1].otherwise is not None:
            self._fault(at, SECOND_ELSE)
        self.open[-1].otherwise = []

    def _key(self, at: int, name: str) -> str | None:
        if name not in self.names:
            self._fault(at, UNKNOWN, name=name)
        return self.names.get(name)

    def _fault(self, at: int, words: str, **values: Any) -> None:
        before = self.text[:at]
        column = at - (before.rfind("\n") + 1) + 1
        self.faults.append(Fault(before.count("\n") + 1, column, words, values))


def parsed(text: str, names: Mapping[str, str]) -> tuple[Node, ...]:
    """A text taken apart; `names` gives the key of everything that it may mention.

    Raises `BadPart` with every fault.
    """
    return _Reader(text, names).read()


def mentioned(nodes: tuple[Node, ...]) -> Iterator[str]:
    """The keys of all that is mentioned, also in a condition."""
    for node in nodes:
        if isinstance(node, Value | Choice):
            yield node.key
        if isinstance(node, Choice):
            yield from mentioned((*node.then, *node.otherwise))


def jinja(nodes: tuple[Node, ...], words: Callable[[str], str]) -> str:
    """The same as a template with the keys for names; every text between goes through `words`."""
    return "".join(_written(node, words) for node in nodes)


def _written(node: Node, words: Callable[[str], str]) -> str:
    match node:
        case Words(text):
            return words(text)
        case Value(key):
            return f"{{{{ {key} }}}}"
        case Choice(key, wanted, then, otherwise):
            asked = key if wanted else f"not {key}"
            branches = f"{jinja(then, words)}{{% else %}}{jinja(otherwise, words)}"
            return f"{{% if {asked} %}}{branches}{{% endif %}}"
