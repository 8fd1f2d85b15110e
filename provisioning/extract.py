"""A common standard out of centres that are there already, and what each has of its own (rules L1 to L4). Pure.

What a township has of its own is kept as differences (`provisioning.differences`), not as a county's overlay: those
have no order, no envelope and no hall, and would lose them. Differences are lossless for any two configurations, so
whatever the common standard becomes, each centre is given back exactly.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pydantic import ValidationError

from provisioning.canonical import canonical
from provisioning.differences import ORDER, delta, patched
from provisioning.matching import Groups, Match, MatchRefused, groups
from provisioning.moves import POINTERS
from provisioning.ordering import joined_order
from provisioning.parameters import Attributes, mapped, parameterised, place_of, rendered, texts
from provisioning.schema import CENTRE, Kind, Node
from provisioning.specs import CentreSpec
from provisioning.specs.centre import COLLECTIONS
from provisioning.tree import centre_tree, grown, listed, opened

Keys = Mapping[str, Mapping[str, str]]  # by section: from one key to another


@dataclass(frozen=True)
class Source:
    """A centre to extract from: `attributes` are its own words by parameter (`provisioning.parameters`)."""

    unit: str
    attributes: Attributes
    centre: CentreSpec


@dataclass(frozen=True)
class TenantOverlay:
    """What a centre has of its own: its words, its keys by those of the standard, and changes as `delta` gives them.

    It is falsy where the centre is the standard with its own words in it.
    """

    unit: str
    attributes: Attributes
    keys: Keys = field(default_factory=dict)
    changes: Sequence[list[Any]] = ()

    def __bool__(self) -> bool:
        return bool(self.keys or self.changes)

    def data(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "unit": self.unit,
            "attributes": dict(self.attributes),
            "keys": {section: dict(keys) for section, keys in self.keys.items()},
            "changes": list(self.changes),
        }


@dataclass(frozen=True)
class Extraction:
    """The common standard with parameters in its texts, and one overlay for each centre in the order given."""

    template: CentreSpec
    overlays: tuple[TenantOverlay, ...]


class ExtractionRefused(ValueError):
    """Why no standard can be extracted, in Chinese, all reasons at once."""

    def __init__(self, reasons: Sequence[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__("；".join(self.reasons))


def overlay_of(data: Mapping[str, Any]) -> TenantOverlay:
    """The overlay that `TenantOverlay.data` described."""
    return TenantOverlay(data["unit"], data["attributes"], data["keys"], data["changes"])


def extract(
    sources: Sequence[Source], threshold: int | None = None, matches: Sequence[Match] = ()
) -> Extraction:
    """What most of the centres say, and what each says otherwise.

    `threshold` is how many centres must have an item for it to be common, by default more than half. Raises
    `ExtractionRefused`: without centres, for a match that cannot be, where the result is no valid centre, and
    where words of a township's own are left in it.
    """
    if not sources:
        raise ExtractionRefused(["沒有可以提取的中心"])
    least = threshold if threshold is not None else len(sources) // 2 + 1
    neutral = [_neutral(source) for source in sources]
    try:
        alike = groups([source.unit for source in sources], neutral, matches)
        common = _common(neutral, alike, least)
    except MatchRefused as refusal:
        raise ExtractionRefused([str(refusal)]) from refusal
    if leftovers := list(_leftovers(common, sources)):
        raise ExtractionRefused(leftovers)
    keys = [_keys_of(place, alike, common) for place in range(len(sources))]
    return Extraction(common, tuple(map(_overlay, sources, keys, [common] * len(sources))))


def resolved(template: CentreSpec, overlay: TenantOverlay) -> CentreSpec:
    """The centre that an overlay was extracted from (rule L1)."""
    own = _rekeyed(provisioned(template, overlay.attributes), overlay.keys)
    return patched(own, list(overlay.changes)) if overlay.changes else own


def provisioned(template: CentreSpec, attributes: Attributes) -> CentreSpec:
    """What a township with these words of its own gets from an extracted standard (rule L3)."""
    return _rewritten(template, lambda text: rendered(text, attributes))


# townships made alike ----------------------------------------------------------------------------------------


def _neutral(source: Source) -> CentreSpec:
    """A centre with its own words as parameters."""
    try:
        return _rewritten(source.centre, lambda text: parameterised(text, source.attributes))
    except ValidationError as error:
        place = "".join(f"[{part}]" for part in error.errors(include_url=False)[0]["loc"])
        raise ExtractionRefused([f"{source.unit}：{place} 換成參數後不再合乎格式"]) from error


def _rewritten(centre: CentreSpec, of: Any) -> CentreSpec:
    """With every text replaced; the order of its collections stays (`canonical` sorts some of them)."""
    raw = {name: _plain(getattr(centre, name)) for name in CentreSpec.model_fields}
    changed = {name: mapped(value, of) for name, value in raw.items()}
    return centre if changed == raw else CentreSpec.model_validate(changed)


def _plain(value: Any) -> Any:
    return [canonical(item) for item in value] if isinstance(value, tuple) else canonical(value)


def _rekeyed(centre: CentreSpec, keys: Keys) -> CentreSpec:
    """With other keys for some items, also where others point at them."""
    if not keys:
        return centre
    raw = {name: _plain(getattr(centre, name)) for name in CentreSpec.model_fields}
    for section, names in keys.items():
        raw[section] = [{**item, "key": names.get(item["key"], item["key"])} for item in raw[section]]
        for other, pointer, prefix in POINTERS.get(section, ()):
            told = {prefix + old: prefix + new for old, new in names.items()}
            raw[other] = [_repointed(item, pointer, told) for item in raw[other]]
    return CentreSpec.model_validate(raw)


def _repointed(item: dict[str, Any], pointer: str, told: Mapping[str, str]) -> dict[str, Any]:
    value = item.get(pointer)
    if isinstance(value, list):
        return {**item, pointer: sorted(told.get(one, one) for one in value)}
    return {**item, pointer: told.get(value, value)} if value is not None else item


# what most of them say (rule L2) -------------------------------------------------------------------------------


def _common(neutral: Sequence[CentreSpec], alike: Groups, least: int) -> CentreSpec:
    """The common standard: of each place the value of most, of those that are as many the first-listed one's."""
    named = [_rekeyed(centre, _to_common(place, alike)) for place, centre in enumerate(neutral)]
    trees = [centre_tree(centre) for centre in named]
    kept = {name: _kept(name, alike, least) for name in COLLECTIONS}
    raw: dict[str, Any] = {
        name: listed(node, _section(name, node, [tree[name] for tree in trees], kept))
        for name, node in CENTRE.fields.items()
    }
    try:
        return _without_loose_ends(CentreSpec.model_validate({**raw, **_emptied(raw)}))
    except ValidationError as error:
        problems = error.errors(include_url=False)
        raise ExtractionRefused([f"提取的結果不合格式：{problem['loc']}" for problem in problems]) from error


