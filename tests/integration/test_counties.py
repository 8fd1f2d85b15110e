"""A county writes on the prefecture's standard, is asked when both changed one thing, and brings its townships on."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select, update

from provisioning.canonical import canonical
from provisioning.marks import Choice
from provisioning.specs import Overlay, Pack, PolicyRule
from provisioning.specs.pack import Policy
from tests.fixtures.changes import part
from tests.fixtures.releases import evolved
from tests.fixtures.rollouts import ACT, ITEM, SIX, Fleet
from townhall.audit.act import Act, host_act
from townhall.audit.models import AuditRecord
from townhall.centres.apply import plan_unit, standard_for
from townhall.centres.deciding import Decision
from townhall.centres.edit import Edit, EditRefused, addition, ordering, removal
from townhall.centres.models import Centre, Revision
from townhall.centres.rows import require_centre
from townhall.counties.bringing import Brought, bring_county_on, effects
from townhall.counties.models import CountyDraft
from townhall.counties.operations import (
    NoStandard,
    change,
    county_desk,
    decide_question,
    discard,
    publish,
    restore,
    slacken,
    take_over,
    tighten,
)
from townhall.rollouts.models import RolloutState
from townhall.standards.models import CountyOverlay, Release
from townhall.standards.operations import newest_overlays
from townhall.units.models import Unit

# What does not depend on the database is tried on one.
here = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

COUNTY = host_act("縣", ACT.moment, "本縣實際")
RESULT, SCOPE = "縣的辦理結果", "縣的適用範圍"
PLACE = ("items", ITEM, "result")


class County:
    """The county of the fleet's six townships."""

    def __init__(self, fleet: Fleet) -> None:
        self.fleet, self.sessions = fleet, fleet.host.sessions
        self.code = fleet.host.units[0].parent_code or ""

    def does(
        self, verb: Callable[..., object], *arguments: object, act: Act = COUNTY, **more: object
    ) -> None:
        with self.sessions.begin() as session:
            verb(session, session.get_one(Unit, self.code), *arguments, act=act, **more)

    def says(self, *edits: Edit) -> None:
        self.does(change, edits, seen=None)

    def published(self, *edits: Edit) -> None:
        self.says(*edits)
        self.does(publish)

    def brings_on(self) -> list[Brought]:
        with self.sessions() as session:
            county = session.get_one(Unit, self.code)
        return bring_county_on(self.sessions, county, act=COUNTY)

    def results(self, field: str = "result") -> list[str]:
        with self.sessions() as session:
            return [
                getattr(part(require_centre(session, code), "items", ITEM), field)
                for code in self.fleet.codes
            ]


@pytest.fixture
def county(fleet: Fleet) -> County:
    return County(fleet)


def said(value: str = RESULT, field: str = "result") -> Edit:
    return Edit("items", ITEM, field, value)


def test_rule_a1_what_a_county_publishes_reaches_its_townships_that_have_not_changed_it(
    county: County,
) -> None:
    county.says(said())
    assert county.results()[2] != RESULT
    county.does(publish)
    assert [one.written for one in county.brings_on()] == [True] * SIX
    assert county.results() == ["本地的辦理結果", *[RESULT] * (SIX - 1)]
    assert [one.written for one in county.brings_on()] == [False] * SIX


def test_rule_a1_a_draft_of_a_county_changes_nothing_and_tells_what_it_would_change(county: County) -> None:
    before = county.fleet.host.state()
    county.says(said())
    with county.sessions() as session:
        desk = county_desk(session, session.get_one(Unit, county.code))
        told = [(one.changed, one.asked) for one in effects(session, desk)]
    assert told == [(0, 1), *[(1, 0)] * (SIX - 1)]
    after = county.fleet.host.state()
    aside = {"county_draft", "audit_record"}
    assert {name: rows for name, rows in after.items() if name not in aside} == {
        name: rows for name, rows in before.items() if name not in aside
    }
    county.does(discard)
    with county.sessions() as session:
        assert session.get(CountyDraft, county.code) is None


