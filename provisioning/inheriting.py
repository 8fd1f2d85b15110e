"""One township receiving what another leaves: the merge whose base is its standard (rules P2, P4, B, C, D)."""

from collections.abc import Iterator
from typing import Any

from provisioning.estate import PLACE, Fate, Heir, How, Kind, Party
from provisioning.marks import Mark, MarkKind, Marks, identity, of_kind, ordered
from provisioning.merge import Code, Touch, merge
from provisioning.reconcile import Bench
from provisioning.specs import CentreSpec
from provisioning.specs.centre import COLLECTIONS, BudgetLine, Fixture, Window
from provisioning.specs.pack import Policy
from provisioning.tree import Path, Tree, centre_of, centre_tree, same, value_at

ABSENT = "承接單位所依據的標準不設這一項"
OTHER_PLACE = "大廳以承接單位的辦公場所為準，原址的佈局隨原中心結束"
SETTLED = "按承接單位所依據的標準已自行消除"
NOT_IN_FORCE = "所涉的值在承接單位不生效"
LEFT = {
    Kind.INVITATION: "單位已撤併，請由承接單位重新邀請",
    Kind.APPROVAL: "所申請的事隨原中心結束",
    Kind.JOB: "任務隨原中心結束，可在承接單位重新辦理",
    Kind.MESSAGE: "原中心不再出件",
    Kind.POSTING: "張貼件在原址，隨原址停用",
}
HELD_ALREADY = {Kind.PICTURE: "承接單位已有這張圖片", Kind.MEMBERSHIP: "在承接單位已任同一角色"}


class _Between(Bench):
    """The judge between two townships: no policy favours either of them, but what one has pinned is asked about."""

    def policy(self, path: Path) -> Policy | None:  # noqa: ARG002
        return None


def receive(heir: Heir, source: Party, given: CentreSpec, marks: Marks) -> dict[tuple[str, str], Fate]:
    """Let a township receive a portion, already brought to its own standard; gives the fate of each thing of it.

    What both have is merged with the standard's value as base; where both have made something else of it, the
    heir's stands and a question is left (rule B7). What one of them has, stays: no service is lost by a merger.
    Raises `ValidationError` when what comes of it is no configuration.
    """
    before = centre_tree(heir.centre)
    offered = _offered(heir, given)
    ours, theirs = centre_tree(offered[0]), centre_tree(offered[1])
    base = _where_both_are(centre_tree(heir.party.standard.centre), ours, theirs)
    merged = merge(base, ours, theirs, _Between(heir.party.standard, heir.marks))
    takes_place = not heir.placed and _arranged(heir, given)
    after = centre_of(merged.tree, like=heir.centre)
    after = _with_stock(after, heir.centre, given)
    if takes_place:
        after = after.model_copy(update={name: getattr(given, name) for name in PLACE})
    asked = tuple(_question(heir, source, touch) for touch in merged.conflicts)
    tree = centre_tree(after)
    carried = {one.id: one for one in _carried(heir, tree, centre_tree(given), marks, asked)}
    heir.centre, heir.marks = after, ordered((*heir.marks, *asked, *carried.values()))
    heir.placed = heir.placed or takes_place
    judge = _Fates(heir.party.code, source.code, before, centre_tree(given), tree, asked)
    found = dict(judge.of_configuration(given))
    for mark in marks:
        found[Kind.MARK, mark.id] = judge.of_mark(mark, mark.id in carried)
    return found


def _offered(heir: Heir, given: CentreSpec) -> tuple[CentreSpec, CentreSpec]:
    """Both sides without what is added up, numbered or taken whole instead of being merged place by place."""
    ours = heir.centre
    stock = {one.key: one for one in ours.fixtures}
    fixtures = (
        one.model_copy(update={"on_hand": stock[one.key].on_hand}) if one.key in stock else one
        for one in given.fixtures
    )
    place = {name: getattr(ours, name) for name in PLACE}
    money: dict[str, Any] = {"envelope": ours.envelope, "budget": (*ours.budget, *_new_lines(ours, given))}
    ours = ours.model_copy(update={"budget": money["budget"]})
    windows = tuple(_numbered(ours.windows, given.windows))
    return ours, given.model_copy(update={"fixtures": (*fixtures,), "windows": windows, **place, **money})


def _new_lines(ours: CentreSpec, given: CentreSpec) -> Iterator[BudgetLine]:
    """Lines of categories that the heir has none of; their money is added up elsewhere."""
    known = {line.category for line in ours.budget}
    yield from (line for line in given.budget if line.category not in known)


