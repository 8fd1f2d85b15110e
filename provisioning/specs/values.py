"""The scalars that packs are made of: keys, texts, durations and explicit blanks."""

import datetime as dt
import re
import unicodedata
from enum import StrEnum
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    StringConstraints,
    Tag,
)
from pydantic.types import StrictBool, StrictInt
from pydantic_core import PydanticCustomError

T = TypeVar("T")

# Rule A3: namespaced by the creating layer, opaque, never reused.
Key = Annotated[
    str,
    StringConstraints(
        pattern=r"^(zhou|xian:[0-9]{6}|xiang:[0-9]{9}):[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=80
    ),
]
Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9]+(?:-[a-z0-9]+)*$", max_length=60)]


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f\ud800-\udfff]")


def has_control_characters(text: str) -> bool:
    """Whether a text holds what no paper shows and PostgreSQL does not store; tab and line feed are allowed."""
    return _CONTROL.search(text) is not None


def _clean(text: str) -> str:
    """NFC, so that equal texts are equal values wherever they come from (rule A8)."""
    if has_control_characters(text):
        raise PydanticCustomError("control_character", "control character")
    return unicodedata.normalize("NFC", text)


def _up_to(longest: int) -> StringConstraints:
    return StringConstraints(min_length=1, max_length=longest, strip_whitespace=True)


_CLEAN = AfterValidator(_clean)
# Lengths in characters. What a database column holds is bounded by the column (a test compares them).
Text = Annotated[str, _up_to(20_000), _CLEAN]
Title = Annotated[str, _up_to(120), _CLEAN]
Wording = Annotated[str, _up_to(600), _CLEAN]
Name = Annotated[str, _up_to(60), _CLEAN]
Label = Annotated[str, _up_to(30), _CLEAN]
Measure = Annotated[str, _up_to(12), _CLEAN]
TemplateText = Annotated[str, _CLEAN]
Colour = Annotated[str, StringConstraints(pattern=r"^#[0-9a-f]{6}$")]
Millimetres = Annotated[StrictInt, Field(ge=0, le=200_000)]
Positive = Annotated[StrictInt, Field(ge=1, le=1_000_000)]
Count = Annotated[StrictInt, Field(ge=0, le=10_000)]
Fen = Annotated[StrictInt, Field(ge=0, le=2**63 - 1)]
Flag = StrictBool


class Spec(BaseModel):
    """A value: frozen, closed (unknown keys are faults), equal by content."""

    model_config = ConfigDict(extra="forbid", frozen=True, ser_json_bytes="utf8")


class Keyed(Spec):
    """An item of a keyed collection; `key` is its identity, everything else an ordinary field (rule A3)."""

    key: Key


class Part(Spec):
    """An item of a collection inside an item; its key is unique in that collection only."""

    key: Slug


class Blank(Spec):
    """An explicit gap: `blank` says what is missing and who fills it. It blocks printing, not merging."""

    blank: Text


def _branch(value: Any) -> str:
    return "blank" if isinstance(value, Blank) or (isinstance(value, dict) and "blank" in value) else "value"


# Told apart by the value itself, so that a fault is reported once and not once for each alternative.
Fillable = Annotated[Annotated[T, Tag("value")] | Annotated[Blank, Tag("blank")], Discriminator(_branch)]


def is_blank(value: Any) -> bool:
    """Whether a field still waits to be filled."""
    return isinstance(value, Blank)


class DayUnit(StrEnum):
    WORKING = "工作日"
    CALENDAR = "自然日"


class Duration(Spec):
    """A time limit with its unit (rule A7); `days: 0` means done on the spot (當場辦結)."""

    days: Annotated[StrictInt, Field(ge=0, le=3650)]
    unit: DayUnit = DayUnit.WORKING

    @property
    def immediate(self) -> bool:
        return self.days == 0


class UnitKind(StrEnum):
    """Kinds of township-level units, in the canonical script."""

    TOWN = "鎮"
    TOWNSHIP = "鄉"
    STREET = "街道"


def _no_number(value: Any) -> Any:
    """A number is not a date, although seconds since 1970 could be read as one."""
    if isinstance(value, int | float):
        raise PydanticCustomError("date_type", "date")
    return value


Day = Annotated[dt.date, BeforeValidator(_no_number)]


def _as_frozenset(value: Any) -> Any:
    """Only a list of distinct scalars is a set; what else it may be is left for the schema to refuse."""
    if not isinstance(value, list) or not all(isinstance(member, str | int) for member in value):
        return value
    return frozenset(value) if len(set(value)) == len(value) else value


# A set of scalars (kind `set` of rule A2). A list that names one member twice is a fault, not a set.
Members = Annotated[frozenset[T], BeforeValidator(_as_frozenset)]
