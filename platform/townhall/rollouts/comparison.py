"""A release beside the one before it: what differs, in sentences, and what that means for the fleet."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.plan import Action, Operation, Reason
from provisioning.planning import plan_centre
from provisioning.sentences import UNTOUCHED
from provisioning.specs import Pack, PolicyRule, UnitKind
from provisioning.tree import Path, written
from townhall.rollouts.simulation import simulation_of
from townhall.standards.models import Release, Status
from townhall.standards.operations import pack_of, upstream_of

# What becomes of a place in the centres: the reason codes under one heading each.
TAKEN = frozenset(
    {
        Reason.TEMPLATE_CHANGED,
        Reason.TEMPLATE_REMOVED,
        Reason.MOVED,
        Reason.REQUIRED_RESTORED,
        Reason.CONVERGED,
    }
)
ASKED = frozenset(
    {
        *(Reason.CONFLICT_MM, Reason.CONFLICT_DM, Reason.CONFLICT_MD, Reason.CONFLICT_AA),
        *(Reason.PINNED, Reason.MOVE_BLOCKED),
    }
)
DISPLACED = frozenset({Reason.LOCKED_DISPLACED})


@dataclass(frozen=True, slots=True)
class Line:
    """One difference: the action on a centre that changed nothing, and how many centres take it, ask, or lose theirs."""

    action: Action
    taken: int
    asked: int
    displaced: int

    @property
    def sentence(self) -> str:
        """What changes, without what it says of a township that changed nothing."""
        return self.action.sentence.replace(UNTOUCHED, "")

    @property
    def centres(self) -> int:
        """How many centres it reaches."""
        return self.taken + self.asked + self.displaced


@dataclass(frozen=True)
class Comparison:
    """What a release changes against the published one before it; `rules` are its new and changed policies."""

    previous: Release | None
    lines: tuple[Line, ...] = ()
    rules: tuple[PolicyRule, ...] = ()
    gone: tuple[PolicyRule, ...] = field(default=())


def previous_release(session: Session, release: Release) -> Release | None:
    """The published release with the highest number below that of a release."""
    before = select(Release).filter_by(pack=release.pack, status=Status.PUBLISHED.value)
    before = before.where(Release.number < release.number).order_by(Release.number.desc())
    return session.scalars(before.limit(1)).first()


def compare(session: Session, release: Release) -> Comparison:
    """A release against the one before it, with the counts of its simulation where there is one."""
    previous = previous_release(session, release)
    if previous is None:
        return Comparison(None)
    simulation = simulation_of(session, release)
    places = simulation.places if simulation else {}
    lines = tuple(
        _line(action, places.get(written(action.path), {})) for action in _actions(previous, release)
    )
    old, new = pack_of(previous), pack_of(release)
    return Comparison(previous, lines, tuple(_rules(old, new)), tuple(_rules(new, old)))


def _actions(previous: Release, release: Release) -> Iterator[Action]:
    """What happens to a centre that has changed nothing, over the kinds of units; each place once."""
    seen: set[Path] = set()
    for kind in UnitKind:
        base, target = upstream_of(previous, None, kind), upstream_of(release, None, kind)
        for action in plan_centre("", base.centre, base, target).changes.actions:
            if action.operation is not Operation.KEEP and action.path not in seen:
                seen.add(action.path)
                yield action


def _line(action: Action, counts: dict[str, int]) -> Line:
    taken, asked, displaced = (
        sum(counts.get(reason.value, 0) for reason in group) for group in (TAKEN, ASKED, DISPLACED)
    )
    return Line(action, taken, asked, displaced)


def _rules(old: Pack, new: Pack) -> Iterator[PolicyRule]:
    """Policies of one pack that the other has not, or has in other words."""
    return (rule for rule in new.policies if rule not in old.policies)