def _numbered(ours: tuple[Window, ...], given: tuple[Window, ...]) -> Iterator[Window]:
    """A window whose number hangs over another one gets the next free number, counted up from its own."""
    own = {one.key: one.number for one in ours}
    used = {*own.values()}
    for one in given:
        number = one.number
        if one.key in own and number != own[one.key] and number in used:
            number = own[one.key]
        while one.key not in own and number in used:
            number += 1
        used.add(number)
        yield one.model_copy(update={"number": number})


def _where_both_are(base: Tree, ours: Tree, theirs: Tree) -> Tree:
    """The standard without items that one side has taken out: what the other still has stays then."""
    kept = {
        name: {key: item for key, item in base[name].items() if key in ours[name] and key in theirs[name]}
        for name in COLLECTIONS
    }
    return {**base, **kept}


def _arranged(heir: Heir, given: CentreSpec) -> bool:
    return any(getattr(given, name) != getattr(heir.party.standard.centre, name) for name in PLACE)


def _with_stock(after: CentreSpec, ours: CentreSpec, given: CentreSpec) -> CentreSpec:
    """What is on hand moves with the township, and adds up."""
    mine, yours = ({one.key: one.on_hand for one in side.fixtures} for side in (ours, given))
    lines = tuple(_counted(one, mine.get(one.key, 0) + yours.get(one.key, 0)) for one in after.fixtures)
    return after.model_copy(update={"fixtures": lines})


def _counted(line: Fixture, on_hand: int) -> Fixture:
    """Validated anew: there is a largest count."""
    return line if line.on_hand == on_hand else Fixture.model_validate({**dict(line), "on_hand": on_hand})


def _question(heir: Heir, source: Party, touch: Touch) -> Mark:
    parts = (heir.party.code, source.code, touch.path, touch.base, touch.ours, touch.theirs)
    return Mark(
        MarkKind.CONFLICT,
        touch.path,
        identity(*parts),
        touch.base,
        Code.CONFLICT_AA.value,
        ours=touch.ours,
        theirs=touch.theirs,
        origin=source.code,
    )


def _carried(heir: Heir, tree: Tree, given: Tree, marks: Marks, asked: Marks) -> Iterator[Mark]:
    """Marks that go on: those on places that say at the heir what the source said, with no mark of the kind yet."""
    taken = {(mark.kind, mark.path) for mark in (*heir.marks, *asked)}
    for mark in marks:
        stands = same(value_at(tree, mark.path), value_at(given, mark.path))
        if stands and (mark.kind, mark.path) not in taken and not _of_money(mark.path):
            yield mark


def _of_money(path: Path) -> bool:
    return path[0] in {"envelope", "budget"} or path[-1] == "on_hand"


class _Fates:
    """The fates of the things of one portion, read off what came of it."""

    def __init__(self, unit: str, source: str, before: Tree, given: Tree, after: Tree, asked: Marks) -> None:
        self._unit, self._source = unit, source
        self._before, self._given, self._after = before, given, after
        self._asked = [mark.path for mark in of_kind(asked, MarkKind.CONFLICT)]

    def of_configuration(self, given: CentreSpec) -> Iterator[tuple[tuple[str, str], Fate]]:
        for name, _ in given.profile:
            yield ("profile", name), self._of(("profile", name))
        yield ("hall", ""), self._of(("hall",))
        for section in COLLECTIONS:
            for item in getattr(given, section) if section != "budget" else ():
                yield (section, item.key), self._of((section, item.key))

    def of_mark(self, mark: Mark, carried: bool) -> Fate:
        if carried:
            return self._fate(Kind.MARK, mark.id, How.MOVED)
        return Fate(self._source, Kind.MARK, mark.id, "", How.RETIRED, reason=NOT_IN_FORCE)

    def _of(self, path: Path) -> Fate:
        kind, key = path[0], path[1] if len(path) > 1 else ""
        mine, was, now = (value_at(one, path) for one in (self._given, self._before, self._after))
        if path[0] in PLACE and not same(mine, now):
            return Fate(self._source, kind, key, "", How.RETIRED, reason=OTHER_PLACE)
        if any(place[: len(path)] == path for place in self._asked):
            return self._fate(kind, key, How.ASKED)
        if was is None:
            return self._fate(kind, key, How.MOVED, _renumbered(kind, mine, now))
        how = How.JOINED if same(was, now) else How.TAKEN
        return self._fate(kind, key, how, _added_up(kind, mine, now))

    def _fate(self, kind: str, key: str, how: How, note: str = "") -> Fate:
        return Fate(self._source, kind, key, "", how, self._unit, note=note)


def _renumbered(kind: str, mine: Any, now: Any) -> str:
    if kind != "windows" or mine["number"] == now["number"]:
        return ""
    return f"原 {mine['number']} 號已有窗口，改為 {now['number']} 號"


def _added_up(kind: str, mine: Any, now: Any) -> str:
    return f"現有數量合計 {now['on_hand']}" if kind == "fixtures" and mine["on_hand"] else ""
