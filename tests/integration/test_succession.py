"""Rules P on a real host: townships end, others take their place, all of it at once or nothing."""

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import event, func, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session

from provisioning.canonical import content_hash
from provisioning.marks import Choice, MarkKind, of_kind
from provisioning.refusals import SuccessionRefused
from provisioning.shares import by_category
from provisioning.specs import CentreSpec
from tests.fixtures.host import Host
from tests.fixtures.soak import SEED, SOAK
from tests.fixtures.standards import MOMENT, TOWNSHIPS
from tests.fixtures.townships import check_whole, money
from townhall.accounts.models import Membership, Role, User
from townhall.accounts.operations import AccountRefused, create_user, grant_role
from townhall.accounts.passes import invite, open_invitations
from townhall.approvals.models import Approval, Verdict
from townhall.approvals.operations import ApprovalRefused, Kind, decide, propose
from townhall.audit.act import Act, host_act
from townhall.audit.models import AuditRecord
from townhall.audit.operations import broken, records
from townhall.centres.apply import PlanRefused, apply_plan, plan_unit, standard_for
from townhall.centres.deciding import Decision, decide_conflict
from townhall.centres.edit import Edit, EditRefused, edit_centre
from townhall.centres.lifecycle import StepRefused, take
from townhall.centres.models import Centre, Outbox, Question
from townhall.centres.pictures import PictureRefused, put_picture, remove_picture
from townhall.centres.provision import Result, plans
from townhall.centres.replay import replay
from townhall.centres.rollback import roll_back
from townhall.centres.rows import require_centre
from townhall.centres.standing import standing
from townhall.centres.status import Status
from townhall.centres.steps import SUSPEND
from townhall.centres.steps import kinds as steps
from townhall.intake.raster import Bitmap
from townhall.jobs.kinds import Kind as JobKind
from townhall.jobs.models import Job, State
from townhall.jobs.operations import JobRefused, ask
from townhall.pictures.models import Picture, PictureKind
from townhall.standards.operations import newest_release, pack_of
from townhall.successions.operations import carry_out
from townhall.successions.reading import Wish, plan_succession, wish_of
from townhall.successions.steps import MERGER, kinds
from townhall.tenancy import scope_of, scoped
from townhall.units.models import Unit
from townhall.units.operations import ensure_units, townships_below
from townhall.units.sheet import SheetInvalid, read_sheet
from townhall.units.succession import Succession, UnitEnded, ended

ACT = host_act("測試", MOMENT, "調整")
DAY = MOMENT.date()
STEP = 17  # of the statements that fail, how many are passed over in the short run
RELIEF, SCOPE = "zhou:temporary-relief", ("items", "zhou:temporary-relief", "scope")
SORTS = {"試": JobKind(lambda _parameters: None, lambda _task: {})}


@pytest.fixture
def towns(host: Host) -> tuple[Unit, Unit, Unit]:
    """Three towns of one county with centres, two of which have something of their own."""
    a, b, c = [unit for unit in host.units if unit.kind == "鎮"][:3]
    host.provision([a, b, c])
    with host.sessions.begin() as session:
        for unit in (a, b):
            edit(session, unit, ("profile", None, "hotline", f"電話{unit.name}"))
            edit(session, unit, ("items", RELIEF, "scope", f"{unit.name}的範圍"))
        edit(session, a, ("fixtures", "zhou:cabinet", "on_hand", 3))
        people(session, a, b)
        hang(session, a)
        ask(session, ACT, SORTS, a.code, "試", {})
        propose(session, director(a), steps_here(), a.code, SUSPEND)
        invite(session, ACT, Role.WINDOW_CLERK, a)
    return a, b, c


def steps_here() -> dict[str, Kind]:
    from pathlib import Path

    return steps(Path("unused"))


def edit(session: Session, unit: Unit, *fields: Any) -> None:
    edit_centre(session, unit, [Edit(*one) for one in fields], seen=None, act=ACT)


