"""A county's changes laid over the prefecture's centre (rule A1: 州 → 縣)."""

from collections.abc import Iterable, Iterator
from typing import Any

from pydantic import ValidationError

from provisioning.following import Following, followed
from provisioning.labels import FIELD, SECTION
from provisioning.policy import governing, refusal
from provisioning.specs import CentreSpec, Keyed, Overlay, Pack, PolicyRule, Profile
from provisioning.specs.centre import COLLECTIONS
from provisioning.specs.pack import Move
from provisioning.wording import message
from provisioning.yamlfile import Path

Finding = tuple[Path, str]


def lay_over(centre: CentreSpec, overlay: Overlay, moves: Iterable[Move] = ()) -> CentreSpec:
    """The centre with the overlay's changes, removals and additions; the input is not touched.

    `moves` are those of the centre's release: an overlay may have been written on an earlier one. What it says
    of an item that the release has withdrawn says nothing any more.
    """
    overlay = followed(overlay, moves)
    changed: dict[str, Any] = {}
    if overlay.profile:
        changed["profile"] = _patched(centre.profile, overlay.profile)
    for section in {*overlay.change, *overlay.add, *overlay.remove}:
        changed[section] = tuple(_section(centre, overlay, section))
    return centre.model_copy(update=changed)


def written_by(overlay: Overlay, moves: Iterable[Move] = ()) -> Iterator[tuple[str, ...]]:
    """The places that an overlay writes: fields that it changes, items that it adds or removes."""
    overlay = followed(overlay, moves)
    yield from (("profile", field) for field in overlay.profile)
    for section, changes in overlay.change.items():
        yield from ((section, key, field) for key, fields in changes.items() for field in fields)
    for section, keys in overlay.remove.items():
        yield from ((section, key) for key in keys)
    for section, added in overlay.add.items():
        yield from ((section, str(raw["key"])) for raw in added)


def _section(centre: CentreSpec, overlay: Overlay, section: str) -> Iterator[Keyed]:
    changes, removed = overlay.change.get(section, {}), overlay.remove.get(section, ())
    for item in getattr(centre, section):
        if item.key not in removed:
            yield _patched(item, changes[item.key]) if item.key in changes else item
    for raw in overlay.add.get(section, ()):
        yield COLLECTIONS[section].model_validate(raw)


def _patched(value: Any, fields: dict[str, Any]) -> Any:
    """A value with some fields replaced; one that is set to None falls back to its default."""
    raw = {**dict(value), **fields}
    left = {name: raw[name] for name in raw if raw[name] is not None or name not in fields}
    return type(value).model_validate(left)


def overlay_faults(pack: Pack, overlay: Overlay) -> Iterator[Finding]:
    """Everything in an overlay that points nowhere, does not fit, or writes what is locked (rules E2, C5)."""
    to = Following(pack.moves)
    yield from _record_faults(pack, Profile, overlay.profile)
    for section, changes in overlay.change.items():
        for key, fields in changes.items():
            place: Path = ("change", section, key)
            now = to.change(section, {key: fields}) or {key: {}}
            yield from _change_faults(pack, section, now, place)
    for section, keys in overlay.remove.items():
        for index, key in enumerate(keys):
            for key_now in to.keys(section, key):
                yield from _removal_faults(pack, section, index, key_now)
    for section, added in overlay.add.items():
        for index, raw in enumerate(added):
            yield from _addition_faults(pack, overlay, section, index, raw)


def _record_faults(pack: Pack, model: type[Profile], fields: dict[str, Any]) -> Iterator[Finding]:
    for field, value in fields.items():
        yield from _refused(pack.policies, f"profile.{field}", field, value, ("profile", field))
    yield from _misfits(("profile",), model, {**dict(pack.centre.profile), **fields}, set(fields))


def _change_faults(
    pack: Pack, section: str, changes: dict[str, dict[str, Any]], place: Path
) -> Iterator[Finding]:
    """`place` is where the changes were written: under the key of before the moves."""
    if section not in COLLECTIONS:
        yield place[:2], f"沒有「{section}」這個集合"
        return
    standing = {item.key: item for item in getattr(pack.centre, section)}
    for key, fields in changes.items():
        if key not in standing:
            yield place, f"「{section}」中沒有鍵「{key}」"
            continue
        if "key" in fields:
            yield (*place, "key"), "鍵是事項的身份，不得改動"
        for field, value in fields.items():
            yield from _refused(pack.policies, f"{section}[{key}].{field}", field, value, (*place, field))
        merged = {**dict(standing[key]), **fields}
        yield from _misfits(place, COLLECTIONS[section], merged, set(fields))


def _removal_faults(pack: Pack, section: str, index: int, key: str) -> Iterator[Finding]:
    place: Path = ("remove", section, index)
    if section not in COLLECTIONS or key not in {item.key for item in getattr(pack.centre, section)}:
        yield place, f"「{section}」中沒有鍵「{key}」"
        return
    yield from _refused(pack.policies, f"{section}[{key}]", section, None, place)


def _addition_faults(
    pack: Pack, overlay: Overlay, section: str, index: int, raw: dict[str, Any]
) -> Iterator[Finding]:
    place: Path = ("add", section, index)
    if section not in COLLECTIONS:
        yield place, f"沒有「{section}」這個集合"
        return
    key = str(raw.get("key", ""))
    if not key.startswith(f"xian:{overlay.county}:"):
        yield (*place, "key"), f"縣級新增的鍵須以 xian:{overlay.county}: 開頭"
        return
    for field, value in raw.items():
        yield from _refused(pack.policies, f"{section}[{key}].{field}", field, value, (*place, field))
    yield from _misfits(place, COLLECTIONS[section], raw, None)


def _refused(
    rules: tuple[PolicyRule, ...], path: str, field: str, value: Any, place: Path
) -> Iterator[Finding]:
    name = FIELD.get(field, SECTION.get(field, field))
    if text := refusal(governing((rules,), path), name, value):
        yield place, text


def _misfits(place: Path, model: Any, raw: dict[str, Any], fields: set[str] | None) -> Iterator[Finding]:
    try:
        model.model_validate({name: value for name, value in raw.items() if value is not None})
    except ValidationError as error:
        for problem in error.errors(include_url=False):
            if fields is None or problem["loc"][0] in fields:
                yield (*place, *problem["loc"]), message(problem, model.model_fields)
