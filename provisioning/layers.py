"""A county between a release and the next: its overlay is reconciled before any township is (rule A1). Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from provisioning.differences import ITEM, ORDER, differences
from provisioning.following import followed
from provisioning.marks import Mark, MarkKind, Marks, after_merge, mark_of, of_kind, with_old_bases
from provisioning.merge import merge
from provisioning.moves import relocate
from provisioning.overlay import lay_over
from provisioning.policy import governing
from provisioning.specs import CentreSpec, Overlay, Pack
from provisioning.specs.pack import Policy
from provisioning.tree import Path, centre_of, centre_tree, written


@dataclass(frozen=True)
class CountyStandard:
    """What a county says as it reads on a release, and the places where its townships wait for it to decide."""

    centre: CentreSpec
    overlay: Overlay
    questions: Marks

    def waits(self, path: Path) -> bool:
        """Whether a place waits for the county; everything else of a release reaches the townships at once."""
        return any(path[: len(mark.path)] == mark.path for mark in self.questions)


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
    marks = marks_of(overlay)
    old = with_old_bases(centre_tree(base.centre), marks)
    before = relocate(old, ours, theirs, target.moves, base.header.release)
    standing = tuple(replace(mark, path=before.path(mark.path)) for mark in marks)
    merged = merge(before.base, before.ours, theirs, _Prefecture(target))
    marks = after_merge(overlay.county, standing, merged.touches)
    centre = centre_of(merged.tree, like=target.centre)
    return laid(target, rewritten(followed(overlay, target.moves), target.centre, centre, marks))


def laid(pack: Pack, overlay: Overlay) -> CountyStandard:
    """An overlay on the release that it is written on."""
    questions = tuple(of_kind(marks_of(overlay), MarkKind.CONFLICT))
    return CountyStandard(lay_over(pack.centre, overlay), overlay, questions)


def rewritten(overlay: Overlay, standard: CentreSpec, centre: CentreSpec, marks: Iterable[Mark]) -> Overlay:
    """The overlay that makes `centre` of the prefecture's `standard`; what it tightens stays.

    A county has no order of its own: what it adds stands after what the prefecture has. Raises `ValueError` for
    a change that no overlay can say: one of the hall or of the envelope.
    """
    said: dict[str, Any] = {"profile": {}, "change": {}, "add": {}, "remove": {}}
    for one in differences(standard, centre):
        if one.field == ORDER:
            continue
        if one.section == "profile":
            said["profile"][one.field] = one.after
        elif one.key is None:
            raise ValueError(one.path)
        elif one.field != ITEM:
            said["change"].setdefault(one.section, {}).setdefault(one.key, {})[one.field] = one.after
        elif one.after is None:
            said["remove"].setdefault(one.section, []).append(one.key)
        else:
            said["add"].setdefault(one.section, []).append(one.after)
    data = overlay.model_dump(mode="json") | said | {"marks": [mark.data() for mark in marks]}
    return Overlay.model_validate(data)


def marks_of(overlay: Overlay) -> Marks:
    """What an overlay's changes cannot say: where the county has not decided, and what a lock displaced."""
    return tuple(mark_of(data) for data in overlay.marks)