def people(session: Session, a: Unit, b: Unit) -> None:
    for login, unit in (("li", a), ("wang", a), ("zhao", b)):
        kept = {"role": Role.TOWNSHIP_DIRECTOR, "unit_id": unit.code, "password": None}
        create_user(session, ACT, login=login, name=f"{login}（虛構）", **kept)  # type: ignore[arg-type]
    li = session.scalars(select(User).filter_by(login="li")).one()
    grant_role(session, ACT, li, Role.TOWNSHIP_DIRECTOR, b.code)


def hang(session: Session, unit: Unit) -> None:
    put_picture(session, unit, PictureKind.MAP, Bitmap("image/png", 3, 3, b"x" * 9), seen="", act=ACT)


def director(unit: Unit) -> Act:
    return Act("li", "李（虛構）", Role.TOWNSHIP_DIRECTOR.value, unit.code, MOMENT, "試")


def merger(into: Unit, *sources: Unit, **more: Any) -> Wish:
    codes = tuple(unit.code for unit in sources)
    return replace(Wish("merge", codes, (into.code,), DAY, "試驗文件第 1 號"), **more)


def division(source: Unit, primary: Unit, *others: Unit, **more: Any) -> Wish:
    targets = tuple(unit.code for unit in (primary, *others))
    wish = Wish("split", (source.code,), targets, DAY, "試驗文件第 2 號", primary.code)
    return replace(wish, **more)


def done(session: Session, wish: Wish) -> Any:
    return carry_out(session, ACT, wish, plan_succession(session, wish, MOMENT).hash)


def replays(session: Session, *units: Unit) -> None:
    """Rules O1, O2: the chain of each is whole and leads to what its rows say."""
    for unit in units:
        found = replay(session, unit)
        assert found is not None
        rows = require_centre(session, unit.code)
        stands = standing(session, unit)
        assert stands is not None
        assert content_hash(found) == content_hash(rows) == content_hash(stands.centre)
        assert broken(session, unit.code) is None


def codes(units: Iterable[Unit]) -> list[str]:
    return [unit.code for unit in units]


def specs(session: Session, *units: Unit) -> list[CentreSpec]:
    return [require_centre(session, unit.code) for unit in units]


def test_rule_p2_a_merger_brings_everything_to_its_place_and_loses_no_fen(
    host: Host, towns: tuple[Unit, Unit, Unit]
) -> None:
    a, b, c = towns
    with host.sessions.begin() as session:
        before = specs(session, a, b, c)
        plan = done(session, merger(c, a, b))
    check_whole(plan)
    with host.sessions() as session:
        (now,) = specs(session, c)
        assert money(now) == money(*before)
        assert by_category(now) == {name: 3 * fen for name, fen in by_category(before[2]).items()}
        assert now.profile.hotline == f"電話{a.name}"
        held = session.execute(select(User.login, Membership.unit_id).join(Membership.user)).all()
        assert {tuple(row) for row in held} == {(login, c.code) for login in ("li", "wang", "zhao")}
        assert session.get_one(Picture, (c.code, "map")).data == b"x" * 9
        assert session.scalars(select(Job)).one().state == State.CANCELLED
        assert session.scalars(select(Approval)).one().verdict == Verdict.WITHDRAWN
        assert open_invitations(session, scope_of(a.code), MOMENT) == []
        unsent = select(func.count()).select_from(Outbox).where(Outbox.done_at.is_(None))
        assert session.scalar(unsent.where(Outbox.unit_id.in_([a.code, b.code]))) == 0
        replays(session, a, b, c)


def test_rule_p3_each_unit_has_one_record_of_it_and_all_have_one_number(
    host: Host, towns: tuple[Unit, Unit, Unit]
) -> None:
    a, b, c = towns
    with host.sessions.begin() as session:
        plan = done(session, merger(c, a, b))
    with host.sessions() as session:
        found = session.scalars(select(AuditRecord).where(AuditRecord.basis["plan"].as_string() == plan.hash))
        told = [(one.unit_id, one.action) for one in found if one.action.startswith("unit.")]
        assert sorted(told) == sorted([(a.code, "unit.end"), (b.code, "unit.end"), (c.code, "unit.merge")])
        last = [list(records(session, unit.code))[-1].correlation for unit in towns]
        assert {*last} == {ACT.correlation}