def test_rule_a1_the_county_is_asked_and_its_townships_receive_the_rest(county: County, pack: Pack) -> None:
    county.published(said())
    county.brings_on()
    county.fleet.second = evolved(
        pack, ["items", ITEM, "result", "州第二版的辦理結果"], ["items", ITEM, "scope", "州第二版的範圍"]
    )
    rollout = county.fleet.begun()
    with county.sessions() as session:
        unit, second = (
            session.get_one(Unit, county.fleet.codes[2]),
            session.scalars(select(Release).filter_by(number=2)).one(),
        )
        plan = plan_unit(session, unit, standard_for(unit, second, newest_overlays(session, second)))
    assert [action.path for action in plan.changes.actions] == [("items", ITEM, "scope")]
    (sentence,) = plan.waiting
    assert sentence == (
        "事項〔臨時救助申請〕的辦理結果：州標準與縣級補充規定各有改動，等待縣決定，在此之前保持不變"
    )
    assert county.fleet.run(rollout) is RolloutState.COMPLETED
    assert county.results()[2:] == [RESULT] * (SIX - 2)
    assert county.results("scope")[2:] == ["州第二版的範圍"] * (SIX - 2)


@pytest.mark.parametrize(
    ("decision", "wanted"),
    [
        (Decision(Choice.TAKE_STANDARD), "州第二版的辦理結果"),
        (Decision(Choice.KEEP_LOCAL), RESULT),
        (Decision(Choice.NEW_VALUE, "縣州商定的結果"), "縣州商定的結果"),
    ],
)
def test_rule_g3_what_a_county_decides_stands_in_its_next_overlay_and_is_not_asked_again(
    county: County, decision: Decision, wanted: str
) -> None:
    county.published(said())
    county.brings_on()
    county.fleet.run(county.fleet.begun())
    with county.sessions() as session:
        (question,) = county_desk(session, session.get_one(Unit, county.code)).says.questions
    assert (question.path, question.ours, question.theirs) == (PLACE, RESULT, "州第二版的辦理結果")
    county.does(decide_question, question.id, decision)
    county.does(publish)
    with county.sessions() as session:
        desk = county_desk(session, session.get_one(Unit, county.code))
        assert (desk.says.questions, desk.changed) == ((), False)
        assert desk.published is not None
        assert (desk.published.version, desk.published.release.number) == (2, 2)
        record = session.scalars(select(AuditRecord).filter_by(action="county.decide")).one()
        assert (record.unit_id, record.basis["choice"]) == (county.code, decision.choice.value)
    county.brings_on()
    assert county.results()[2:] == [wanted] * (SIX - 2)


@here
def test_rule_g1_a_decision_put_off_stays_open_in_what_is_published(county: County) -> None:
    county.published(said())
    county.fleet.run(county.fleet.begun())
    county.published(said(SCOPE, "scope"))
    with county.sessions() as session:
        desk = county_desk(session, session.get_one(Unit, county.code))
        assert [mark.path for mark in desk.says.questions] == [PLACE]
        assert desk.published is not None
        assert desk.published.release.number == 2
        unit = session.get_one(Unit, county.fleet.codes[3])
        standard = standard_for(unit, desk.release, newest_overlays(session, desk.release))
        assert [mark.path for mark in standard.upstream.questions] == [PLACE]


@here
def test_rule_g5_a_county_that_writes_what_the_prefecture_says_is_not_asked(county: County) -> None:
    county.published(said())
    county.fleet.run(county.fleet.begun())
    county.says(said("州第二版的辦理結果"))
    with county.sessions() as session:
        desk = county_desk(session, session.get_one(Unit, county.code))
    assert desk.says.questions == ()
    assert not desk.overlay.change


def test_rule_j5_an_overlay_on_a_newer_release_leaves_the_centres_of_the_older_one_alone(
    county: County,
) -> None:
    county.fleet.published()
    county.published(said())
    assert {(one.written, one.reason) for one in county.brings_on()} == {(False, "")}
    with county.sessions() as session:
        centres = session.scalars(select(Centre).where(Centre.unit_id.in_(county.fleet.codes)))
        assert {centre.overlay_id for centre in centres} == {None}


