"""What in a text is a township's own, as parameters: `{unit_name}` and its like (rule L4). Pure.

A text that happens to hold such a parameter already (a sign's rule does) gets a sign of equality in it, `{=unit_name}`,
so that putting the township's own words back gives exactly what was there.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from provisioning.naming import bare
from provisioning.specs import CentreSpec, is_blank
from provisioning.tree import Path, written

# Facts of the profile that are a township's own wherever they stand.
_FACTS = ("hotline", "complaint_phone", "address", "director")
LABELS = {
    "unit_name": "單位名稱",
    "unit_name_hans": "單位簡體名稱",
    "hotline": "熱線電話",
    "complaint_phone": "監督投訴電話",
    "address": "辦公地址",
    "director": "中心主任",
}
SHORTEST = 2  # characters: a single one is in too many words
_PARAMETER = re.compile(r"\{(=*)(" + "|".join(LABELS) + r")\}")

Attributes = Mapping[str, str]


def attributes_of(name: str, name_hans: str, centre: CentreSpec) -> dict[str, str]:
    """What is a township's own by parameter; what is still blank has none."""
    facts = {fact: getattr(centre.profile, fact) for fact in _FACTS}
    known = {"unit_name": bare(name), "unit_name_hans": bare(name_hans)}
    known |= {fact: text for fact, text in facts.items() if not is_blank(text)}
    return {parameter: text for parameter, text in known.items() if len(text) >= SHORTEST}


def parameterised(text: str, attributes: Attributes) -> str:
    """A text with the township's own words as parameters; of two that begin alike the longer one counts."""
    escaped = _PARAMETER.sub(r"{=\1\2}", text)
    names = {literal: name for name, literal in reversed([*attributes.items()])}
    if not names:
        return escaped
    longest = sorted(names, key=lambda literal: (-len(literal), literal))
    words = re.compile("|".join([_PARAMETER.pattern, *map(re.escape, longest)]))
    return words.sub(lambda found: found[0] if found[2] else f"{{{names[found[0]]}}}", escaped)


def rendered(text: str, attributes: Attributes) -> str:
    """The text that `parameterised` was given. A parameter that the township has no word for stays as it is."""

    def word(found: re.Match[str]) -> str:
        if found[1]:
            return f"{{{found[1][1:]}{found[2]}}}"
        return attributes.get(found[2], found[0])

    return _PARAMETER.sub(word, text)


def unescaped(text: str) -> str:
    """A text for a pack: what was there already stands as it did, and parameters beside it."""
    return _PARAMETER.sub(lambda found: f"{{{found[1][1:]}{found[2]}}}", text)


def parameters_in(text: str) -> tuple[str, ...]:
    """The parameters of a text, without those that were there already."""
    return tuple(dict.fromkeys(found[2] for found in _PARAMETER.finditer(text) if not found[1]))


def mapped(value: Any, of: Callable[[str], str]) -> Any:
    """Canonical data with each of its texts replaced; keys are no texts."""
    if isinstance(value, dict):
        return {name: inner if name == "key" else mapped(inner, of) for name, inner in value.items()}
    if isinstance(value, list):
        return [mapped(inner, of) for inner in value]
    return of(value) if isinstance(value, str) else value


def texts(value: Any, path: Path = ()) -> Iterator[tuple[Path, str]]:
    """Every text of canonical data with its place, by key where there is one."""
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from texts(inner, (*path, name)) if name != "key" else ()
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            here = inner["key"] if isinstance(inner, dict) and "key" in inner else str(index)
            yield from texts(inner, (*path, here))
    elif isinstance(value, str):
        yield path, value


def place_of(path: Path) -> str:
    """A path by key as far as the schema has places, then as it is."""
    for end in range(len(path), 0, -1):
        try:
            return written(path[:end])
        except (KeyError, TypeError):
            continue
    return ".".join(path)