def test_rule_p3_what_has_ended_is_read_and_answered_for_by_its_successor(
    host: Host, towns: tuple[Unit, Unit, Unit]
) -> None:
    a, b, c = towns
    with host.sessions.begin() as session:
        before = specs(session, a)
        done(session, merger(b, a))
        done(session, merger(c, b))
    with host.sessions() as session:
        assert specs(session, a) == before
        found = ended(session, a.code)
        assert found is not None
        assert (found.ended_on, found.note, codes(found.successors)) == (DAY, "試驗文件第 1 號", [b.code])
        assert codes(found.living) == [c.code]
        assert f"併入 {b.short_code} {b.name}" in found.sentence
        assert f"併入 {c.short_code} {c.name}" in found.sentence
        assert ended(session, c.code) is None


def test_rule_p3_nothing_new_is_written_to_what_has_ended(host: Host, towns: tuple[Unit, Unit, Unit]) -> None:
    a, b, c = towns
    with host.sessions.begin() as session:
        done(session, merger(b, a))
    state = host.state()
    with host.sessions() as session:
        release = newest_release(session, "qianxinan")
        assert release is not None
        li = session.scalars(select(User).filter_by(login="li")).one()
        standard = standard_for(a, release, {})
        for step in ("activate", "suspend", "resume", "archive", "restore"):
            with pytest.raises(StepRefused, match="已撤併"):
                take(session, ACT, a, step)
        with pytest.raises(EditRefused, match="已撤併"):
            edit(session, a, ("profile", None, "hotline", "0000-9"))
        digest = session.get_one(Picture, (a.code, "map")).digest
        with pytest.raises(PictureRefused, match="已撤併"):
            remove_picture(session, a, PictureKind.MAP, seen=digest, act=ACT)
        with pytest.raises(PlanRefused, match="已撤併"):
            roll_back(session, a, 2, act=ACT)
        with pytest.raises(JobRefused, match="併入"):
            ask(session, ACT, SORTS, a.code, "試", {})
        with pytest.raises(ApprovalRefused, match="併入"):
            propose(session, director(a), steps_here(), a.code, SUSPEND)
        with pytest.raises(AccountRefused, match="併入"):
            grant_role(session, ACT, li, Role.WINDOW_CLERK, a.code)
        with pytest.raises(AccountRefused, match="併入"):
            invite(session, ACT, Role.WINDOW_CLERK, a)
        with pytest.raises(SuccessionRefused, match="已撤併"):
            done(session, merger(c, a))
        with pytest.raises(SuccessionRefused, match="已撤併"):
            done(session, merger(a, c))
        plan = plan_unit(session, a, standard)
        assert not apply_plan(session, plan, a, standard, act=ACT).written
        session.rollback()
    assert host.state() == state


def test_rule_p3_the_fleet_goes_on_without_what_has_ended(host: Host, towns: tuple[Unit, Unit, Unit]) -> None:
    a, b, _ = towns
    with host.sessions.begin() as session:
        done(session, merger(b, a))
    with host.sessions() as session:
        assert a.code not in codes(townships_below(session, "522300"))
        assert a.code in codes(townships_below(session, "522300", also_ended=True))
        with pytest.raises(UnitEnded, match=b.short_code):
            townships_below(session, a.code)
        assert [unit.code for _, _, unit in plans(session, [a, b], host.release, {})] == [b.code]
        with pytest.raises(SheetInvalid) as refused:
            ensure_units(
                session, pack_of(host.release).header, read_sheet(TOWNSHIPS).townships, TOWNSHIPS.name
            )
        (fault,) = refused.value.faults
        assert (fault.column, fault.line > 1) == ("code", True)
        assert b.short_code in fault.message
    assert host.provision([a, b]).counts == {Result.UNCHANGED: 1}


