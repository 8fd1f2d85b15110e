"""The papers of a centre follow its revisions from the outbox: at least once, and a second time does nothing."""

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from provisioning.specs import Pack
from tests.fixtures.papers_desk import Desk
from tests.fixtures.releases import evolved, released
from tests.fixtures.rollouts import ACT, SIX
from tests.fixtures.standards import MOMENT
from townhall.audit.act import host_act
from townhall.centres.apply import standard_for
from townhall.centres.edit import Edit, edit_centre
from townhall.centres.models import Outbox
from townhall.centres.pictures import put_picture
from townhall.centres.rollback import roll_back
from townhall.centres.ruling import bring_on
from townhall.documents import papers
from townhall.documents.papers import Reading, pending, read
from townhall.intake.raster import Bitmap
from townhall.pictures.models import PictureKind
from townhall.units.models import Unit

# What does not depend on the database is tried on one.
here = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)

GUIDE, SIMPLIFIED = "guide/zhou:temporary-relief/hant", "guide/zhou:temporary-relief/hans"
PLAN = "hall-plan//hant"


def test_rule_n1_only_what_says_something_else_gets_a_new_number(desk: Desk) -> None:
    desk.edit("result", "改過的辦理結果")
    assert desk.unread() == 1
    assert desk.work() == 1
    found = desk.papers()
    changed = {identity for identity, paper in found.items() if paper.number > 1}
    assert {GUIDE, SIMPLIFIED} <= changed
    # Booklets hold the guide of the item.
    assert all("temporary-relief" in one or one.startswith("booklet-") for one in changed)
    assert found[PLAN].number == 1
    assert (found[GUIDE].number, found[GUIDE].revision) == (2, 2)
    desk.edit("result", "又改的辦理結果")
    desk.work()
    assert desk.papers()[GUIDE].number == 3
    later = {identity for identity, paper in desk.papers().items() if paper.revision > 2}
    assert later == changed


def test_rule_i5_a_message_that_comes_twice_does_nothing(desk: Desk) -> None:
    desk.edit("result", "改過的辦理結果")
    desk.work()
    before = {identity: (one.digest, one.number, one.revision) for identity, one in desk.papers().items()}
    with desk.sessions.begin() as session:
        session.execute(update(Outbox).values(done_at=None))
    assert desk.work() == 3  # the fleet has edited three of its centres
    after = {identity: (one.digest, one.number, one.revision) for identity, one in desk.papers().items()}
    assert after == before


@here
def test_rule_i5_what_a_worker_left_half_done_is_done_by_the_next(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    desk.edit("result", "改過的辦理結果")
    before = {identity: one.digest for identity, one in desk.papers().items()}
    note, times = papers._note, iter(range(10))

    def breaks(*arguments: object) -> None:
        note(*arguments)  # type: ignore[arg-type]
        if next(times) == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(papers, "_note", breaks)
    with pytest.raises(KeyboardInterrupt):
        desk.runner.follow_next()
    assert {identity: one.digest for identity, one in desk.papers().items()} == before
    assert desk.unread() == 1
    monkeypatch.setattr(papers, "_note", note)
    assert desk.work() == 1
    assert desk.papers()[GUIDE].number == 2


@here
def test_rule_i5_one_centre_that_cannot_be_followed_keeps_no_other_waiting(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.edit("result", "改過的辦理結果")
    desk.fleet.edit(3, "result", "另一個中心的")

    def failing(session: Session, unit: Unit) -> Reading:
        if unit.code == desk.code:
            raise RuntimeError("壞")
        return read(session, unit)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("townhall.jobs.runner.read", failing)
        assert desk.work() == 1
    assert "could not be followed" in caplog.text
    assert desk.unread() == 1
    with desk.sessions() as session:
        assert pending(session, SIX) == [desk.code]


@here
def test_rule_m1_what_is_taken_back_is_a_new_content_again(desk: Desk) -> None:
    desk.edit("scope", "本地的範圍")
    desk.work()
    first = desk.papers()[GUIDE]
    desk.edit("result", "改過的辦理結果")
    desk.work()
    with desk.sessions.begin() as session:
        roll_back(session, session.get_one(Unit, desk.code), 3, act=ACT)
    desk.work()
    again = desk.papers()[GUIDE]
    assert (first.number, again.number) == (2, 4)
    assert again.digest == first.digest


@here
def test_an_item_that_is_taken_away_takes_its_papers_along(desk: Desk) -> None:
    with desk.sessions.begin() as session:
        unit = session.get_one(Unit, desk.code)
        gone = Edit("items", "zhou:certificate-help", "*", None)
        edit_centre(session, unit, [gone], seen=None, act=host_act("主任", MOMENT))
    desk.work()
    paper = desk.papers()["guide/zhou:certificate-help/hant"]
    assert (paper.digest, paper.number) == (None, 2)


@here
def test_rule_n1_a_release_that_changes_only_how_papers_look_gives_them_new_numbers(
    desk: Desk, pack: Pack
) -> None:
    looks = {name: text.replace("版本", "版次") for name, text in pack.templates.items()}
    with desk.sessions.begin() as session:
        unit, release = session.get_one(Unit, desk.code), released(session, evolved(pack, templates=looks))
        bring_on(session, unit, standard_for(unit, release, {}), act=ACT)
    assert desk.work() == 1
    assert desk.papers()[GUIDE].number == 2


@here
def test_a_picture_changes_the_papers_that_bear_it(desk: Desk) -> None:
    desk.edit("scope", "本地的範圍")
    desk.work()
    with desk.sessions.begin() as session:
        sketch = Bitmap("image/png", 8, 8, b"not looked at here")
        put_picture(session, session.get_one(Unit, desk.code), PictureKind.MAP, sketch, seen="", act=ACT)
    assert desk.work() == 1
    assert desk.papers()[GUIDE].number == 3
    assert desk.papers()[PLAN].number == 1


@here
def test_rule_i5_many_messages_of_a_centre_that_cannot_be_followed_hide_no_other(desk: Desk) -> None:
    for count in range(3):
        desk.edit("result", f"第 {count} 次")
    desk.fleet.edit(3, "result", "另一個中心的")
    with desk.sessions() as session:
        assert pending(session, 1) == [desk.code]
        assert pending(session, 1, {desk.code}) == [desk.fleet.codes[3]]
