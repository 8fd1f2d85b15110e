"""Whoever stands before a paper learns whether it still says what the centre says (rule N1)."""

import pytest

from tests.fixtures.papers_desk import Desk
from tests.fixtures.rollouts import EDITOR
from townhall.centres.edit import edit_centre, removal
from townhall.documents.currency import Currency, Printed, currency, edition_mark, printed_mark, since
from townhall.units.models import Unit

ITEM = "zhou:temporary-relief"
GUIDE = f"guide/{ITEM}/hant"
# What does not depend on the database is tried on one.
here = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)


def state(desk: Desk, revision: int, document: str = "guide", subject: str | None = ITEM) -> Currency:
    with desk.sessions() as session:
        return currency(session, desk.code, Printed(1, revision, document, "hant"), subject)


def test_a_paper_is_current_until_its_own_content_changes(desk: Desk) -> None:
    assert state(desk, 1) is Currency.CURRENT
    desk.edit("result", "改過的辦理結果")
    desk.work()
    assert (state(desk, 1), state(desk, 2)) == (Currency.OUTDATED, Currency.CURRENT)
    assert state(desk, 1, "hall-plan", None) is Currency.CURRENT


@here
def test_while_a_change_is_not_followed_nothing_is_promised(desk: Desk) -> None:
    desk.edit("result", "改過的辦理結果")
    assert state(desk, 1) is Currency.UNSETTLED


@here
def test_a_version_that_was_never_made_is_unknown(desk: Desk) -> None:
    assert state(desk, 7) is Currency.UNKNOWN
    with desk.sessions() as session:
        assert currency(session, desk.code, Printed(2, 1, "guide", "hant"), ITEM) is Currency.UNKNOWN


@here
def test_a_document_that_the_centre_has_no_more_is_withdrawn(desk: Desk) -> None:
    with desk.sessions.begin() as session:
        unit = session.get_one(Unit, desk.code)
        edit_centre(session, unit, [removal("items", ITEM)], seen=None, act=EDITOR)
    desk.work()
    assert state(desk, 1) is Currency.WITHDRAWN


@here
def test_the_list_says_since_which_version_each_document_is_what_it_is(desk: Desk) -> None:
    plan = "hall-plan//hant"
    with desk.sessions() as session:
        assert {one.version for one in since(session, desk.code, [GUIDE, plan]).values() if one} == {"1.1"}
    desk.edit("result", "改過的辦理結果")
    desk.work()
    with desk.sessions() as session:
        known = since(session, desk.code, [GUIDE, plan, "nothing//hant"])
    assert [one and one.version for one in known.values()] == ["1.2", "1.1", None]


@pytest.mark.parametrize(
    "text", ["", "1.2", "1.2-guide", "0.1-guide-hant", "1.2-guide-hant ", "1.2-Guide-hant"]
)
def test_what_is_no_mark_of_a_paper_is_read_as_none(text: str) -> None:
    assert printed_mark(text) is None


def test_a_mark_is_read_as_it_was_written() -> None:
    assert printed_mark(edition_mark("12.34", "guide-brief", "hans")) == Printed(
        12, 34, "guide-brief", "hans"
    )
