"""A pack that extends another: it says only what differs (design, "Template packs")."""

from typing import Any

from provisioning.yamlfile import Path, YamlFile

Sections = dict[str, Any]
Origins = dict[str, list[tuple[YamlFile, Path]]]

_IDENTITY = ("key", "path")


def extend(sections: Sections, origins: Origins, base: Sections, base_origins: Origins) -> None:
    """Complete the sections of a pack from those of the pack it extends, in place.

    Items are matched by key (policies by path): what the pack gives of an item replaces those fields, items of
    its own come after those of the base. Every fault stays in the file where its text was written.
    """
    for name, value in base.items():
        if name == "header":
            continue
        if name not in sections:
            sections[name], origins[name] = value, base_origins[name]
        elif isinstance(value, list) and isinstance(sections[name], list):
            _extend_list(name, sections, origins, value, base_origins[name])
        elif isinstance(value, dict) and isinstance(sections[name], dict):
            sections[name] = {**value, **sections[name]}


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
