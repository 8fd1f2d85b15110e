"""The demonstration's townships meet release 2: every kind of meeting is there, and nothing local is lost."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.orm import Session

from provisioning.canonical import content_hash
from provisioning.following import Following
from provisioning.load import load_overlay
from provisioning.marks import Choice, MarkKind, of_kind
from provisioning.plan import Plan
from provisioning.schema import CENTRE
from provisioning.specs import CentreSpec, Pack
from provisioning.specs.pack import Move
from provisioning.tree import centre_tree, opened
from provisioning.validate import check_centre
from tests.fixtures.changes import keys
from tests.fixtures.databases import Copies
from tests.fixtures.host import Host, host_on
from tests.fixtures.standards import MOMENT, PACK_FOLDER
from townhall.audit.act import host_act
from townhall.centres import demonstration
from townhall.centres.apply import apply_plan, pinned, plan_unit, standard_for
from townhall.centres.deciding import Decision, decide_conflict
from townhall.centres.demonstration import COPYING, HOME_DAYS, PROXY, RENTAL, SCREEN
from townhall.centres.models import Centre
from townhall.centres.provision import provision
from townhall.centres.replay import replay
from townhall.centres.rows import require_centre
from townhall.counties.demonstration import follow_withdrawals
from townhall.counties.operations import county_desk
from townhall.standards.models import Release
from townhall.standards.operations import newest_overlays, publish_overlay, publish_release
from townhall.units.models import Unit

ACT = host_act("測試", MOMENT)
NEW_MEDICAL, NEW_LAND = "zhou:resident-medical-enrolment", "zhou:land-resources"
PROXY_LIMIT = ("items", PROXY, "promised_limit")


@dataclass
class Met:
    """A county's townships on release 1 with what they have made of it, and release 2 beside."""

    host: Host
    places: dict[int, Unit]
    second: Release

    @property
    def units(self) -> list[Unit]:
        return list(self.places.values())

    def plan(self, session: Session, unit: Unit) -> Plan:
        return plan_unit(session, unit, self.standard(session, unit))

    def standard(self, session: Session, unit: Unit) -> Any:
        return standard_for(unit, self.second, newest_overlays(session, self.second))

    def apply(self, session: Session, unit: Unit) -> Plan:
        plan = self.plan(session, unit)
        apply_plan(session, plan, unit, self.standard(session, unit), act=ACT)
        return plan


# A township for each story, and two that have none.
PLACES = [*sorted({story: place for place, story in demonstration.STORIES.items()}.values()), 1, 4]


@pytest.fixture(scope="module")
def met(sqlite_copies: Copies, pack: Pack, second_release: Pack) -> Iterator[Met]:
    """Made once: the tests leave what they write to be rolled back."""
    host = host_on(sqlite_copies(), pack)
    units = {place: host.units[place] for place in PLACES}
    overlay = load_overlay((PACK_FOLDER / "demo" / "522301.yaml").read_bytes(), "522301.yaml", pack)
    with host.sessions.begin() as session:
        publish_overlay(session, host.units[0].parent_code or "", overlay, MOMENT, host.release)
        overlays = newest_overlays(session, host.release)
    provision(host.sessions, list(units.values()), host.release, overlays, act=ACT)
    with host.sessions.begin() as session:
        told = [demonstration.tell(session, place, unit, ACT) for place, unit in units.items()]
        second = publish_release(session, second_release, MOMENT)
        follow_withdrawals(session, session.get_one(Unit, host.units[0].parent_code), act=ACT)
    assert told == [True] * (len(PLACES) - 2) + [False] * 2
    yield Met(host, units, second)
    host.engine.dispose()


def unit_of(met: Met, story: demonstration.Story) -> Unit:
    return next(unit for place, unit in met.places.items() if demonstration.STORIES.get(place) is story)


def reasons(plan: Plan) -> dict[str, str]:
    return {action.data()["path"]: action.reason.value for action in plan.changes.actions}


def test_every_way_of_meeting_release_2_is_there_and_each_where_it_belongs(met: Met) -> None:
    found: dict[str, set[str]] = defaultdict(set)
    with met.host.sessions() as session:
        for unit in met.units:
            for path, reason in reasons(met.plan(session, unit)).items():
                found[reason].add(path)
    limit = "regimes[zhou:appointment].parameters[home-days].value"
    assert {f"items[{NEW_MEDICAL}]", "windows[zhou:land-resources]"} <= found["MOVED"]
    assert {limit, f"items[{PROXY}].promised_limit", f"windows[{NEW_LAND}].name"} <= found["CONFLICT_MM"]
    assert f"items[{RENTAL}]" in found["CONFLICT_DM"]
    assert found["CONFLICT_MD"] == {f"items[{COPYING}]"}
    assert found["TEMPLATE_REMOVED"] == {f"items[{COPYING}]"}
    assert found["PINNED"] == {limit}
    assert found["LOCAL_ORDER_KEPT"] == {"windows"}
    assert f"items[{NEW_MEDICAL}].channels" in found["LOCAL_KEPT"]
    assert any(path.startswith("windows[xiang:") for path in found["LOCAL_KEPT"])
    assert f"fixtures[{SCREEN}]" in found["LOCAL_REMOVAL_KEPT"]
    assert "regimes[zhou:ab-post]" in found["TEMPLATE_CHANGED"]
    assert not {"MOVE_BLOCKED", "UNIQUE_COLLISION", "REF_BROKEN", "LOCKED_DISPLACED"} & set(found)


