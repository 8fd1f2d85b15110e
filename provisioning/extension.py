"""A pack that extends another, or continues it as the next release: it says only what differs (design, "Template packs")."""

from collections.abc import Iterator
from typing import Any

from provisioning.yamlfile import Path, YamlFile

Sections = dict[str, Any]
Origins = dict[str, list[tuple[YamlFile, Path]]]
Finding = tuple[Path, str]

RETIRED = "retired"
_IDENTITY = ("key", "path")


def continues(sections: Sections, base: Sections) -> bool:
    """Whether a pack is a later release of the one it extends: both headers give one identifier."""
    own, old = sections.get("header"), base.get("header")
    return isinstance(own, dict) and isinstance(old, dict) and own.get("id") == old.get("id") is not None


def extend(sections: Sections, origins: Origins, base: Sections, base_origins: Origins) -> Iterator[Finding]:
    """Complete the sections of a pack from those of the pack it extends, in place; gives what it cannot withdraw.

    Items are matched by key (policies by path): what the pack gives of an item replaces those fields, items of
    its own come after those of the base. An item that the pack declares moved is matched at its new key and
    stands where the old one stood. What `retired` lists by section and key is left out. Of a next release the
    header too says only what differs. Every fault stays in the file where its text was written.
    """
    if continues(sections, base):
        sections["header"] = {**base["header"], **sections["header"]}
    base, base_origins = dict(base), dict(base_origins)
    for move in _moves(sections):
        _carry(move, base, base_origins)
    yield from _retire(sections.get(RETIRED), base, base_origins)
    for name, value in base.items():
        if name in {"header", RETIRED}:
            continue
        if name not in sections:
            sections[name], origins[name] = value, base_origins[name]
        elif isinstance(value, list) and isinstance(sections[name], list):
            _extend_list(name, sections, origins, value, base_origins[name])
        elif isinstance(value, dict) and isinstance(sections[name], dict):
            sections[name] = {**value, **sections[name]}


def _moves(sections: Sections) -> Iterator[dict[str, Any]]:
    """The moves of a pack that are well-formed enough to be followed; the others the schema refuses."""
    for move in sections.get("moves") or []:
        lists = [move.get(name) for name in ("origins", "into")] if isinstance(move, dict) else [None]
        if all(isinstance(keys, list) and keys for keys in lists) and isinstance(move.get("section"), str):
            yield move


def _carry(move: dict[str, Any], base: Sections, base_origins: Origins) -> None:
    """Put the targets of a move in the place of its first origin, as copies of it; the origins go."""
    items, places = base.get(move["section"]), base_origins.get(move["section"], [])
    if not isinstance(items, list):
        return
    first = next((item for item in items if _identity(item) == move["origins"][0]), None)
    carried: list[tuple[Any, Any]] = []
    for item, place in zip(items, places, strict=True):
        if item is first and first is not None:
            carried += [({**first, "key": key}, place) for key in move["into"]]
        elif _identity(item) not in move["origins"]:
            carried.append((item, place))
    base[move["section"]] = [item for item, _ in carried]
    base_origins[move["section"]] = [place for _, place in carried]


def _retire(retired: Any, base: Sections, base_origins: Origins) -> Iterator[Finding]:
    """Leave out what a pack withdraws of its base; a key that is not there is a finding at its place."""
    if retired is None:
        return
    if not isinstance(retired, dict):
        yield (RETIRED,), "應由「區段: 鍵的列表」組成"
        return
    for section, keys in retired.items():
        if not isinstance(base.get(section), list):
            yield (RETIRED, section), f"所延續的模板包中沒有「{section}」這個列表"
        elif not isinstance(keys, list):
            yield (RETIRED, section), "應為列表"
        else:
            known = [_identity(item) for item in base[section]]
            yield from (
                ((RETIRED, section, place), f"所延續的模板包的「{section}」中沒有鍵「{key}」，無從取消")
                for place, key in enumerate(keys)
                if key not in known
            )
            _leave_out(section, keys, base, base_origins)


def _leave_out(section: str, keys: list[Any], base: Sections, base_origins: Origins) -> None:
    pairs = zip(base[section], base_origins[section], strict=True)
    left = [(item, place) for item, place in pairs if _identity(item) not in keys]
    base[section], base_origins[section] = [item for item, _ in left], [place for _, place in left]


def _extend_list(
    name: str, sections: Sections, origins: Origins, base: list[Any], base_origins: list[Any]
) -> None:
    own: dict[str, int] = {}
    for place, item in enumerate(sections[name]):
        if identity := _identity(item):
            own.setdefault(identity, place)
    meant, items, places = set(own.values()), [], []
    for item, origin in zip(base, base_origins, strict=True):
        mine = own.pop(_identity(item) or "", None)
        items.append(item if mine is None else {**item, **sections[name][mine]})
        places.append(origin if mine is None else origins[name][mine])
    for place, item in enumerate(sections[name]):
        # One that names the same key a second time stays, to be reported as the duplicate it is.
        if place not in meant or _identity(item) in own:
            items.append(item)
            places.append(origins[name][place])
    sections[name], origins[name] = items, places


def _identity(item: Any) -> str | None:
    if not isinstance(item, dict):
        return None
    return next((str(item[name]) for name in _IDENTITY if name in item), None)