def _emptied(raw: Mapping[str, Any]) -> dict[str, Any]:
    return {name: () for name in COLLECTIONS if raw[name] is None}


def _key(group: Mapping[int, str]) -> str:
    """The key of a common thing: the prefecture's own where some township has it, else the first-listed one's."""
    keys = list(group.values())
    return next((key for key in keys if key.startswith("zhou:")), keys[0])


def _to_common(place: int, alike: Groups) -> dict[str, dict[str, str]]:
    found = {
        section: {group[place]: _key(group) for group in several if place in group}
        for section, several in alike.items()
    }
    return {
        section: {one: other for one, other in keys.items() if one != other}
        for section, keys in found.items()
    }


def _kept(section: str, alike: Groups, least: int) -> set[str]:
    return {_key(group) for group in alike[section] if len(group) >= least}


def _section(name: str, node: Node, values: Sequence[Any], kept: Mapping[str, set[str]]) -> Any:
    if name in COLLECTIONS:
        return _collection(node, values, kept[name])
    return _value(node, [grown(node, value) for value in values])


def _value(node: Node, values: Sequence[Any]) -> Any:
    """Of values that are there, or are None in those that have the thing around them."""
    if node.kind is Kind.RECORD:
        fields = (
            (name, _value(inner, [_of(value, name) for value in values]))
            for name, inner in node.fields.items()
        )
        return {name: value for name, value in fields if value is not None}
    if node.kind is Kind.COLLECTION:
        chosen = _collection(node, values, _mostly(values))
        return chosen if len(chosen or {}) >= node.minimum else _most(values)
    return _most(values)