def test_rule_e4_the_longer_promise_stands_until_the_day_that_release_2_names(met: Met) -> None:
    with met.host.sessions() as session:
        plan = met.plan(session, unit_of(met, demonstration.forwards_in_six_days))
    (found,) = [one for one in plan.changes.findings if one.reason == "BOUND_VIOLATION"]
    assert found.sentence.endswith("現值可以沿用至2027年6月30日")


def test_every_centre_that_is_brought_to_release_2_is_valid_and_its_audit_leads_there(met: Met) -> None:
    with met.host.sessions() as session:
        for unit in met.units:
            plan = met.apply(session, unit)
            centre = require_centre(session, unit.code)
            assert not plan.errors
            assert list(check_centre(centre)) == []
            replayed = replay(session, unit)
            assert replayed is not None
            assert content_hash(replayed) == session.get_one(Centre, unit.code).content_hash
            assert not met.plan(session, unit)


def leaves(centre: CentreSpec) -> dict[tuple[str, ...], Any]:
    """Every value of a centre by its place; sets and texts are values."""
    return dict(_leaves((), CENTRE, centre_tree(centre)))


def _leaves(path: tuple[str, ...], node: Any, tree: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    tree = opened(node, tree)
    if not isinstance(tree, dict) or not (node.fields or node.item):
        yield path, tree
        return
    for name, inner in tree.items():
        yield from _leaves((*path, name), node.each if node.item else node.fields[name], inner)


def lost(standard: CentreSpec, ours: CentreSpec, after: CentreSpec, moves: tuple[Move, ...]) -> list[Any]:
    """The places where a township differed from its standard and does not say the same any more."""
    to = Following(moves)
    old, mine, now = (leaves(centre) for centre in (standard, ours, after))
    local = [path for path in {*old, *mine} if old.get(path) != mine.get(path)]
    return [
        path
        for path in local
        if now.get((path[0], to.keys(path[0], path[1])[0], *path[2:])) != mine.get(path)
    ]


def test_nothing_that_a_township_wrote_or_took_away_is_lost(met: Met, second_release: Pack) -> None:
    """And the check would tell: had the standard won everywhere, each township with a story would have lost."""
    losers = 0
    with met.host.sessions() as session:
        for unit in met.units:
            standard, ours = pinned(session, unit).upstream.centre, require_centre(session, unit.code)
            met.apply(session, unit)
            after = require_centre(session, unit.code)
            assert lost(standard, ours, after, second_release.moves) == []
            theirs = met.standard(session, unit).upstream.centre
            losers += bool(lost(standard, ours, theirs, second_release.moves))
    assert losers == len(PLACES) - 4


def test_the_order_of_a_township_holds_the_new_windows_where_the_old_one_stood(met: Met) -> None:
    unit = unit_of(met, demonstration.petitions_first)
    with met.host.sessions() as session:
        met.apply(session, unit)
        windows = keys(require_centre(session, unit.code), "windows")
    assert windows[0] == "zhou:petition"
    place = windows.index("zhou:land-resources")
    assert windows[place - 1 : place + 2] == ["zhou:agriculture", "zhou:land-resources", "zhou:housing"]


def test_what_a_township_accepted_and_pinned_is_still_known(met: Met) -> None:
    with met.host.sessions() as session:
        screen = met.apply(session, unit_of(met, demonstration.goes_without_a_screen))
        held = met.apply(session, unit_of(met, demonstration.holds_three_days))
    (accepted,) = of_kind(screen.changes.marks, MarkKind.ACCEPTED)
    assert accepted.path == ("fixtures", SCREEN)
    (pin,) = of_kind(held.changes.marks, MarkKind.PIN)
    assert pin.path == HOME_DAYS


@pytest.mark.parametrize(
    ("story", "path", "value"),
    [
        (demonstration.visits_sooner, HOME_DAYS, 2),
        (demonstration.holds_three_days, HOME_DAYS, 2),
        (demonstration.forwards_in_six_days, PROXY_LIMIT, {"days": 5, "unit": "工作日"}),
        (demonstration.calls_the_window_otherwise, ("windows", NEW_LAND, "name"), "國土資源窗口"),
    ],
)
def test_a_question_of_the_demonstration_can_be_decided_for_the_standard(
    met: Met, story: demonstration.Story, path: tuple[str, ...], value: Any
) -> None:
    unit = unit_of(met, story)
    with met.host.sessions() as session:
        plan = met.apply(session, unit)
        mark = next(one for one in of_kind(plan.changes.marks, MarkKind.CONFLICT) if one.path == path)
        decide_conflict(session, unit, mark.id, Decision(Choice.TAKE_STANDARD), act=ACT)
        assert leaves(require_centre(session, unit.code))[path] == value


def test_townships_without_a_story_follow_without_a_question(met: Met) -> None:
    quiet = [unit for place, unit in met.places.items() if place not in demonstration.STORIES]
    assert len(quiet) == 2
    with met.host.sessions() as session:
        assert not [unit.name for unit in quiet if met.plan(session, unit).changes.conflicts]


def test_no_story_reaches_so_far_that_an_upgrade_needs_a_reason(met: Met) -> None:
    with met.host.sessions() as session:
        assert not [unit.name for unit in met.units if met.plan(session, unit).changes.guard]


def test_the_county_of_the_demonstration_has_one_question_of_its_own_open(met: Met) -> None:
    with met.host.sessions() as session:
        county = session.get_one(Unit, met.units[0].parent_code)
        desk = county_desk(session, county)
        assert [mark.path for mark in desk.says.questions] == [
            ("items", "zhou:land-dispute-mediation", "accepting_body")
        ]
        assert desk.published is not None
        assert (desk.published.version, desk.published.release.number) == (2, 2)
        assert met.plan(session, met.units[0]).waiting
