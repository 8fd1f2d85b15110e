"""Rules P on a real host: townships end, others take their place, all of it at once or nothing."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import func, select

from provisioning.marks import Choice, MarkKind, of_kind
from provisioning.refusals import SuccessionRefused
from provisioning.shares import by_category
from provisioning.specs import Pack
from tests.fixtures.databases import Copies
from tests.fixtures.host import Host, host_url
from tests.fixtures.standards import MOMENT, TOWNSHIPS
from tests.fixtures.succession import (
    ACT,
    DAY,
    RELIEF,
    SCOPE,
    SORTS,
    codes,
    director,
    division,
    done,
    edit,
    merger,
    replays,
    specs,
    steps_here,
)
from tests.fixtures.townships import check_whole, money
from townhall.accounts.federation import AUTHOR, Grant, Person, mapping_faults, provider_act, settle
from townhall.accounts.models import Membership, Role, User
from townhall.accounts.operations import AccountRefused, grant_role
from townhall.accounts.passes import invite, open_invitations
from townhall.approvals.models import Approval, Verdict
from townhall.approvals.operations import ApprovalRefused, propose
from townhall.audit.models import AuditRecord
from townhall.audit.operations import records
from townhall.centres.apply import PlanRefused, apply_plan, plan_unit, standard_for
from townhall.centres.archive import write_archive
from townhall.centres.archive_file import read_archive
from townhall.centres.bringing import bring
from townhall.centres.deciding import Decision, decide_conflict
from townhall.centres.edit import EditRefused
from townhall.centres.lifecycle import StepRefused, take
from townhall.centres.models import Centre, Outbox, Question
from townhall.centres.pictures import PictureRefused, remove_picture
from townhall.centres.provision import Result, plans
from townhall.centres.rollback import roll_back
from townhall.centres.rows import require_centre
from townhall.centres.standing import standing
from townhall.centres.steps import SUSPEND
from townhall.jobs.models import Job, State
from townhall.jobs.operations import JobRefused, ask
from townhall.pictures.models import Picture, PictureKind
from townhall.standards.operations import newest_release, pack_of
from townhall.successions.operations import carry_out
from townhall.successions.reading import plan_succession
from townhall.tenancy import scope_of, scoped
from townhall.units.models import Unit
from townhall.units.operations import ensure_units, townships_below
from townhall.units.sheet import SheetInvalid, read_sheet
from townhall.units.succession import UnitEnded, ended


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


def test_rule_p2_a_role_that_a_provider_gave_goes_over_and_can_still_be_taken_away(
    host: Host, towns: tuple[Unit, Unit, Unit]
) -> None:
    a, b, _ = towns
    mapping = {"directors": Grant(Role.TOWNSHIP_DIRECTOR, a.code)}
    member = Person("https://login.example", "1", "lin", "林（虛構）", frozenset({"directors"}))
    provider = provider_act(MOMENT)
    with host.sessions.begin() as session:
        user = settle(session, provider, member, mapping)
        assert user is not None
        done(session, merger(b, a))
        assert [(one.unit_id, one.granted_by) for one in user.memberships] == [(b.code, AUTHOR)]
        settle(session, provider, member, mapping)
        assert [one.unit_id for one in user.memberships] == [b.code]
        (fault,) = mapping_faults(session, mapping)
        assert b.short_code in fault
        settle(session, provider, replace(member, groups=frozenset()), mapping)
        assert user.memberships == []


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


def test_rule_p3_the_file_of_what_has_ended_stays_closed_in_another_host(
    host: Host,
    towns: tuple[Unit, Unit, Unit],
    tmp_path: Path,
    copies: Copies,
    hosts: Callable[[str], Host],
    pack: Pack,
) -> None:
    a, b, _ = towns
    with host.sessions.begin() as session:
        done(session, merger(b, a))
        write_archive(session, a, tmp_path / "a.zip")
        write_archive(session, b, tmp_path / "b.zip")
    with hosts(host_url(copies, pack)).sessions.begin() as session:
        for unit, name in ((a, "a.zip"), (b, "b.zip")):
            bring(session, ACT, read_archive(tmp_path / name))
            replays(session, unit)
        with pytest.raises(EditRefused, match="已撤併"):
            edit(session, a, ("profile", None, "hotline", "0000-9"))
        assert {row.unit_id for row in session.scalars(select(Question))} == {b.code}


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