def _of(value: Any, name: str) -> Any:
    return value.get(name) if value else None


def _collection(node: Node, values: Sequence[Any], kept: set[str]) -> Any:
    collections = [value or {} for value in values]
    order = _order([list(one) for one in collections], kept)
    items = {key: [opened(node.each, one[key]) for one in collections if key in one] for key in order}
    return {key: _value(node.each, having) for key, having in items.items()} or None


def _mostly(values: Sequence[Any]) -> set[str]:
    """The lines of a list that most have; of as many with as without, as the first-listed has it."""
    keys = {key: None for value in values for key in value or {}}
    return {key for key in keys if _most([key in (value or {}) for value in values])}


def _most(values: Sequence[Any]) -> Any:
    """The value that is there most often; of as many, the first. Types matter, also inside."""
    counts = Counter(map(repr, values))
    return max(values, key=lambda value: counts[repr(value)])


def _order(orders: Sequence[list[str]], kept: set[str]) -> list[str]:
    """The order that most have of what is common; what they lack comes after its predecessor elsewhere."""
    known = [[key for key in order if key in kept] for order in orders]
    spine: list[str] = _most([order for order in known if order] or [[]])
    for order in known:
        spine = joined_order(spine, order, kept)
    return spine


def _without_loose_ends(centre: CentreSpec) -> CentreSpec:
    """Without pointers at what only some townships have; they keep theirs as their own changes."""
    raw = {name: _plain(getattr(centre, name)) for name in CentreSpec.model_fields}
    for section, pointers in POINTERS.items():
        there = {item.key for item in getattr(centre, section)}
        for other, pointer, prefix in pointers:
            raw[other] = [_held(item, pointer, prefix, there) for item in raw[other]]
    return CentreSpec.model_validate(raw)


def _held(item: dict[str, Any], pointer: str, prefix: str, there: set[str]) -> dict[str, Any]:
    value = item.get(pointer)
    if isinstance(value, list):
        return {**item, pointer: [one for one in value if one in there]}
    loose = isinstance(value, str) and value.startswith(prefix) and value.removeprefix(prefix) not in there
    return {name: inner for name, inner in item.items() if name != pointer} if loose else item


# what each has of its own (rules L1, L4) -----------------------------------------------------------------------


def _keys_of(place: int, alike: Groups, common: CentreSpec) -> dict[str, dict[str, str]]:
    """From the standard's keys to a township's, of what both have."""
    there = {section: {item.key for item in getattr(common, section)} for section in COLLECTIONS}
    found = {
        section: {new: old for old, new in keys.items() if new in there[section]}
        for section, keys in _to_common(place, alike).items()
    }
    return {section: keys for section, keys in found.items() if keys}


def _overlay(source: Source, keys: Keys, common: CentreSpec) -> TenantOverlay:
    own = _rekeyed(provisioned(common, source.attributes), keys)
    changes = delta(own, source.centre)
    changes += list(_orders(patched(own, changes) if changes else own, source.centre))
    return TenantOverlay(source.unit, source.attributes, keys, changes)


def _orders(made: CentreSpec, wanted: CentreSpec) -> Iterator[list[Any]]:
    """Orders that a difference does not tell, since by their own rule they mean nothing."""
    for section in COLLECTIONS:
        keys = [item.key for item in getattr(wanted, section)]
        if [item.key for item in getattr(made, section)] != keys:
            yield [section, None, ORDER, keys]


def _leftovers(common: CentreSpec, sources: Sequence[Source]) -> Iterator[str]:
    """Words of any township that are left in the standard, each with its place."""
    literals = {word: source.unit for source in sources for word in source.attributes.values()}
    for path, text in texts({name: _plain(getattr(common, name)) for name in CentreSpec.model_fields}):
        for word, unit in literals.items():
            if word in text:
                yield f"{place_of(path)} 仍有 {unit} 自己的「{word}」"
