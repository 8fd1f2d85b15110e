"""Moves, splits and merges of items, done to base and township before merging so that local edits follow (rule F)."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from provisioning.memory import Remembered
from provisioning.schema import CENTRE, Kind, Node
from provisioning.specs import Keyed
from provisioning.specs.pack import Carry, Move
from provisioning.tree import Path, Tree, grown, same

# Who points at items of a section: section, field, and what stands before the key there.
POINTERS = {
    "windows": (("items", "windows", ""), ("objects", "window", ""), ("posts", "window", "")),
    "zones": (("objects", "zone", ""),),
    "fixtures": (("objects", "fixture", ""), ("slots", "shows", "fixture:")),
    "regimes": (("slots", "shows", "regime:"),),
}


@dataclass(frozen=True, slots=True)
class Moved:
    """What one declared move did here; `items` are the township's own items before it, by key."""

    move: Move
    blocked: bool
    items: dict[str, Any]


@dataclass(frozen=True)
class Relocated:
    """Base and township after all moves, and what each did."""

    base: Tree
    ours: Tree
    moved: tuple[Moved, ...] = ()
    renamed: dict[tuple[str, str], str] = field(default_factory=dict)

    def path(self, path: Path) -> Path:
        """Where a path of before the moves leads now; of a split item, to its first part."""
        while len(path) > 1 and (key := self.renamed.get((path[0], path[1]))):
            path = (path[0], key, *path[2:])
        return path


def relocate(base: Tree, ours: Tree, theirs: Tree, moves: Sequence[Move], since: int) -> Relocated:
    """Carry out all moves that were declared after release `since`, in their order (rules F1, F4)."""
    moved: list[Moved] = []
    renamed: dict[tuple[str, str], str] = {}
    for move in sorted((move for move in moves if move.since > since), key=lambda move: move.since):
        done = _done(ours, move)
        moved.append(done)
        if done.blocked:
            # The old item is the township's own from now on; the new one meets the one that is in its way.
            base = _without(base, move)
            continue
        renamed |= {(move.section, origin): move.into[0] for origin in move.origins}
        base, ours = _carried(base, ours, theirs, move)
    return Relocated(base, ours, tuple(moved), renamed)


def _done(ours: Tree, move: Move) -> Moved:
    """Blocked where something of the township's own is in the way (rule F3)."""
    standing = ours.get(move.section) or {}
    items = {origin: standing[origin] for origin in move.origins if origin in standing}
    blocked = bool(items) and any(key in standing for key in move.into)
    return Moved(move, blocked, items)


def _carried(base: Tree, ours: Tree, theirs: Tree, move: Move) -> tuple[Tree, Tree]:
    node = CENTRE.fields[move.section].each
    pairs = [_pair(node, base, ours, theirs, move, place) for place in range(len(move.into))]
    old, mine = (dict(zip(move.into, side, strict=True)) for side in zip(*pairs, strict=True))
    return _replaced(base, move, old), _replaced(ours, move, mine)


def _pair(node: Node, base: Tree, ours: Tree, theirs: Tree, move: Move, place: int) -> tuple[Any, Any]:
    """Base and township of one target: what was changed locally stays changed, what was not follows the standard."""
    old = [grown(node, item) for item in _origins(base, move)]
    mine = [grown(node, item) for item in _origins(ours, move)]
    if not any(old):
        return None, next((item for item in mine if item), None)
    before = next(item for item in old if item)
    if not any(mine):
        return before, None
    new = grown(node, (theirs.get(move.section) or {}).get(move.into[place])) or before
    both = {name: _field(inner, name, move, place, (old, mine, new)) for name, inner in node.fields.items()}
    return tuple(  # type: ignore[return-value]
        {name: pair[side] for name, pair in both.items() if pair[side] is not None} for side in (0, 1)
    )


def _field(
    node: Node, name: str, move: Move, place: int, sides: tuple[list[Any], list[Any], dict[str, Any]]
) -> tuple[Any, Any]:
    old, mine, new = sides
    pairs = [(was.get(name), item.get(name)) for was, item in zip(old, mine, strict=True) if was and item]
    if not carries(move, name, place):
        # Nothing local goes here: base and township already say what the standard says.
        return new.get(name), new.get(name)
    if node.kind is Kind.SET:
        return _union(was for was, _ in pairs), _union(item for _, item in pairs)
    if not pairs:
        # The standard had one origin, the township another: to each its own.
        return next(_values(old, name), None), next(_values(mine, name), None)
    changed = [pair for pair in pairs if not same(*pair, node)]
    if not changed:
        return pairs[0]
    if any(not same(pair[1], changed[0][1], node) for pair in changed[1:]):
        # Two local values for one place: never the last one, but a question (rules B7, P4).
        return None, changed[0][1]
    return changed[0]


def _values(items: Iterable[Any], name: str) -> Iterator[Any]:
    return (item.get(name) for item in items if item)


def carries(move: Move, name: str, place: int) -> bool:
    """Whether the local value of a field goes on into the target of that place."""
    if len(move.into) == 1:
        return True
    rule = move.carry.get(name)
    return rule is Carry.COPY or (rule is Carry.FIRST and place == 0)


