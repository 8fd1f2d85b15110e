"""What must not depend on the way: jumps over releases, the order of files and of townships (rules F4, D4, H1, Q)."""

import shutil
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from provisioning.canonical import canonical, content_hash
from provisioning.differences import delta, patched
from provisioning.load import load_pack
from provisioning.plan import Plan
from provisioning.planning import plan_centre
from provisioning.resolve import Upstream
from provisioning.specs import CentreSpec, Pack
from provisioning.specs.centre import COLLECTIONS, MANUAL
from tests.fixtures.changes import plan
from tests.fixtures.life import (
    PREFECTURE,
    Change,
    Prefecture,
    allowed,
    changes,
    done,
    own_key,
)
from tests.fixtures.soak import examples
from tests.fixtures.standards import PACK_FOLDER

# What the township writes is never what a release writes: two that happen to agree are a case of its own (rule B1).
OWN_CHANGES = st.lists(changes(("set", "add", "member"), values="丙丁"), max_size=4)
RELEASES = st.lists(changes(PREFECTURE), min_size=1, max_size=3)
few = examples(40)


def township(standard: Upstream, wanted: Iterable[Change]) -> CentreSpec:
    """The standard's centre with what a township may do to it."""
    centre = standard.centre
    for number, change in enumerate(wanted):
        after, path = done(centre, change, own_key(number))
        centre = after if allowed(standard, after, path) else centre
    return centre


def quiet(*plans: Plan) -> bool:
    """Whether nobody was asked, and nothing happened that both sides did alike."""
    actions = [action for made in plans for action in made.changes.actions]
    return not any(made.changes.marks for made in plans) and not any(
        action.reason == "CONVERGED" for action in actions
    )


@few
@given(OWN_CHANGES, RELEASES, RELEASES)
def test_rule_q_a_jump_over_a_release_gives_what_the_two_steps_give(
    own: list[Change], second: list[Change], third: list[Change]
) -> None:
    """Also the order of what is the standard's; an own item stands behind what it stood behind when it last moved."""
    prefecture = Prefecture()
    line = [prefecture.newest, prefecture.publish(*second), prefecture.publish(*third)]
    ours = township(line[0], own)
    first_step = plan(ours, line[0], line[1])
    second_step = plan(first_step.changes.after, line[1], line[2], first_step.changes.marks)
    jump = plan(ours, line[0], line[2])
    assume(quiet(first_step, second_step, jump))
    assert contents(jump.changes.after) == contents(second_step.changes.after)


def contents(value: Any) -> Any:
    """A configuration in which the township's own come last: where between the standard's depends on the way."""
    plain = canonical(value) if isinstance(value, CentreSpec) else value
    if isinstance(plain, dict):
        return {name: contents(inner) for name, inner in plain.items()}
    if isinstance(plain, list):
        keyed = sorted(plain, key=lambda one: one["key"] if _own(one) else "")
        return [contents(inner) for inner in keyed]
    return plain


def _own(one: Any) -> bool:
    return isinstance(one, dict) and "own-" in one.get("key", "")


@few
@given(OWN_CHANGES, RELEASES)
def test_rule_q_a_plan_applied_as_differences_gives_what_it_says(
    own: list[Change], second: list[Change]
) -> None:
    prefecture = Prefecture()
    base, target = prefecture.newest, prefecture.publish(*second)
    ours = township(base, own)
    after = plan(ours, base, target).changes.after
    assert content_hash(patched(ours, delta(ours, after))) == content_hash(after)


def shuffled(standard: Upstream, random: Any) -> Upstream:
    """The same standard as if its files had been written in another order."""
    sections = {}
    for section in sorted(COLLECTIONS.keys() - MANUAL):
        items = list(getattr(standard.centre, section))
        random.shuffle(items)
        sections[section] = tuple(items)
    rules = list(standard.policies[0])
    random.shuffle(rules)
    return replace(
        standard,
        centre=standard.centre.model_copy(update=sections),
        policies=(tuple(rules), *standard.policies[1:]),
    )


@few
@given(OWN_CHANGES, RELEASES, st.randoms(use_true_random=False))
def test_rule_q_the_order_in_which_a_standard_was_written_makes_no_difference(
    own: list[Change], second: list[Change], random: Any
) -> None:
    prefecture = Prefecture()
    base, target = prefecture.newest, prefecture.publish(*second)
    ours = township(base, own)
    made = plan(ours, base, target)
    again = plan(ours, shuffled(base, random), shuffled(target, random))
    assert again.changes.digest == made.changes.digest
    assert again.changes.after_revision == made.changes.after_revision


@few
@given(st.lists(OWN_CHANGES, min_size=2, max_size=4), RELEASES, st.randoms(use_true_random=False))
def test_rule_q_the_order_in_which_townships_are_planned_makes_no_difference(
    owns: list[list[Change]], second: list[Change], random: Any
) -> None:
    prefecture = Prefecture()
    base, target = prefecture.newest, prefecture.publish(*second)
    centres = {f"522301{number:03}000": township(base, own) for number, own in enumerate(owns)}
    straight = {unit: plan_centre(unit, centre, base, target).hash for unit, centre in centres.items()}
    order = list(centres)
    random.shuffle(order)
    fresh = replace(base), replace(target)  # nothing remembered of them
    assert {unit: plan_centre(unit, centres[unit], *fresh).hash for unit in order} == straight


@few
@given(RELEASES)
def test_rule_q_a_township_that_did_nothing_has_the_standard_after_every_release(
    second: list[Change],
) -> None:
    prefecture = Prefecture()
    base, target = prefecture.newest, prefecture.publish(*second)
    made = plan(base.centre, base, target)
    assert made.changes.after_revision == target.revision
    assert not made.changes.conflicts


@few
@given(OWN_CHANGES)
def test_rule_q_a_release_that_changes_nothing_leaves_the_township_as_it_is(own: list[Change]) -> None:
    prefecture = Prefecture()
    base, target = prefecture.newest, prefecture.publish()
    ours = township(base, own)
    made = plan(ours, base, target)
    assert not made.changes.effective
    assert made.changes.after == ours


class Backwards(type(Path())):  # type: ignore[misc]
    """A folder that lists its files the other way round, as another file system may."""

    def iterdir(self) -> Any:
        return iter(sorted(super().iterdir(), reverse=True))


def test_rule_q_the_order_in_which_a_file_system_lists_files_makes_no_difference(
    pack: Pack, tmp_path: Path
) -> None:
    shutil.copytree(PACK_FOLDER, tmp_path / "qianxinan")
    assert next(one.name for one in Backwards(tmp_path / "qianxinan").iterdir()) == "windows.yaml"
    assert content_hash(load_pack(Backwards(tmp_path / "qianxinan"))) == content_hash(pack)
