"""The order of a collection that people order by hand, merged (rules D1 to D4). It never conflicts."""

from collections.abc import Collection, Iterable, Iterator, Sequence


def keeps_its_order(base: Sequence[str], ours: Sequence[str], theirs: Collection[str]) -> bool:
    """Whether the township left what all three have in the order of the base (rule D2)."""
    common = set(base) & set(ours) & set(theirs)
    return [key for key in ours if key in common] == [key for key in base if key in common]


def merged_order(
    base: Sequence[str], ours: Sequence[str], theirs: Sequence[str], surviving: Collection[str]
) -> list[str]:
    """The keys of `surviving` in merged order.

    The spine is the standard's order, or the township's where it has moved things. What only the other side has
    comes right after its nearest surviving predecessor there; at one place the standard's new items come first.
    """
    if keeps_its_order(base, ours, theirs):
        spine = [key for key in theirs if key in surviving]
        guests = _by_anchor(ours, spine, surviving)
        return list(_after_news(spine, guests, set(ours)))
    return joined_order([key for key in ours if key in surviving], theirs, surviving)


def joined_order(spine: Sequence[str], other: Sequence[str], surviving: Collection[str]) -> list[str]:
    """The spine with what only the other order has, each right after its nearest predecessor there (rule D3)."""
    guests = _by_anchor(other, spine, surviving)
    return [key for place in (None, *spine) for key in _led(place, guests)]


def _by_anchor(
    order: Sequence[str], spine: Iterable[str], surviving: Collection[str]
) -> dict[str | None, list[str]]:
    """What is not on the spine, by its nearest predecessor that is; None stands for the head."""
    known, anchor = set(spine), None
    guests: dict[str | None, list[str]] = {}
    for key in order:
        if key in known:
            anchor = key
        elif key in surviving:
            guests.setdefault(anchor, []).append(key)
    return guests


def _after_news(
    spine: Sequence[str], guests: dict[str | None, list[str]], known: Collection[str]
) -> Iterator[str]:
    """The spine of the standard; guests wait behind the standard's own new items at their place."""
    waiting = guests.get(None, [])
    for key in spine:
        if key in known:
            yield from waiting
            waiting = guests.get(key, [])
        yield key
    yield from waiting


def _led(place: str | None, guests: dict[str | None, list[str]]) -> Iterator[str]:
    if place is not None:
        yield place
    yield from guests.get(place, [])
