"""Where two configurations differ, as data: by key and field, never by position (rule C7)."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from provisioning.canonical import canonical
from provisioning.specs import CentreSpec, Keyed
from provisioning.specs.centre import COLLECTIONS, MANUAL, RECORDS

# Presence of a whole item, and the order of a collection, are compared like fields of these names.
ITEM, ORDER = "*", "order"


@dataclass(frozen=True, slots=True)
class Difference:
    """One path where `before` and `after` differ, both in canonical form; None stands for absent."""

    section: str
    key: str | None
    field: str
    before: Any
    after: Any

    @property
    def path(self) -> str:
        """The path as policies write it, e.g. `items[zhou:x].promised_limit`."""
        place = f"{self.section}[{self.key}]" if self.key else self.section
        return place if self.field == ITEM else f"{place}.{self.field}"


def differences(before: CentreSpec, after: CentreSpec) -> Iterator[Difference]:
    """Every difference, sections in the order of the schema, items in the order of `before`, then new ones."""
    if before is after:
        return
    for section in RECORDS:
        yield from _record(section, getattr(before, section), getattr(after, section))
    for section in COLLECTIONS:
        yield from _collection(section, getattr(before, section), getattr(after, section))


def _record(section: str, before: Any, after: Any) -> Iterator[Difference]:
    if before == after:
        return
    if not hasattr(type(before), "model_fields"):
        yield Difference(section, None, ITEM, before, after)
        return
    yield from _fields(section, None, before, after)


def _collection(section: str, before: tuple[Keyed, ...], after: tuple[Keyed, ...]) -> Iterator[Difference]:
    old, new = {item.key: item for item in before}, {item.key: item for item in after}
    for key, item in old.items():
        if key not in new:
            yield Difference(section, key, ITEM, canonical(item), None)
        elif item is not new[key] and item != new[key]:
            yield from _fields(section, key, item, new[key])
    for key, item in new.items():
        if key not in old:
            yield Difference(section, key, ITEM, None, canonical(item))
    if section in MANUAL:
        yield from _order(section, list(old), list(new))


def _fields(section: str, key: str | None, before: Any, after: Any) -> Iterator[Difference]:
    for field in type(before).model_fields:
        old, new = getattr(before, field), getattr(after, field)
        if old != new:
            yield Difference(section, key, field, canonical(old), canonical(new))


def _order(section: str, before: list[str], after: list[str]) -> Iterator[Difference]:
    """Reported only when the order is not what removals and additions at the end explain by themselves."""
    expected = [key for key in before if key in after] + [key for key in after if key not in before]
    if expected != after:
        yield Difference(section, None, ORDER, before, after)


def patched(centre: CentreSpec, changes: list[list[Any]]) -> CentreSpec:
    """The configuration that `changes` ([section, key, field, after] each) describe relative to `centre`.

    `patched(a, delta(a, b)) == b` for any two configurations.
    """
    raw: dict[str, Any] = dict(centre)
    for section, key, field, after in changes:
        raw[section] = _with(section, raw[section], key, field, after)
    return CentreSpec.model_validate(raw)


def delta(before: CentreSpec, after: CentreSpec) -> list[list[Any]]:
    """The differences as plain JSON lists, to be stored beside a revision."""
    return [[d.section, d.key, d.field, d.after] for d in differences(before, after)]


def _with(section: str, value: Any, key: str | None, field: str, after: Any) -> Any:
    if key is None and field == ITEM:
        return after
    if key is None and field == ORDER:
        return tuple(sorted(value, key=lambda item: after.index(item.key)))
    if key is None:
        return type(value).model_validate({**dict(value), field: after})
    if field == ITEM and after is None:
        return tuple(item for item in value if item.key != key)
    if field == ITEM:
        return (*value, COLLECTIONS[section].model_validate(after))
    return tuple(_field_set(item, field, after) if item.key == key else item for item in value)


def _field_set(item: Keyed, field: str, after: Any) -> Keyed:
    """Validated anew; a field that is absent in canonical form falls back to its default."""
    raw = {**dict(item), field: after}
    if after is None:
        raw.pop(field)
    return type(item).model_validate(raw)
