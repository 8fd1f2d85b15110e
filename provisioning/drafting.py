"""An extracted standard as the draft of a pack that people read and complete before it is published (rule L4). Pure.

What only a township can say is a blank in it again; keys of townships become the prefecture's. Where a parameter is
left in a text that nothing fills, the place is told, so that somebody words it anew.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from provisioning.canonical import canonical
from provisioning.moves import POINTERS
from provisioning.parameters import LABELS, mapped, parameters_in, place_of, texts, unescaped
from provisioning.policy import governing
from provisioning.specs import Blank, CentreSpec, Pack
from provisioning.specs.centre import COLLECTIONS, Profile
from provisioning.specs.pack import Policy
from provisioning.tree import Path

_TO_FILL = "由本便民服務中心填寫"
# Where the words of a pack are put in when it is used, so that a parameter may stay (`specs.Sign`).
_FILLED_LATER = {("signs", "text_rule"): {"unit_name"}}


@dataclass(frozen=True)
class Draft:
    """The sections of a pack as its files hold them, and the places that somebody must word anew."""

    sections: Mapping[str, Any]
    to_word: tuple[str, ...]


def draft(template: CentreSpec, base: Pack, header: Mapping[str, Any]) -> Draft:
    """The draft of a pack: the extracted centre with everything else as `base` has it, under another header."""
    raw = {name: canonical(getattr(template, name)) for name in CentreSpec.model_fields}
    raw |= {name: raw[name] or [] for name in COLLECTIONS}
    _without_local_facts(raw, base)
    _with_blanks(raw, base)
    _with_prefecture_keys(raw)
    told = [place_of(path) for path, text in texts(raw) if _unfilled(path, text)]
    centre = mapped(raw, unescaped)
    rest = {name: _plain(getattr(base, name)) for name in ("policies", "checks", "milestones", "documents")}
    return Draft({"header": {**canonical(base.header), **header}, **centre, **rest}, tuple(told))


def _plain(parts: tuple[Any, ...]) -> list[Any]:
    return [canonical(part) for part in parts]


def _without_local_facts(raw: dict[str, Any], base: Pack) -> None:
    """What the standard leaves to each township is as `base` has it, or left to its default (rule E5)."""
    standing = {
        (name, item.key): canonical(item) for name in COLLECTIONS for item in getattr(base.centre, name)
    }
    for name in COLLECTIONS:
        for item in raw[name]:
            for field in [field for field in item if _local(base, f"{name}[{item['key']}].{field}")]:
                before = standing.get((name, item["key"]), {})
                _put(item, field, before.get(field), COLLECTIONS[name].model_fields[field].is_required())
    facts = canonical(base.centre.profile)
    for field in [field for field in raw["profile"] if _local(base, f"profile.{field}")]:
        _put(raw["profile"], field, facts.get(field), Profile.model_fields[field].is_required())


def _put(item: dict[str, Any], field: str, value: Any, needed: bool) -> None:
    if value is not None:
        item[field] = value
    elif not needed:
        item.pop(field)


def _local(base: Pack, path: str) -> bool:
    rule = governing((base.policies,), path)
    return rule is not None and rule.policy is Policy.LOCAL


def _with_blanks(raw: dict[str, Any], base: Pack) -> None:
    """Texts with parameters are blanks where a blank may stand, and are left out where a default steps in."""
    before = canonical(base.centre.profile)
    for field in list(raw["profile"]):
        if _parameters(raw["profile"][field]) and "blank" in before.get(field, ""):
            raw["profile"][field] = before[field]
        _emptied(raw["profile"], field, Profile, _TO_FILL)
    for name, model in COLLECTIONS.items():
        for item in raw[name]:
            for field in list(item):
                if takes_blank(model.model_fields[field].annotation):
                    _emptied(item, field, model)
    for regime in raw["regimes"]:
        for article in regime["articles"]:
            if parameters := _parameters(article["text"]):
                article["text"] = _blank(parameters)


def _emptied(item: dict[str, Any], field: str, model: Any, words: str = "") -> None:
    parameters = _parameters(item[field])
    if not parameters:
        return
    info = model.model_fields[field]
    if takes_blank(info.annotation):
        item[field] = {"blank": words} if words else _blank(parameters)
    elif not info.is_required():
        item.pop(field)


def _blank(parameters: tuple[str, ...]) -> dict[str, str]:
    names = "、".join(LABELS[one] for one in parameters)
    return {"blank": f"原文含有各鄉鎮自己的{names}，由制定標準的部門改寫"}


def _parameters(value: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(one for _, text in texts([value]) for one in parameters_in(text)))


def takes_blank(annotation: Any) -> bool:
    """Whether a field may wait to be filled."""
    return annotation is Blank or any(takes_blank(inner) for inner in get_args(annotation))


def _unfilled(path: Path, text: str) -> bool:
    filled = _FILLED_LATER.get((path[0], path[-1]), set())
    return bool(set(parameters_in(text)) - filled)


def _with_prefecture_keys(raw: dict[str, Any]) -> None:
    """Keys that a township or a county made, as the prefecture's own (rule A3), also where others point at them."""
    for name in COLLECTIONS:
        told = dict(_prefecture_keys(raw[name]))
        raw[name] = [{**item, "key": told.get(item["key"], item["key"])} for item in raw[name]]
        for other, pointer, prefix in POINTERS.get(name, ()):
            raw[other] = [_pointing(item, pointer, prefix, told) for item in raw[other]]


def _pointing(item: dict[str, Any], pointer: str, prefix: str, told: Mapping[str, str]) -> dict[str, Any]:
    value = item.get(pointer)
    if isinstance(value, list):
        return {**item, pointer: sorted(told.get(one, one) for one in value)}
    if not isinstance(value, str) or value.removeprefix(prefix) not in told:
        return item
    return {**item, pointer: prefix + told[value.removeprefix(prefix)]}


def _prefecture_keys(items: list[dict[str, Any]]) -> Iterator[tuple[str, str]]:
    taken = {item["key"] for item in items}
    for item in items:
        if not item["key"].startswith("zhou:"):
            stem, number = f"zhou:{item['key'].rpartition(':')[2]}", 1
            key = stem
            while key in taken:
                number += 1
                key = f"{stem}-{number}"
            taken.add(key)
            yield item["key"], key