def test_rule_p4_the_question_that_a_merger_leaves_is_decided_like_any_other(
    host: Host, towns: tuple[Unit, Unit, Unit]
) -> None:
    a, b, _ = towns
    with host.sessions.begin() as session:
        done(session, merger(b, a))
        stands = standing(session, b)
        assert stands is not None
        asked = [*of_kind(stands.marks, MarkKind.CONFLICT)]
        assert {mark.path for mark in asked} == {SCOPE, ("profile", "hotline")}
        assert {row.id for row in session.scalars(select(Question))} == {mark.id for mark in asked}
        assert {row.code for row in session.scalars(select(Question))} == {"CONFLICT_AA"}
        (mark,) = [one for one in asked if one.path == SCOPE]
        decide_conflict(session, b, mark.id, Decision(Choice.TAKE_STANDARD), act=ACT)
        edit(session, b, ("profile", None, "hotline", "0000-3"))
    with host.sessions() as session:
        (now,) = specs(session, b)
        assert next(item for item in now.items if item.key == RELIEF).scope == f"{a.name}的範圍"
        stands = standing(session, b)
        assert stands is not None
        assert [mark.path for mark in stands.marks] == [("profile", "hotline")]
        assert stands.marks[0].ours == "0000-3"
        replays(session, b)


def test_rule_p2_a_split_divides_the_money_as_told_and_names_several_successors(
    host: Host, towns: tuple[Unit, Unit, Unit]
) -> None:
    a, b, c = towns
    with host.sessions.begin() as session:
        before = specs(session, a, b, c)
        shares = {b.code: 1, c.code: before[0].envelope - 1}
        wish = division(a, c, b, shares=shares, assigned={("membership", "wang:township_director"): b.code})
        plan = done(session, wish)
    check_whole(plan)
    with host.sessions() as session:
        assert money(*specs(session, b, c)) == money(*before)
        assert require_centre(session, b.code).envelope == before[1].envelope + 1
        found = ended(session, a.code)
        assert found is not None
        assert codes(found.successors) == [c.code, b.code]
        wang = session.scalars(select(User).filter_by(login="wang")).one()
        assert [held.unit_id for held in wang.memberships] == [b.code]
        replays(session, a, b, c)


def test_rule_p1_what_only_the_host_sees_is_refused_too(host: Host, towns: tuple[Unit, Unit, Unit]) -> None:
    a, b, c = towns
    unopened = next(unit for unit in host.units if unit not in towns)
    cases = {
        "DATE_AHEAD": merger(b, a, date=DAY + dt.timedelta(days=1)),
        "NO_NOTE": merger(b, a, note=" "),
        "NOT_OPENED": merger(unopened, a),
        "MANY_TARGETS": merger(b, a, targets=(b.code, c.code)),
        "MANY_SOURCES": division(a, b, c, sources=(a.code, unopened.code)),
        "HAS_BELOW": merger(c, b),
    }
    village = {"level": "village", "kind": "村", "name": "某村", "name_hans": "某村"}
    with host.sessions() as session:
        session.add(Unit(code=f"{b.code[:9]}201", parent_code=b.code, **village))
        session.flush()
        for code, wish in cases.items():
            with pytest.raises(SuccessionRefused) as refused:
                plan_succession(session, wish, MOMENT)
            assert code in refused.value.codes
        with pytest.raises(LookupError, match="沒有代碼"):
            plan_succession(session, merger(b, a, targets=("522399999000",)), MOMENT)
    with (
        host.sessions(info=scoped(scope_of(b.code))) as session,
        pytest.raises(LookupError, match="沒有代碼"),
    ):
        plan_succession(session, merger(b, a), MOMENT)


def test_rule_i1_a_plan_that_was_seen_before_a_change_is_not_carried_out(
    host: Host, towns: tuple[Unit, Unit, Unit]
) -> None:
    a, b, _ = towns
    with host.sessions() as session:
        seen = plan_succession(session, merger(b, a), MOMENT).hash
    with host.sessions.begin() as session:
        edit(session, a, ("profile", None, "slogan", "另一宗旨"))
    with host.sessions() as session, pytest.raises(SuccessionRefused, match="計劃已過期"):
        carry_out(session, ACT, merger(b, a), seen)


