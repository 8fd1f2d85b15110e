"""A release goes out in waves, halts, goes on and comes back (rules J1 to J7, M1)."""

import pytest
from sqlalchemy import func, select, update

from provisioning.specs import Pack
from provisioning.waves import Wave
from tests.fixtures.releases import evolved
from tests.fixtures.rollouts import ACT, ITEM, SIX, Fleet
from tests.fixtures.standards import MOMENT
from townhall.audit.act import host_act
from townhall.audit.models import AuditRecord
from townhall.centres.models import Centre, Question, Revision
from townhall.centres.rows import require_centre
from townhall.rollouts.models import Progress, Rollout, RolloutState, SimulatedCentre, Simulation
from townhall.rollouts.operations import Limits, RolloutRefused, open_next, resume, start, supersede
from townhall.rollouts.publication import publish, settled_release, withdraw
from townhall.rollouts.running import take_back
from townhall.rollouts.simulation import simulate, staleness
from townhall.standards.models import Release, Status
from townhall.standards.operations import ReleaseRefused, draft_release, publish_release


def changed_rows(fleet: Fleet) -> dict[str, list[tuple[object, ...]]]:
    """What centres consist of; simulations and rollouts aside."""
    aside = {"simulated_centre", "rollout_centre", "audit_record"}
    return {name: rows for name, rows in fleet.host.state().items() if name not in aside}


def test_rule_j6_a_simulation_writes_to_no_centre_and_tells_what_would_happen(fleet: Fleet) -> None:
    before = changed_rows(fleet)
    release = fleet.simulated()
    assert changed_rows(fleet) == before
    with fleet.host.sessions() as session:
        (simulation,) = session.scalars(select(Simulation))
        assert simulation.ended_at is not None
        assert simulation.total == SIX
        assert staleness(session, session.get_one(Release, release)) is None
        lines = session.scalars(select(SimulatedCentre).order_by(SimulatedCentre.unit_id)).all()
    counts = [line.counts for line in lines]
    assert counts[0] == {"CONFLICT_MM": 1}
    assert counts[1] == {"LOCAL_KEPT": 1, "TEMPLATE_CHANGED": 1}
    assert counts[2:] == [{"TEMPLATE_CHANGED": 1}] * (SIX - 2)


def test_rule_j6_a_draft_whose_simulation_is_stale_is_not_published(fleet: Fleet) -> None:
    release = fleet.simulated()
    fleet.edit(3, "scope", "模擬之後的改動")
    with fleet.host.sessions.begin() as session:
        row = session.get_one(Release, release)
        assert staleness(session, row) == "模擬之後有 1 個中心有變動"
        with pytest.raises(ReleaseRefused, match="模擬之後有 1 個中心有變動，須先對全部中心模擬"):
            publish(session, row, act=ACT)
        assert row.status == Status.DRAFT
        publish(session, row, act=ACT, override="改動只在一個中心，不影響發布")
        assert row.status == Status.PUBLISHED
        record = session.scalars(select(AuditRecord).filter_by(action="release.publish")).one()
        assert record.reason == "改動只在一個中心，不影響發布"


def test_rule_j6_a_draft_that_was_never_simulated_or_changed_since_is_not_published(
    fleet: Fleet, pack: Pack
) -> None:
    release = fleet.drafted()
    with fleet.host.sessions() as session, pytest.raises(ReleaseRefused, match="尚未模擬"):
        publish(session, session.get_one(Release, release), act=ACT)
    fleet.simulated()
    with fleet.host.sessions.begin() as session:
        draft_release(session, evolved(pack, ["items", ITEM, "result", "又改了"]), act=ACT)
    with fleet.host.sessions() as session, pytest.raises(ReleaseRefused, match="草案在模擬之後有改動"):
        publish(session, session.get_one(Release, release), act=ACT)


