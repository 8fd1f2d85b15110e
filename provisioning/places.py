"""Places of a centre as people write them: in words, or as policies do (`items[zhou:x].promised_limit`)."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from provisioning.labels import SECTION, part_label
from provisioning.schema import CENTRE, Kind
from provisioning.specs import CentreSpec
from provisioning.specs.centre import COLLECTIONS
from provisioning.telling import Names, place_words
from provisioning.tree import Path, centre_tree, node_at, opened, value_at

_WRITTEN = re.compile(r"^[a-z_]+(?:\[[a-z0-9:-]+\]|\.[a-z_]+)*$")
_STEP = re.compile(r"\[([^\]]+)\]|([a-z_]+)")
_BETWEEN = re.compile(r"[\s〔〕「」的：:，,、]+")
_NEAR, _ALIKE = 5, 0.4


class PlaceUnknown(LookupError):
    """No such place; the message says so in Chinese and names the nearest ones, which `near` has by themselves."""

    def __init__(self, text: str, near: Iterable[str]) -> None:
        self.near = tuple(near)
        hint = f"；相近的有：{'、'.join(self.near)}" if self.near else ""
        super().__init__(f"沒有「{text[:80]}」這個位置{hint}")


def read_place(
    text: str, centres: Iterable[CentreSpec], names: Names, fold: Callable[[str], str] = str
) -> Path:
    """The path that a text means.

    `centres` are those whose items may be named, `names` what items are called that may be gone, `fold` makes
    texts comparable that differ in script. Raises `PlaceUnknown`.
    """
    text = text.strip()
    known = tuple(centres)
    if _WRITTEN.match(text):
        return _written(text, known, names)
    return _worded(text, known, names, fold)


# the written form --------------------------------------------------------------------------------------------


def _written(text: str, centres: tuple[CentreSpec, ...], names: Names) -> Path:
    path = tuple(key or name for key, name in _STEP.findall(text))
    if len(path) == 2 and path[1] == "order" and path[0] in COLLECTIONS:
        path = path[:1]
    try:
        node_at(path)
    except (KeyError, TypeError):
        raise PlaceUnknown(text, _nearest(text, _all_written(centres, names))) from None
    if path[0] in COLLECTIONS and len(path) > 1 and path[:2] not in names:
        raise PlaceUnknown(text, _nearest(text, _all_written(centres, names)))
    return path


def _all_written(centres: tuple[CentreSpec, ...], names: Names) -> list[str]:
    items = [f"{section}[{key}]" for section, key in names]
    fields = [
        f"{item}.{name}" for item in items for name in CENTRE.fields[item.partition("[")[0]].each.fields
    ]
    records = [f"{name}.{field}" for name, node in CENTRE.fields.items() for field in node.fields]
    return [*CENTRE.fields, *records, *items, *fields] if centres else []


# the form in words ---------------------------------------------------------------------------------------------


def _worded(text: str, centres: tuple[CentreSpec, ...], names: Names, fold: Callable[[str], str]) -> Path:
    known = dict(phrases(centres, names))
    folded: dict[str, list[str]] = {}
    for phrase in known:
        for form in (phrase, *_shorter(phrase)):
            folded.setdefault(_bare(form, fold), []).append(phrase)
    found = list(dict.fromkeys(folded.get(_bare(text, fold), ())))
    if len({known[phrase] for phrase in found}) == 1:
        return known[found[0]]
    near = found or [folded[form][0] for form in _nearest(_bare(text, fold), folded)]
    raise PlaceUnknown(text, dict.fromkeys(near))


def phrases(centres: Iterable[CentreSpec], names: Names) -> Iterator[tuple[str, Path]]:
    """Every place in words with its path; what is there now comes last, so that it wins over what is gone."""
    for key in names:
        yield from ((place_words(path, names), path) for path in _of_item(key))
    for centre in centres:
        for path, line in _lines(centre):
            yield place_words(path, names, line), path
    for name, node in CENTRE.fields.items():
        yield (SECTION[name] if node.kind is not Kind.COLLECTION else f"{SECTION[name]}的排列次序"), (name,)
        yield from ((place_words((name, inner), names), (name, inner)) for inner in node.fields)


def _of_item(item: tuple[str, str]) -> Iterator[Path]:
    yield item
    yield from ((*item, name) for name in CENTRE.fields[item[0]].each.fields)


def _lines(centre: CentreSpec) -> Iterator[tuple[Path, str]]:
    """Lines of lists inside items and their fields, with what each is called."""
    tree = centre_tree(centre)
    for section in COLLECTIONS:
        node = CENTRE.fields[section].each
        lists = [name for name, inner in node.fields.items() if inner.kind is Kind.COLLECTION]
        for key, item in (tree[section] if lists else {}).items():
            for name in lists:
                for part, line in ((opened(node, item) or {}).get(name) or {}).items():
                    yield from _of_line((section, key, name, part), line)


def _of_line(path: Path, line: dict[str, Any]) -> Iterator[tuple[Path, str]]:
    label = part_label(line)
    yield path, label
    yield from (((*path, name), label) for name in line)


def _shorter(phrase: str) -> Iterator[str]:
    """Without the name of the section, which people leave out."""
    for word in SECTION.values():
        if phrase.startswith((f"{word}〔", f"{word}的")):
            yield phrase.removeprefix(word)


def _bare(text: str, fold: Callable[[str], str]) -> str:
    return fold(_BETWEEN.sub("", text))


def _nearest(text: str, known: Iterable[str] | Mapping[str, Any]) -> list[str]:
    return get_close_matches(text, list(known), _NEAR, _ALIKE)


def line_of(centre: CentreSpec, path: Path) -> str:
    """What the line inside an item is called that a path names or lies in, empty where there is none."""
    if len(path) < 4:
        return ""
    line = value_at(centre_tree(centre), path[:4])
    return part_label(line) if line else ""
