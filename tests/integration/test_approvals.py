"""What a step of two people writes down, word for word, whatever the step is; on both databases."""

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy.orm import Session

from tests.fixtures.places import ABROAD, COUNTY, HOME
from tests.fixtures.standards import MOMENT
from townhall.accounts.models import Role
from townhall.approvals.models import Approval
from townhall.approvals.operations import ApprovalRefused, Kind, decide, propose, waiting, withdraw
from townhall.audit.act import Act
from townhall.audit.operations import records

PAINT, MOVE = "paint", "move"


def act(login: str, role: Role, held: str, reason: str = "舊了") -> Act:
    return Act(login, f"{login}（虛構）", role.value, held, MOMENT, reason, "c" * 32)


DIRECTOR = act("lin", Role.TOWNSHIP_DIRECTOR, HOME)
OFFICER = act("chen", Role.COUNTY_OFFICER, COUNTY, "")


class Wall:
    """Something that two people may paint: each question about it and each coat is noted."""

    def __init__(self) -> None:
        self.fault: str | None = None
        self.stamp = "bare"
        self.asked: list[tuple[str, Mapping[str, Any]]] = []
        self.coats: list[tuple[Act, str, Mapping[str, Any]]] = []

    def check(self, _session: Session, unit_id: str, content: Mapping[str, Any]) -> str | None:
        self.asked.append((unit_id, content))
        return self.fault

    def paint(self, _session: Session, by: Act, unit_id: str, content: Mapping[str, Any]) -> None:
        self.coats.append((by, unit_id, content))

    @property
    def kinds(self) -> dict[str, Kind]:
        proposers, deciders = frozenset({Role.TOWNSHIP_DIRECTOR}), frozenset({Role.COUNTY_OFFICER})
        stamp = lambda _session, unit_id: f"{self.stamp} {unit_id}"  # noqa: E731
        return {
            PAINT: Kind("粉刷", proposers, deciders, self.check, self.paint, stamp),
            MOVE: Kind("搬遷", proposers, deciders, self.check, self.paint),
        }


pytestmark = pytest.mark.usefixtures("places")


@pytest.fixture
def wall() -> Wall:
    return Wall()


def proposed(
    session: Session, wall: Wall, by: Act = DIRECTOR, unit_id: str = HOME, kind: str = PAINT
) -> Approval:
    return propose(session, by, wall.kinds, unit_id, kind, {"colour": "白"})


def refusal(verb: Any, *arguments: Any, **named: Any) -> str:
    with pytest.raises(ApprovalRefused) as refused:
        verb(*arguments, **named)
    return str(refused.value)


def test_a_proposal_says_who_wants_what_and_why_and_what_it_rests_on(session: Session, wall: Wall) -> None:
    made = proposed(session, wall)
    session.refresh(made)
    assert (made.unit_id, made.kind, made.content, made.stamp) == (
        HOME,
        PAINT,
        {"colour": "白"},
        f"bare {HOME}",
    )
    assert (made.proposer, made.proposer_name, made.proposed_at) == ("lin", "lin（虛構）", MOMENT)
    assert (made.reason, made.verdict) == ("舊了", "pending")
    assert (made.decider, made.decider_name, made.decided_at, made.comment) == (None, None, None, None)
    assert len(made.key) == 32
    assert int(made.key, 16)
    assert wall.asked == [(HOME, {"colour": "白"})]
    (found,) = records(session, HOME)
    assert (found.action, found.path) == ("approval.propose", f"paint/{made.key}")
    assert (found.reason, found.basis, found.changes) == ("舊了", {"colour": "白"}, [])


def test_a_proposal_without_content_or_stamp_rests_on_nothing(session: Session, wall: Wall) -> None:
    made = propose(session, DIRECTOR, wall.kinds, HOME, MOVE)
    assert (made.content, made.stamp) == ({}, "")
    assert wall.asked == [(HOME, {})]


def test_a_long_reason_is_kept_to_500_characters(session: Session, wall: Wall) -> None:
    made = proposed(session, wall, DIRECTOR.because("舊" * 499 + "了嗎"))
    assert made.reason == "舊" * 499 + "了"


def test_what_no_database_keeps_is_left_out_of_reasons_and_comments(session: Session, wall: Wall) -> None:
    made = proposed(session, wall, DIRECTOR.because("舊\x00了\n漆"))
    decide(session, OFFICER, wall.kinds, made, approve=False, comment="先\x00刷\ud800牆")
    session.refresh(made)
    assert (made.reason, made.comment) == ("舊 了 漆", "先 刷 牆")