def test_rule_j7_what_goes_wrong_with_one_centre_is_said_in_its_line(fleet: Fleet) -> None:
    broken = fleet.codes[2]
    with fleet.host.sessions.begin() as session:
        here = (Revision.unit_id == broken) & (Revision.number == 1)
        session.execute(update(Revision).where(here).values(changes=[["壞"]]))
    fleet.simulated()
    with fleet.host.sessions() as session:
        faults = {line.unit_id: line.fault for line in session.scalars(select(SimulatedCentre))}
    assert [code for code, fault in faults.items() if fault] == [broken]
    assert len(faults) == SIX


def test_rule_j2_the_next_wave_begins_only_when_every_centre_is_through(fleet: Fleet) -> None:
    rollout = fleet.begun()
    assert fleet.run(rollout, through=1) is RolloutState.RUNNING
    assert fleet.numbers() == [2, 2, 1, 1, 1, 1]
    with fleet.host.sessions.begin() as session:
        row = session.get_one(Rollout, rollout)
        session.execute(update(Centre).where(Centre.unit_id == fleet.codes[1]).values(release_id=1))
        with pytest.raises(RolloutRefused, match="第 1 批有 1 個中心的數據沒有到達這一版"):
            open_next(session, row, act=ACT)
        session.rollback()
    assert fleet.run(rollout) is RolloutState.COMPLETED
    assert fleet.numbers() == [2] * SIX
    assert {line.progress for line in fleet.lines(rollout)} == {Progress.APPLIED}


def test_local_edits_and_one_question_come_of_a_rollout(fleet: Fleet) -> None:
    fleet.run(fleet.begun())
    with fleet.host.sessions() as session:
        items = [
            next(item for item in require_centre(session, code).items if item.key == ITEM)
            for code in fleet.codes
        ]
        questions = session.scalars(select(Question)).all()
    assert [item.result for item in items] == ["本地的辦理結果", *["州第二版的辦理結果"] * (SIX - 1)]
    assert items[1].scope == "本地的適用範圍"
    assert [(one.unit_id, one.code) for one in questions] == [(fleet.codes[0], "CONFLICT_MM")]


def test_rule_j3_more_failures_than_the_limit_halt_and_keep_what_was_applied(fleet: Fleet) -> None:
    rollout = fleet.begun(Wave("全部", ("其餘",)))
    with fleet.host.sessions.begin() as session:
        session.execute(update(Centre).where(Centre.unit_id == fleet.codes[3]).values(content_hash="0" * 64))
    assert fleet.run(rollout) is RolloutState.HALTED
    assert fleet.numbers() == [2, 2, 2, 1, 1, 1]
    failed = fleet.lines(rollout)[3]
    assert (failed.progress, failed.reason) == (
        Progress.FAILED,
        "計劃已過期：該中心在計劃之後有變動，請重新生成計劃",
    )
    with fleet.host.sessions() as session:
        assert session.get_one(Rollout, rollout).message == "失敗的中心有 1 個，超過限額 0 個"


def test_rule_j3_a_halted_rollout_goes_on_with_other_limits_or_another_try(fleet: Fleet) -> None:
    rollout = fleet.begun(Wave("全部", ("其餘",)))
    with fleet.host.sessions.begin() as session:
        good = session.get_one(Centre, fleet.codes[3]).content_hash
        session.execute(update(Centre).where(Centre.unit_id == fleet.codes[3]).values(content_hash="0" * 64))
    fleet.run(rollout)
    with fleet.host.sessions() as session:
        row = session.get_one(Rollout, rollout)
        with pytest.raises(RolloutRefused, match="恢復推行須寫明理由"):
            resume(session, row, act=host_act("州", MOMENT))
        with pytest.raises(RolloutRefused, match="超過限額 0 個；請先處理、重試，或調整限額"):
            resume(session, row, act=ACT)
    with fleet.host.sessions.begin() as session:
        resume(session, session.get_one(Rollout, rollout), act=ACT, limits=Limits(failed=1))
    assert fleet.run(rollout) is RolloutState.COMPLETED
    assert fleet.numbers() == [2, 2, 2, 1, 2, 2]
    with fleet.host.sessions() as session:
        assert (
            good
            == session.scalars(
                select(Revision.content_hash).filter_by(unit_id=fleet.codes[3], number=1)
            ).one()
        )


