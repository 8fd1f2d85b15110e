"""A county between a release and the next: its overlay is reconciled before any township is (rule A1). Pure."""

from dataclasses import dataclass

from provisioning.merge import Touch, merge
from provisioning.moves import relocate
from provisioning.overlay import lay_over
from provisioning.policy import governing
from provisioning.specs import CentreSpec, Overlay, Pack
from provisioning.specs.pack import Policy
from provisioning.tree import Path, centre_of, centre_tree, written


@dataclass(frozen=True)
class CountyStandard:
    """What a county's townships are brought to, and the places where they wait for the county to decide."""

    centre: CentreSpec
    questions: tuple[Touch, ...]

    def waits(self, path: Path) -> bool:
        """Whether a place waits for the county; everything else of a release reaches the townships at once."""
        return any(path[: len(touch.path)] == touch.path for touch in self.questions)


class _Prefecture:
    """The judge of a county: what the prefecture says in the release it goes to."""

    def __init__(self, pack: Pack) -> None:
        self._policies = (pack.policies,)

    def policy(self, path: Path) -> Policy | None:
        rule = governing(self._policies, written(path[:3]))
        return rule.policy if rule else None

    def pinned(self, path: Path) -> bool:  # noqa: ARG002
        return False


def county_standard(base: Pack, overlay: Overlay, target: Pack) -> CountyStandard:
    """An overlay that was written on `base`, merged with the release `target`.

    Where both changed one thing the county's stands until it decides, as with a township and its standard. Items
    that moved in between take the county's words along (rule F1).
    """
    ours, theirs = centre_tree(lay_over(base.centre, overlay, base.moves)), centre_tree(target.centre)
    before = relocate(centre_tree(base.centre), ours, theirs, target.moves, base.header.release)
    merged = merge(before.base, before.ours, theirs, _Prefecture(target))
    return CountyStandard(centre_of(merged.tree, like=target.centre), merged.conflicts)