def test_rule_m1_a_merger_is_not_rolled_back_in_one_of_its_units(
    host: Host, towns: tuple[Unit, Unit, Unit]
) -> None:
    a, b, _ = towns
    with host.sessions.begin() as session:
        done(session, merger(b, a))
        number = session.get_one(Centre, b.code).revision
    with host.sessions() as session, pytest.raises(PlanRefused, match="撤併"):
        roll_back(session, b, number, act=ACT)


@contextmanager
def failing_at(engine: Engine, statement: int) -> Iterator[list[str]]:
    """The database reports a full disk at the n-th statement; gives what that statement was."""
    left = itertools.count(statement - 1, -1)
    failed: list[str] = []

    def fail(_connection: object, _cursor: object, text: str, *_: object) -> None:
        if next(left) == 0:
            failed.append(text)
            raise OSError("no space left on device")

    event.listen(engine, "before_cursor_execute", fail)
    try:
        yield failed
    finally:
        event.remove(engine, "before_cursor_execute", fail)


def everything(host: Host) -> Any:
    """What the tenants have, and what the host keeps of who holds what and who has ended."""
    with host.sessions() as session:
        held = session.execute(select(Membership.user_id, Membership.unit_id).order_by(Membership.id)).all()
        gone = session.execute(select(Succession.code, Succession.successor)).all()
    return host.state(), [*map(tuple, held)], [*map(tuple, gone)]


@pytest.mark.parametrize("act", ["merge", "split"])
def test_rule_i2_a_failure_at_any_statement_leaves_all_units_as_they_were(
    host: Host, towns: tuple[Unit, Unit, Unit], act: str
) -> None:
    a, b, c = towns
    wish = merger(c, a, b) if act == "merge" else division(a, b, c)
    before, failed = everything(host), []
    # The last step goes beyond the last statement: then nothing fails and all of it is there.
    for statement in range(1 if SOAK else 1 + SEED % STEP, 999, 1 if SOAK else STEP):
        with suppress(OSError), failing_at(host.engine, statement) as texts:
            with host.sessions.begin() as session:
                done(session, wish)
            break
        failed += texts
        assert everything(host) == before
    after = everything(host)
    assert len(failed) > (60 if SOAK else 60 // STEP)
    assert after[2]
    assert after != before
    if SOAK:
        written = {text.split()[2].strip('"') for text in failed if text.startswith("INSERT INTO")}
        assert {"revision", "succession", "audit_record", "picture", "membership", "question"} <= written


def admin(login: str) -> Act:
    return Act(login, f"{login}（虛構）", Role.PREFECTURE_ADMIN.value, "522300000000", MOMENT, "調整")


def test_two_people_of_the_prefecture_merge_townships(host: Host, towns: tuple[Unit, Unit, Unit]) -> None:
    a, b, c = towns
    with host.sessions.begin() as session:
        wish = merger(c, a, b)
        content = {"wish": wish.data(), "plan": plan_succession(session, wish, MOMENT).hash}
        assert wish_of(content["wish"]) == wish
        made = propose(session, admin("one"), kinds(), "522300000000", MERGER, content)
        assert ended(session, a.code) is None
        for who, text in ((admin("one"), "提出人不能"), (director(c), "您的角色不能")):
            with pytest.raises(ApprovalRefused, match=text):
                decide(session, who, kinds(), made, approve=True, comment="")
        decide(session, admin("two"), kinds(), made, approve=True, comment="")
        assert ended(session, a.code) is not None
        assert Status(session.get_one(Centre, b.code).status) is Status.ENDED


def test_what_has_changed_since_it_was_proposed_is_not_approved(
    host: Host, towns: tuple[Unit, Unit, Unit]
) -> None:
    a, b, _ = towns
    with host.sessions.begin() as session:
        wish = merger(b, a)
        content = {"wish": wish.data(), "plan": plan_succession(session, wish, MOMENT).hash}
        made = propose(session, admin("one"), kinds(), "522300000000", MERGER, content)
        edit(session, a, ("profile", None, "slogan", "另一宗旨"))
        with pytest.raises(ApprovalRefused, match="計劃已過期"):
            decide(session, admin("two"), kinds(), made, approve=True, comment="")
        with pytest.raises(ApprovalRefused, match="請先填寫"):
            propose(session, admin("one"), kinds(), b.code, MERGER)
