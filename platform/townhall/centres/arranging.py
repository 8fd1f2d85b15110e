"""What a township does with the items of a collection as wholes, as edits: move, take back, put at a place (rule D1).

Pure: a configuration in, edits out; `edit_centre` judges and writes them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from provisioning.labels import SECTION
from provisioning.ordering import joined_order
from provisioning.resolve import Upstream
from provisioning.specs import CentreSpec, Keyed
from provisioning.specs.centre import MANUAL
from townhall.centres.edit import (
    Edit,
    EditRefused,
    addition,
    comeback,
    edited,
    ordering,
    refuse_edit,
    removal,
)

Group = tuple[str, list[Keyed]]


def of_key(centre: CentreSpec, section: str, key: str) -> Keyed | None:
    """An item of a collection, or None."""
    found: Iterable[Keyed] = getattr(centre, section)
    return next((item for item in found if item.key == key), None)


def kin(item: Keyed) -> str:
    """What an item stands together with on paper and on pages: its category, nothing where there are none."""
    return str(getattr(item, "category", ""))


def groups(centre: CentreSpec, section: str) -> list[Group]:
    """The items of a collection by what they stand together with, in the order in which each begins."""
    found: dict[str, list[Keyed]] = {}
    for item in getattr(centre, section):
        found.setdefault(kin(item), []).append(item)
    return list(found.items())


def moved(centre: CentreSpec, section: str, key: str, step: int) -> list[Edit]:
    """An item one place up (-1) or down (1) among what it stands together with; nothing at the end of them."""
    keys = [item.key for item in getattr(centre, section)]
    item = of_key(centre, section, key)
    among = [one.key for one in getattr(centre, section) if item and kin(one) == kin(item)]
    place = among.index(key) + step if key in among else -1
    if not 0 <= place < len(among):
        return []
    here, there = keys.index(key), keys.index(among[place])
    keys[here], keys[there] = keys[there], keys[here]
    return [ordering(section, keys)]


def added(centre: CentreSpec, section: str, item: Keyed) -> list[Edit]:
    """An item of the township's own, behind the last of what it stands together with."""
    keys = [one.key for one in getattr(centre, section)]
    last = max(
        (place for place, one in enumerate(getattr(centre, section)) if kin(one) == kin(item)), default=-1
    )
    if section not in MANUAL or last < 0:
        return [addition(section, item)]
    return [addition(section, item), ordering(section, [*keys[: last + 1], item.key, *keys[last + 1 :]])]


def brought_back(centre: CentreSpec, section: str, key: str, source: CentreSpec) -> list[Edit]:
    """An item as it stands in another configuration, at its place there; nothing where that has none of this key."""
    item = of_key(source, section, key)
    if item is None:
        return []
    keys = [one.key for one in getattr(centre, section)]
    order = joined_order(keys, [one.key for one in getattr(source, section)], {*keys, key})
    return [comeback(section, item), *([ordering(section, order)] if section in MANUAL else [])]


def away(centre: CentreSpec, section: str, source: CentreSpec) -> list[Keyed]:
    """The items that another configuration has and this one has not."""
    here = {item.key for item in getattr(centre, section)}
    return [item for item in getattr(source, section) if item.key not in here]


def hindrances(standard: Upstream, centre: CentreSpec, section: str, key: str) -> tuple[str, ...]:
    """Why an item cannot be taken away, in Chinese: the policies, then what needs it; nothing is written."""
    try:
        refuse_edit(standard, centre, edited(centre, (removal(section, key),)))
    except EditRefused as refusal:
        # What rules say comes last, a sentence for each place; here those would all be the same sentence.
        policies = refusal.reasons[: len(refusal.reasons) - len(refusal.places)]
        return (*policies, *_needed(refusal.places))
    return ()


def _needed(places: Iterable[str]) -> Iterator[str]:
    counts = Counter(SECTION[place.partition("[")[0]] for place in places)
    if counts:
        told = "、".join(f"{name} {count} 處" for name, count in counts.items())
        yield f"還有{told}用到它，須先改動這些內容"