def test_rule_j3_another_try_takes_in_what_failed(fleet: Fleet) -> None:
    rollout = fleet.begun(Wave("全部", ("其餘",)))
    with fleet.host.sessions.begin() as session:
        row = session.get_one(Centre, fleet.codes[3])
        good, row.content_hash = row.content_hash, "0" * 64
    fleet.run(rollout)
    with fleet.host.sessions.begin() as session:
        session.get_one(Centre, fleet.codes[3]).content_hash = good
        resume(session, session.get_one(Rollout, rollout), act=ACT, again=True)
    assert fleet.run(rollout) is RolloutState.COMPLETED
    assert fleet.numbers() == [2] * SIX


def test_rule_j3_too_many_open_conflicts_in_one_centre_halt(fleet: Fleet) -> None:
    rollout = fleet.begun(limits=Limits(open=0))
    assert fleet.run(rollout) is RolloutState.HALTED
    assert fleet.numbers() == [2, 1, 1, 1, 1, 1]
    with fleet.host.sessions() as session:
        assert session.get_one(Rollout, rollout).message == "有中心的待決分歧達 1 處，超過限額 0 處"


def test_a_suspended_centre_is_skipped_with_its_reason(fleet: Fleet) -> None:
    rollout = fleet.begun()
    with fleet.host.sessions.begin() as session:
        session.get_one(Centre, fleet.codes[4]).status = "suspended"
    assert fleet.run(rollout) is RolloutState.COMPLETED
    skipped = fleet.lines(rollout)[4]
    assert (skipped.progress, skipped.reason) == (Progress.SKIPPED, "本中心已暫停，只可查閱，不能修改")
    assert fleet.numbers() == [2, 2, 2, 2, 1, 2]


def test_rule_j1_waves_that_do_not_share_out_the_fleet_begin_nothing(fleet: Fleet) -> None:
    with pytest.raises(RolloutRefused) as refusal:
        fleet.begun(Wave("試點", (fleet.codes[0],)))
    assert len(refusal.value.faults) == SIX - 1
    with fleet.host.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Rollout)) == 0


def test_rule_j4_a_centre_that_comes_meanwhile_gets_the_release_that_has_gone_all_the_way(
    fleet: Fleet,
) -> None:
    rollout = fleet.begun()
    fleet.run(rollout, through=1)
    with fleet.host.sessions() as session:
        settled = settled_release(session, "qianxinan")
        assert settled is not None
        assert settled.number == 1
    fleet.host.provision(fleet.host.units[SIX : SIX + 1])
    assert fleet.run(rollout) is RolloutState.COMPLETED
    assert fleet.numbers() == [*[2] * SIX, 1]
    assert len(fleet.lines(rollout)) == SIX
    with fleet.host.sessions() as session:
        settled = settled_release(session, "qianxinan")
        assert settled is not None
        assert settled.number == 2


def test_rule_j5_one_rollout_at_a_time_unless_it_is_ended_on_purpose(fleet: Fleet, pack: Pack) -> None:
    rollout = fleet.begun()
    fleet.run(rollout, through=1)
    third = evolved(fleet.second, ["items", ITEM, "result", "州第三版的辦理結果"])
    with fleet.host.sessions.begin() as session:
        release = publish_release(session, third, MOMENT)
        waves = [Wave("全部", ("其餘",))]
        with pytest.raises(RolloutRefused, match="上一次推行還沒有結束"):
            start(session, release, waves, Limits(), act=ACT)
        supersede(session, session.get_one(Rollout, rollout), act=ACT)
        start(session, release, waves, Limits(), act=ACT)
    with fleet.host.sessions() as session:
        assert session.get_one(Rollout, rollout).state == RolloutState.SUPERSEDED
    assert fleet.run(rollout) is RolloutState.SUPERSEDED
    assert fleet.numbers() == [2, 2, 1, 1, 1, 1]
    assert pack.header.release == 1


def test_rule_j5_a_running_rollout_goes_on_while_a_newer_release_waits(fleet: Fleet) -> None:
    rollout = fleet.begun()
    fleet.run(rollout, through=1)
    third = evolved(fleet.second, ["items", ITEM, "result", "州第三版的辦理結果"])
    with fleet.host.sessions.begin() as session:
        publish_release(session, third, MOMENT)
    assert fleet.run(rollout) is RolloutState.COMPLETED
    assert fleet.numbers() == [2] * SIX


