"""Canonical form and content hash (rule A8), and the difference between two configurations as data."""

import hashlib
import json
import unicodedata
from collections.abc import Iterator
from typing import Any
from weakref import WeakValueDictionary

from pydantic import BaseModel

from provisioning.memory import Remembered
from provisioning.specs.centre import COLLECTIONS, MANUAL, CentreSpec
from provisioning.specs.values import Keyed


def canonical(value: Any) -> Any:
    """A value as plain JSON types in canonical order: NFC texts, sorted sets, keyed collections by key.

    Collections ordered by hand stay in their order (rule D1). Fields that are None are left out, so that an
    absent value and an empty one are the same state (rule C6).
    """
    # Most values are these; to ask whether they are models costs more than all the rest.
    if type(value) is str:
        return unicodedata.normalize("NFC", value)
    if value is None or type(value) is int:
        return value
    if isinstance(value, BaseModel):
        fields = ((name, _field(name, getattr(value, name))) for name in type(value).model_fields)
        return {name: inner for name, inner in fields if inner is not None}
    if isinstance(value, tuple | list):
        return [canonical(inner) for inner in value]
    if isinstance(value, frozenset):
        return sorted(canonical(inner) for inner in value)
    if isinstance(value, dict):
        return {str(key): canonical(inner) for key, inner in value.items()}
    return _scalar(value)


def _field(name: str, value: Any) -> Any:
    plain = canonical(value)
    by_key = isinstance(plain, list) and plain and isinstance(plain[0], dict) and "key" in plain[0]
    if by_key and name not in MANUAL and name not in _INNER_MANUAL:
        return sorted(plain, key=lambda item: item["key"])
    return None if plain == [] else plain


# Read from top to bottom: what is inside an item, and the lists of a pack.
_INNER_MANUAL = frozenset(
    {"materials", "steps", "questions", "parameters", "articles"}
    | {"documents", "checks", "milestones", "sources"}
)


def _scalar(value: Any) -> Any:
    if isinstance(value, str):
        return unicodedata.normalize("NFC", str(value))
    return value.isoformat() if hasattr(value, "isoformat") else value


def canonical_text(value: Any) -> str:
    """The one text of a value: keys sorted, no insignificant white space, UTF-8 characters as they are."""
    if isinstance(value, CentreSpec):
        return "".join(_centre_text(value))
    return json.dumps(canonical(value), ensure_ascii=False, sort_keys=True, separators=(",", ":"))


# The same text as of the whole at once, but what the standard's own items say is written once for all townships.
_item_text = Remembered(canonical_text)


def _centre_text(centre: CentreSpec) -> Iterator[str]:
    separator = "{"
    for section in sorted(CentreSpec.model_fields):
        value = getattr(centre, section)
        if section not in COLLECTIONS:
            text = canonical_text(value)
        elif value:
            items = value if section in MANUAL else sorted(value, key=lambda item: item.key)
            text = f"[{','.join(map(_item_text, items))}]"
        else:
            continue
        yield f'{separator}"{section}":{text}'
        separator = ","
    yield "}"


_KNOWN: WeakValueDictionary[tuple[type[Keyed], str], Keyed] = WeakValueDictionary()


def shared(centre: CentreSpec) -> CentreSpec:
    """The same centre with the very items of another one that is held, wherever they say the same.

    A release says of most items what the one before it said. Sharing them, nothing compares them any more.
    """
    sections = {name: tuple(map(_known, getattr(centre, name))) for name in COLLECTIONS}
    return centre.model_copy(update=sections)


def _known(item: Keyed) -> Keyed:
    found = _KNOWN.setdefault((type(item), _item_text(item)), item)
    return found if found == item else item


def content_hash(value: Any) -> str:
    """`sha256` of the canonical text, in hexadecimal (rule A8)."""
    return hashlib.sha256(canonical_text(value).encode()).hexdigest()