def refused(county: County, verb: Callable[..., object], *arguments: object, **more: object) -> str:
    with pytest.raises(EditRefused) as refusal:
        county.does(verb, *arguments, **more)
    with county.sessions() as session:
        assert session.get(CountyDraft, county.code) is None
    return str(refusal.value)


@here
def test_rule_e8_a_county_is_held_to_the_policies_of_the_prefecture(county: County) -> None:
    ground = Edit("signs", "zhou:sign-window", "ground", "#000000")
    assert "鎖定" in refused(county, change, [ground], seen=None)
    assert "必須保留" in refused(county, change, [removal("fixtures", "zhou:cabinet")], seen=None)
    assert "不能改大廳尺寸" in refused(county, change, [Edit("hall", None, "width", 9000)], seen=None)
    with county.sessions() as session:
        windows = require_centre(session, county.fleet.codes[0]).windows
    order = ordering("windows", [one.key for one in reversed(windows)])
    assert "排列次序" in refused(county, change, [order], seen=None)
    strange = windows[0].model_copy(update={"key": "zhou:another", "number": 99})
    assert "縣級新增的鍵須以 xian:522301: 開頭" in refused(
        county, change, [addition("windows", strange)], seen=None
    )


@here
def test_rule_e1_a_county_tightens_and_never_loosens(county: County) -> None:
    bound = PolicyRule(
        path=f"items[{ITEM}].promised_limit", policy=Policy.BOUNDED, maximum=9, reason="放寬", source="測試"
    )
    assert "不得放寬" in refused(county, tighten, bound)
    county.does(tighten, bound.model_copy(update={"maximum": 5, "reason": "本縣五日"}))
    county.does(publish)
    with county.sessions() as session:
        unit = session.get_one(Unit, county.fleet.codes[4])
        release = session.scalars(select(Release)).one()
        rule = standard_for(unit, release, newest_overlays(session, release)).upstream.rule(
            ("items", ITEM, "promised_limit")
        )
        assert rule is not None
        assert (rule.maximum, rule.reason) == (5, "本縣五日")
    county.does(slacken, bound.path)
    with county.sessions() as session:
        assert county_desk(session, session.get_one(Unit, county.code)).overlay.tighten == ()


@here
def test_an_item_that_a_county_adds_and_one_that_it_takes_away_come_and_go(county: County) -> None:
    with county.sessions() as session:
        item = part(require_centre(session, county.fleet.codes[0]), "items", ITEM)
    own = item.model_copy(update={"key": "xian:522301:county-relief", "name": "縣臨時幫扶", "code": None})
    county.published(addition("items", own), removal("items", "zhou:certificate-help"))
    county.brings_on()
    with county.sessions() as session:
        keys = {one.key for one in require_centre(session, county.fleet.codes[5]).items}
    assert own.key in keys
    assert "zhou:certificate-help" not in keys
    county.does(restore, ("items", own.key))
    county.does(restore, ("items", "zhou:certificate-help"))
    with county.sessions() as session:
        desk = county_desk(session, session.get_one(Unit, county.code))
    assert not (desk.overlay.add.get("items"))
    assert not (desk.overlay.remove.get("items"))


def test_of_two_who_change_a_county_the_second_is_told(county: County) -> None:
    with county.sessions() as session:
        seen = county_desk(session, session.get_one(Unit, county.code)).stamp
    county.does(change, [said()], seen=seen)
    with pytest.raises(EditRefused, match="他人已修改本縣的補充規定"):
        county.does(change, [said("另一人的話")], seen=seen)
    with county.sessions() as session:
        desk = county_desk(session, session.get_one(Unit, county.code))
    assert desk.overlay.change == {"items": {ITEM: {"result": RESULT}}}


