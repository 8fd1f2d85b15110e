"""What a release may not do to the one before it (rules A3, C5, F2, F4, J5). Pure; asked before publishing."""

from collections.abc import Iterable, Iterator

from provisioning.labels import SECTION, item_label
from provisioning.policy import governing
from provisioning.specs import Keyed, Pack, PolicyRule
from provisioning.specs.centre import COLLECTIONS
from provisioning.specs.pack import Move, Policy
from provisioning.yamlfile import Path

Finding = tuple[Path, str]
_MUST_STAY = frozenset({Policy.MANDATORY, Policy.LOCKED})


def release_faults(previous: Pack, new: Pack, earlier: Iterable[Pack] = ()) -> Iterator[Finding]:
    """Why a pack cannot follow the release before it, as (path of the assembled pack, Chinese sentence).

    `earlier` are the releases before that, for keys that were given up long ago and are never used again.
    """
    yield from _header(previous, new)
    yield from _kept_moves(previous, new)
    yield from _new_moves(previous, new)
    yield from _removals(previous, new)
    yield from _reappearing(previous, new, tuple(earlier))


def _header(previous: Pack, new: Pack) -> Iterator[Finding]:
    old, now = previous.header, new.header
    if old.id != now.id:
        yield ("header", "id"), f"上一版屬模板包「{old.id}」，不是「{now.id}」"
    if now.release <= old.release:
        yield ("header", "release"), f"版本號須大於上一版的第 {old.release} 版，實為第 {now.release} 版"


def _kept_moves(previous: Pack, new: Pack) -> Iterator[Finding]:
    """Townships that come from far behind still need every one of them (rule F4)."""
    for move in previous.moves:
        if move not in new.moves:
            yield ("moves",), f"先前版本聲明的移動「{move.shown}」必須永久保留，不得刪改"


def _new_moves(previous: Pack, new: Pack) -> Iterator[Finding]:
    added = [(index, move) for index, move in enumerate(new.moves) if move not in previous.moves]
    arriving = {(move.section, key) for _, move in added for key in move.into}
    known = set(_items(previous))
    for index, move in added:
        if move.since <= previous.header.release:
            yield (
                ("moves", index, "since"),
                f"第 {previous.header.release} 版已經發布，新的移動只能自更高的版本起",
            )
        for key in sorted({(move.section, key) for key in move.origins} - known - arriving):
            yield ("moves", index, "origins"), f"上一版的「{move.section}」中沒有鍵「{key[1]}」，無從移動"
        for key in sorted({(move.section, key) for key in move.into} & known):
            yield ("moves", index, "into"), f"去處「{key[1]}」在上一版已是另一事項，移動會被它擋住"


def _removals(previous: Pack, new: Pack) -> Iterator[Finding]:
    """What disappears: it may not be required, nor come back as something of another kind."""
    moved = _moved_away(new.moves)
    before, after = _items(previous), _items(new)
    for section, key in sorted(before.keys() - after.keys() - moved):
        item = before[section, key]
        for rule in _requiring(previous, new, section, key):
            yield (
                (section, key),
                f"{_named(section, item)}屬必備（{rule.reason}），須先在一版中解除必備，才能取消",
            )
    for section, key in sorted(before.keys() - after.keys()):
        for other in COLLECTIONS:
            if (other, key) in after and (other, key) not in before:
                yield (other,), f"鍵「{key}」在上一版是{SECTION[section]}，不得改作{SECTION[other]}"


def _requiring(previous: Pack, new: Pack, section: str, key: str) -> Iterator[PolicyRule]:
    """The rule by which an item must be there, the new release's before the previous one's."""
    rules = (governing((pack.policies,), f"{section}[{key}]") for pack in (new, previous))
    found = next((rule for rule in rules if rule and rule.policy in _MUST_STAY), None)
    if found is not None:
        yield found


def _reappearing(previous: Pack, new: Pack, earlier: tuple[Pack, ...]) -> Iterator[Finding]:
    """Keys are never used again (rule A3); what moved away is refused by the moves themselves."""
    gone = {place for pack in earlier for place in _items(pack)} - _items(previous).keys()
    for section, key in sorted(gone & _items(new).keys() - _moved_away(new.moves)):
        yield (section,), f"鍵「{key}」在先前的版本中用過又取消了，不得再用"


def _moved_away(moves: Iterable[Move]) -> set[tuple[str, str]]:
    return {(move.section, key) for move in moves for key in move.origins}


def _items(pack: Pack) -> dict[tuple[str, str], Keyed]:
    return {(section, item.key): item for section in COLLECTIONS for item in getattr(pack.centre, section)}


def _named(section: str, item: Keyed) -> str:
    return f"{SECTION[section]}〔{item_label(item)}〕"
