"""How far a centre has come, derived from its configuration and the checks of the standard.

Pure. Nothing here is ever "done": without evidence the most that a check reaches is that the township itself
reports it complete (domain 3.1, 6). Evidence is another matter and comes with inspection.
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from provisioning.labels import item_label
from provisioning.parts import BY_FIELD
from provisioning.specs import CentreSpec, Check, Fixture, Keyed, Pack, is_blank
from provisioning.specs.centre import Review, required
from provisioning.specs.pack import Probe


class Stage(StrEnum):
    """Where a township stands; the first is that of a unit without a centre."""

    CLOSED = "未開通"
    OPEN = "已開通"
    COMPLETE = "資料完備"


class State(StrEnum):
    """How far one check has come by what the township itself says."""

    UNTOUCHED = "未開始"
    STARTED = "進行中"
    REPORTED = "自報完成"


@dataclass(frozen=True, slots=True)
class Missing:
    """One thing that is not there yet, and where it is filled in: `section`, `key` and the `fields` of it.

    `detail` says who fills it. For fixtures `required` and `present` are counts in `unit`.
    """

    section: str
    key: str | None
    label: str
    fields: tuple[str, ...] = ()
    detail: str = ""
    required: int = 0
    present: int = 0
    unit: str = ""

    @property
    def count(self) -> int:
        """How many blanks this is; a thing without named fields counts once."""
        return len(self.fields) or 1


@dataclass(frozen=True, slots=True)
class Result:
    """One check: `done` of `total` parts, and what is missing. `check` is None for facts no check asks about."""

    check: Check | None
    done: int
    total: int
    missing: tuple[Missing, ...]

    @property
    def state(self) -> State:
        if not self.missing:
            return State.REPORTED
        return State.STARTED if self.done else State.UNTOUCHED


@dataclass(frozen=True, slots=True)
class Readiness:
    """The checks of a centre. `percent` weighs every check alike and is 100 only when nothing is missing."""

    results: tuple[Result, ...]

    @property
    def missing(self) -> tuple[Missing, ...]:
        """Everything missing, each thing once although several checks may ask for it."""
        found = (missing for result in self.results for missing in result.missing)
        return tuple(dict.fromkeys(found))

    @property
    def count(self) -> int:
        return sum(missing.count for missing in self.missing)

    @property
    def stage(self) -> Stage:
        return Stage.OPEN if self.missing else Stage.COMPLETE

    @property
    def percent(self) -> int:
        if not self.missing:
            return 100
        parts = [100 * result.done // result.total for result in self.results if result.total]
        return min(99, sum(parts) // max(1, len(parts)))

    def reported(self, group: str) -> tuple[int, int]:
        """How many checks of a group (`hardware`, `software`) are reported complete, and of how many."""
        chosen = [result for result in self.results if result.check and result.check.group == group]
        return sum(result.state is State.REPORTED for result in chosen), len(chosen)


def readiness(centre: CentreSpec, pack: Pack) -> Readiness:
    """Every check of the pack answered from the configuration, then the local facts no check asks about."""
    asked = {subject for check in pack.checks if check.probe is Probe.PROFILE for subject in check.subjects}
    known = (
        name for name in type(centre.profile).model_fields if name not in BY_FIELD
    )  # words may be left out
    others = tuple(name for name in known if name not in asked)
    facts = _result(None, len(others), _profile(centre, others))
    return Readiness((*(_answer(check, centre) for check in pack.checks), facts))


def blank_fields(item: Keyed) -> tuple[str, ...]:
    """The fields of an item that wait to be filled, also where the blank sits inside (the fee's standard)."""
    return tuple(name for name in type(item).model_fields if _has_blank(getattr(item, name)))


def _has_blank(value: Any) -> bool:
    fields = getattr(type(value), "model_fields", {})
    return is_blank(value) or any(is_blank(getattr(value, name)) for name in fields)


def _answer(check: Check, centre: CentreSpec) -> Result:
    total, missing = _PROBES[check.probe](centre, check.subjects)
    return _result(check, total, missing)


def _result(check: Check | None, total: int, missing: Iterable[Missing]) -> Result:
    found = tuple(missing)
    lacking = sum(one.required - one.present if one.required else 1 for one in found)
    return Result(check, max(0, total - lacking), total, found)


Answer = tuple[int, Iterable[Missing]]


def _fixture_check(centre: CentreSpec, subjects: tuple[str, ...]) -> Answer:
    chosen = [fixture for fixture in centre.fixtures if fixture.key in subjects]
    total = sum(required(fixture.quantity, centre) for fixture in chosen)
    gone = [Missing("fixtures", None, key) for key in subjects if key not in {f.key for f in chosen}]
    return total + len(gone), [*gone, *_short(centre, chosen)]


def _short(centre: CentreSpec, fixtures: Iterable[Fixture]) -> Iterator[Missing]:
    for fixture in fixtures:
        needed = required(fixture.quantity, centre)
        if fixture.on_hand < needed:
            place = (fixture.key, fixture.name)
            yield Missing("fixtures", *place, required=needed, present=fixture.on_hand, unit=fixture.unit)


def _profile_check(centre: CentreSpec, subjects: tuple[str, ...]) -> Answer:
    return len(subjects), _profile(centre, subjects)


def _profile(centre: CentreSpec, names: Iterable[str]) -> Iterator[Missing]:
    for name in names:
        value = getattr(centre.profile, name)
        if is_blank(value):
            yield Missing("profile", None, name, (name,), value.blank)


def _guide_check(centre: CentreSpec, _subjects: tuple[str, ...]) -> Answer:
    found = ((item, blank_fields(item)) for item in centre.items)
    return len(centre.items), [Missing("items", item.key, item.name, blank) for item, blank in found if blank]


def _regime_check(centre: CentreSpec, subjects: tuple[str, ...]) -> Answer:
    return len(subjects), [*_absent("regimes", centre.regimes, subjects), *_unfit_regimes(centre, subjects)]


def _unfit_regimes(centre: CentreSpec, subjects: tuple[str, ...]) -> Iterator[Missing]:
    for regime in centre.regimes:
        if regime.key in subjects and any(is_blank(article.text) for article in regime.articles):
            yield Missing("regimes", regime.key, regime.title, ("articles",))
        elif regime.key in subjects and regime.review is Review.NEEDED:
            yield Missing("regimes", regime.key, regime.title, ("review",))


def _post_check(centre: CentreSpec, subjects: tuple[str, ...]) -> Answer:
    served = {post.window for post in centre.posts}
    idle = [window for window in centre.windows if window.key not in served]
    missing = [Missing("posts", window.key, window.name) for window in idle]
    return len(subjects) + len(centre.windows), [*_absent("posts", centre.posts, subjects), *missing]


def _sign_check(centre: CentreSpec, subjects: tuple[str, ...]) -> Answer:
    """A sign counts when it hangs: the fixture that bears its name is on hand."""
    names = {sign.name for sign in centre.signs if sign.key in subjects}
    made = [fixture for fixture in centre.fixtures if fixture.name in names]
    total = sum(required(fixture.quantity, centre) for fixture in made)
    absent = list(_absent("signs", centre.signs, subjects))
    return total + len(absent), [*absent, *_short(centre, made)]


def _budget_check(centre: CentreSpec, _subjects: tuple[str, ...]) -> Answer:
    whole = centre.envelope > 0 and sum(line.share for line in centre.budget) == 10_000
    return 1, () if whole else (Missing("budget", None, ""),)


def _absent(section: str, items: Iterable[Keyed], subjects: Iterable[str]) -> Iterator[Missing]:
    names = {item.key: item_label(item) for item in items}
    return (Missing(section, None, key) for key in subjects if key not in names)


_PROBES: dict[Probe, Callable[[CentreSpec, tuple[str, ...]], Answer]] = {
    Probe.FIXTURE: _fixture_check,
    Probe.PROFILE: _profile_check,
    Probe.GUIDES: _guide_check,
    Probe.REGIMES: _regime_check,
    Probe.POSTS: _post_check,
    Probe.SIGNS: _sign_check,
    Probe.BUDGET: _budget_check,
}

# By the hashes of configuration and release: content never changes under its hash, so nothing is invalidated.
Identity = tuple[str, str]
_KEPT: OrderedDict[Identity, Readiness] = OrderedDict()
KEPT_AT_MOST = 4096


def kept(identity: Identity) -> Readiness | None:
    """What has been computed for a (configuration, release) before."""
    return _KEPT.get(identity)


def keep(identity: Identity, centre: CentreSpec, pack: Pack) -> Readiness:
    """Compute, or give what was computed for the same identity."""
    known = _KEPT.get(identity)
    if known is None:
        known = _KEPT[identity] = readiness(centre, pack)
        if len(_KEPT) > KEPT_AT_MOST:
            _KEPT.popitem(last=False)
    return known