def _union(sets: Iterable[Any]) -> Any:
    return sorted({member for one in sets for member in one or ()}) or None


def _origins(tree: Tree, move: Move) -> list[Any]:
    standing = tree.get(move.section) or {}
    return [standing.get(origin) for origin in move.origins]


def _replaced(tree: Tree, move: Move, items: dict[str, Any]) -> Tree:
    """The items at the place of the first origin, everything that pointed at the origins pointing at them."""
    section = dict(_in_place(tree.get(move.section) or {}, move, items))
    tree = {**tree, move.section: section or None}
    for pointer in POINTERS.get(move.section, ()):
        tree = _repointed(tree, move, *pointer)
    return tree


def _in_place(standing: dict[str, Any], move: Move, items: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    waiting = {key: item for key, item in items.items() if item is not None}
    for key, item in standing.items():
        if key not in move.origins:
            yield key, item
            continue
        yield from waiting.items()
        waiting = {}
    yield from waiting.items()


def _repointed(tree: Tree, move: Move, section: str, name: str, prefix: str) -> Tree:
    origins = frozenset(prefix + origin for origin in move.origins)
    targets = tuple(prefix + key for key in move.into)
    items = {
        key: _pointing(section, item, name, origins, targets)
        for key, item in (tree.get(section) or {}).items()
    }
    return {**tree, section: items or None}


def _pointing(section: str, item: Any, name: str, origins: frozenset[str], targets: tuple[str, ...]) -> Any:
    """The item itself unless it points at an origin: what nobody changed is not opened."""
    standing: Any = item.get(name) if isinstance(item, dict) else getattr(item, name)
    many = isinstance(standing, list | frozenset)
    if not (origins & set(standing) if many else standing in origins):
        return item
    pointed = _pointed(section, name, origins, targets)
    return pointed(item) if isinstance(item, Keyed) else pointed.afresh(item)


@lru_cache(maxsize=256)
def _pointed(
    section: str, name: str, origins: frozenset[str], targets: tuple[str, ...]
) -> Remembered[dict[str, Any]]:
    """Items with the new pointer. Of the standard's own there is one for base and townships, so that none is compared."""
    node = CENTRE.fields[section].each

    def of(item: Any) -> dict[str, Any]:
        tree = grown(node, item)
        standing = tree[name]
        many = isinstance(standing, list)
        return {**tree, name: sorted({*standing} - origins | {*targets}) if many else targets[0]}

    return Remembered(of)


def _without(tree: Tree, move: Move) -> Tree:
    standing = tree.get(move.section) or {}
    return {**tree, move.section: {key: item for key, item in standing.items() if key not in move.origins}}


def move_faults(moves: Sequence[Move], centre: Any, release: int) -> Iterator[tuple[int, str]]:
    """What is wrong with the moves of a release, by their place in the list (rule F2).

    `centre` is the standard that the release declares, `release` its number.
    """
    for index, move in enumerate(moves):
        # In the order in which they are carried out, wherever they are written.
        place = (move.since, index)
        earlier = [other for at, other in enumerate(moves) if (other.since, at) < place]
        later = [other for at, other in enumerate(moves) if (other.since, at) > place]
        yield from ((index, text) for text in _faults_of(move, earlier, later, centre, release))


def _faults_of(
    move: Move, earlier: Sequence[Move], later: Sequence[Move], centre: Any, release: int
) -> Iterator[str]:
    declared = {item.key for item in getattr(centre, move.section)}
    onward = {origin for other in later if other.section == move.section for origin in other.origins}
    if move.since > release:
        yield f"移動自第 {move.since} 版起，而本版只是第 {release} 版"
    for key in set(move.origins) & set(move.into):
        yield f"「{key}」不能移到自身"
    for key in set(move.origins) & declared:
        yield f"「{key}」已移走，卻仍在本版「{move.section}」中聲明"
    for key in set(move.into) - declared - onward:
        if move.since == release:
            yield f"移動的去處「{key}」在本版「{move.section}」中不存在"
    same_section = [other for other in earlier if other.section == move.section]
    for key in move.origins:
        if any(key in other.origins for other in same_section):
            yield f"「{key}」被移動了兩次；一分為多請寫在同一條（拆分）"
    for key in move.into:
        if any(key in other.into for other in same_section):
            yield f"「{key}」是兩條移動的去處；多併為一請寫在同一條（合併）"
        if any(key in other.origins for other in same_section):
            yield f"「{key}」先前已移走，不得再成為去處（循環）"
    if len(move.origins) > 1 and len(move.into) > 1:
        yield "一條移動只能是一對一、一分為多（拆分）或多併為一（合併）"
    if unknown := set(move.carry) - set(CENTRE.fields[move.section].each.fields):
        yield f"carry 中沒有這些欄位：{'、'.join(sorted(unknown))}"
    if move.carry and len(move.into) == 1:
        yield "只有拆分才需要 carry：其他移動帶走全部本地內容"