def test_why_a_proposal_is_refused_is_said(session: Session, wall: Wall) -> None:
    other = act("chen", Role.COUNTY_OFFICER, COUNTY)
    assert refusal(proposed, session, wall, other) == "您的角色不能提出這類申請"
    assert refusal(proposed, session, wall, DIRECTOR.because(" \n")) == "請寫明事由"
    wall.fault = "牆不在了"
    assert refusal(proposed, session, wall) == "牆不在了"
    assert waiting(session, HOME) == set()
    assert list(records(session, HOME)) == []


def test_one_proposal_of_a_kind_waits_in_a_unit(session: Session, wall: Wall) -> None:
    first = proposed(session, wall)
    assert refusal(proposed, session, wall) == "已有同類申請在等待審批"
    proposed(session, wall, kind=MOVE)
    proposed(session, wall, unit_id=ABROAD)
    assert (waiting(session, HOME), waiting(session, ABROAD)) == ({PAINT, MOVE}, {PAINT})
    withdraw(session, DIRECTOR, first)
    assert waiting(session, HOME) == {MOVE}
    proposed(session, wall)


def test_an_approval_is_carried_out_once_for_the_reason_of_the_proposal(session: Session, wall: Wall) -> None:
    made = proposed(session, wall)
    decide(session, OFFICER, wall.kinds, made, approve=True, comment=" 同意 ")
    session.refresh(made)
    assert (made.verdict, made.comment, made.decided_at) == ("approved", "同意", MOMENT)
    assert (made.decider, made.decider_name) == ("chen", "chen（虛構）")
    assert wall.coats == [(OFFICER.because("舊了"), HOME, {"colour": "白"})]
    assert wall.asked[1:] == [(HOME, {"colour": "白"})]
    found = list(records(session, HOME))[-1]
    assert (found.action, found.path, found.reason) == ("approval.decide", f"paint/{made.key}", "同意")
    assert found.changes == [["", None, "verdict", "pending", "approved"]]
    again = {"approve": True, "comment": ""}
    assert refusal(decide, session, OFFICER, wall.kinds, made, **again) == "這項申請已經辦結"
    assert len(wall.coats) == 1


def test_what_is_returned_says_why_and_is_not_carried_out(session: Session, wall: Wall) -> None:
    made = proposed(session, wall)
    without = {"approve": False, "comment": "  "}
    assert refusal(decide, session, OFFICER, wall.kinds, made, **without) == "退回時請寫明意見"
    wall.fault, wall.stamp = "牆不在了", "painted"
    decide(session, OFFICER, wall.kinds, made, approve=False, comment="先" * 499 + "量尺")
    assert (made.verdict, made.comment, wall.coats) == ("returned", "先" * 499 + "量", [])
    found = list(records(session, HOME))[-1]
    assert found.changes == [["", None, "verdict", "pending", "returned"]]


def test_what_makes_no_sense_any_more_is_not_approved(session: Session, wall: Wall) -> None:
    made = proposed(session, wall)
    wall.fault = "牆不在了"
    yes = {"approve": True, "comment": ""}
    assert refusal(decide, session, OFFICER, wall.kinds, made, **yes) == "牆不在了"
    wall.fault, wall.stamp = None, "painted"
    assert (
        refusal(decide, session, OFFICER, wall.kinds, made, **yes)
        == "申請提出後內容已有變動，請退回後重新提出"
    )
    assert (made.verdict, made.decided_at, wall.coats) == ("pending", None, [])


@pytest.mark.parametrize(
    ("by", "message"),
    [
        (act("lin", Role.COUNTY_OFFICER, COUNTY), "提出人不能審批自己的申請"),
        (act("wang", Role.TOWNSHIP_DIRECTOR, HOME), "您的角色不能審批這類申請"),
        (act("wang", Role.COUNTY_OFFICER, ABROAD), "您的角色不能審批這類申請"),
        (act("wang", Role.COUNTY_OFFICER, ""), "您的角色不能審批這類申請"),
    ],
)
def test_who_decides_is_another_with_the_role_above(
    session: Session, wall: Wall, by: Act, message: str
) -> None:
    made = proposed(session, wall)
    for approve in (True, False):
        assert refusal(decide, session, by, wall.kinds, made, approve=approve, comment="好") == message
    assert made.verdict == "pending"


def test_only_the_proposer_takes_a_proposal_back_and_only_while_it_waits(
    session: Session, wall: Wall
) -> None:
    made = proposed(session, wall)
    assert refusal(withdraw, session, OFFICER, made) == "只有提出人可以撤回"
    withdraw(session, DIRECTOR, made)
    assert (made.verdict, made.decider, made.comment, wall.coats) == ("withdrawn", "lin", "", [])
    found = list(records(session, HOME))[-1]
    assert (found.action, found.reason) == ("approval.decide", "")
    assert found.changes == [["", None, "verdict", "pending", "withdrawn"]]
    assert refusal(withdraw, session, DIRECTOR, made) == "這項申請已經辦結"