@here
def test_what_changes_nothing_is_not_published(county: County) -> None:
    with pytest.raises(EditRefused, match="沒有改動，無須發布"):
        county.does(publish)
    county.published(said())
    with pytest.raises(EditRefused, match="沒有改動，無須發布"):
        county.does(publish)
    with county.sessions() as session:
        assert len(session.scalars(select(CountyOverlay)).all()) == 1


@here
def test_a_county_that_no_release_concerns_writes_nothing(county: County) -> None:
    with county.sessions.begin() as session:
        session.execute(Release.__table__.update().values(status="draft"))
        with pytest.raises(NoStandard, match="州還沒有發布標準"):
            county_desk(session, session.get_one(Unit, county.code))
        session.rollback()


def test_of_two_officers_at_once_neither_is_lost(county: County) -> None:
    """Each changes another place, without having looked: whoever comes second builds on what the first wrote."""
    begin = Barrier(2)

    def officer(edit: Edit) -> None:
        with county.sessions.begin() as session:
            unit = session.get_one(Unit, county.code)
            county_desk(session, unit)  # as a page does before it writes
            if county.fleet.host.engine.dialect.name == "postgresql":
                begin.wait(30)  # on SQLite the second cannot even begin
            change(session, unit, [edit], seen=None, act=COUNTY)

    county.says(Edit("items", ITEM, "delivery", "縣的送達"))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(officer, [said(), said(SCOPE, "scope")]))
    with county.sessions() as session:
        desk = county_desk(session, session.get_one(Unit, county.code))
    assert desk.overlay.change["items"][ITEM] == {"delivery": "縣的送達", "result": RESULT, "scope": SCOPE}


def test_rule_j7_what_one_township_refuses_is_told_by_name_and_stops_no_other(county: County) -> None:
    county.published(said())
    with county.sessions.begin() as session:
        session.get_one(Centre, county.fleet.codes[0]).status = "suspended"
        broken = (Revision.unit_id == county.fleet.codes[1]) & (Revision.number == 2)
        session.execute(update(Revision).where(broken).values(changes=[["壞"]]))
    told = [(one.unit.name, one.written, one.reason) for one in county.brings_on()]
    assert told[0][:2] == (county.fleet.host.units[0].name, False)
    assert "暫停" in told[0][2]
    assert told[1][:2] == (county.fleet.host.units[1].name, False)
    assert told[1][2]
    assert [written for _, written, _ in told[2:]] == [True] * (SIX - 2)


@here
def test_rule_a4_what_a_later_release_says_too_is_told_before_it_is_published(
    county: County, pack: Pack
) -> None:
    window = pack.centre.windows[0].model_copy(
        update={"key": "xian:522301:ninth", "number": 9, "name": "縣窗口"}
    )
    county.published(addition("windows", window))
    new = pack.centre.windows[0].model_copy(update={"key": "zhou:ninth", "number": 9, "name": "州窗口"})
    county.fleet.second = evolved(pack, ["windows", new.key, "*", canonical(new)])
    county.fleet.published()
    county.says(said())
    with pytest.raises(EditRefused, match="窗口號"):
        county.does(publish)
    county.says(Edit("windows", window.key, "number", 10))
    county.does(publish)


@here
def test_rule_a3_a_county_never_uses_a_key_again(county: County, pack: Pack) -> None:
    own = part(pack.centre, "items", ITEM).model_copy(
        update={"key": "xian:522301:own", "name": "縣事項", "code": None}
    )
    county.published(addition("items", own))
    county.published(removal("items", own.key))
    with pytest.raises(EditRefused, match="已經用過，不得再用"):
        county.says(addition("items", own.model_copy(update={"name": "另一事項"})))


@here
def test_no_file_answers_a_question_that_is_open(county: County) -> None:
    county.published(said())
    county.fleet.run(county.fleet.begun())
    file = Overlay(county="522301", version=1, title="檔案", change={"items": {ITEM: {"scope": SCOPE}}})
    with pytest.raises(EditRefused, match="有 1 處待縣決定"):
        county.does(take_over, file)