def test_rule_m1_a_wave_is_taken_back_and_later_local_edits_stay(fleet: Fleet) -> None:
    rollout = fleet.begun()
    fleet.run(rollout, through=1)
    fleet.edit(1, "delivery", "推行之後的本地改動")
    take_back(fleet.host.sessions, rollout, 1, act=ACT)
    assert fleet.numbers() == [1] * SIX
    with fleet.host.sessions() as session:
        first, second = (
            next(item for item in require_centre(session, code).items if item.key == ITEM)
            for code in fleet.codes[:2]
        )
        row = session.get_one(Rollout, rollout)
        assert row.state == RolloutState.HALTED
        assert row.message == "第 1 批正在回滾：推行第二版"
        assert session.scalars(select(Question)).all() == []
    assert first.result == "本地的辦理結果"
    assert second.delivery == "推行之後的本地改動"
    assert second.scope == "本地的適用範圍"
    assert second.result != "州第二版的辦理結果"
    with pytest.raises(RolloutRefused, match="第 2 批還沒有開始"):
        take_back(fleet.host.sessions, rollout, 2, act=ACT)


def test_a_wave_that_was_taken_back_goes_out_again(fleet: Fleet) -> None:
    rollout = fleet.begun()
    fleet.run(rollout, through=1)
    take_back(fleet.host.sessions, rollout, 1, act=ACT)
    with fleet.host.sessions.begin() as session:
        resume(session, session.get_one(Rollout, rollout), act=ACT, again=True)
    assert fleet.run(rollout) is RolloutState.COMPLETED
    assert fleet.numbers() == [2] * SIX


def test_a_wave_brings_several_centres_on_at_one_time(fleet: Fleet) -> None:
    rollout = fleet.begun(Wave("全部", ("其餘",), 4))
    assert fleet.run(rollout) is RolloutState.COMPLETED
    assert fleet.numbers() == [2] * SIX
    with fleet.host.sessions() as session:
        applied = select(func.count()).select_from(AuditRecord).filter_by(action="centre.apply")
        assert session.scalar(applied) == SIX


def test_a_release_that_is_on_its_way_is_not_withdrawn(fleet: Fleet) -> None:
    rollout = fleet.begun()
    with fleet.host.sessions.begin() as session:
        release = session.get_one(Release, session.get_one(Rollout, rollout).release_id)
        with pytest.raises(ReleaseRefused, match="正在推行"):
            withdraw(session, release, act=ACT)
        supersede(session, session.get_one(Rollout, rollout), act=ACT)
        withdraw(session, release, act=ACT)
        assert release.status == Status.WITHDRAWN
    with fleet.host.sessions() as session, pytest.raises(RolloutRefused, match="尚未發布"):
        start(session, session.get_one(Release, release.id), [Wave("全", ("其餘",))], Limits(), act=ACT)


def test_a_release_that_removes_what_must_be_there_does_not_become_a_draft(fleet: Fleet, pack: Pack) -> None:
    unfit = evolved(pack, ["fixtures", "zhou:cabinet", "*", None])
    with fleet.host.sessions.begin() as session:
        with pytest.raises(ReleaseRefused, match="屬必備"):
            draft_release(session, unfit, act=ACT)
        assert session.scalars(select(Release.number)).all() == [1]


def test_simulating_anew_takes_the_place_of_the_earlier_simulation(fleet: Fleet) -> None:
    release = fleet.simulated()
    told: list[tuple[int, int]] = []
    simulate(
        fleet.readers,
        fleet.host.sessions,
        release,
        act=ACT,
        advance=lambda done, total: told.append((done, total)),
    )
    assert told == [(SIX, SIX)]
    with fleet.host.sessions() as session:
        assert session.scalar(select(func.count()).select_from(Simulation)) == 1
        assert session.scalar(select(func.count()).select_from(SimulatedCentre)) == SIX
