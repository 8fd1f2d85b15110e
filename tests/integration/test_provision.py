"""A fleet is brought in whole, once, and survives being killed at any moment."""

import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console
from sqlalchemy import event, func, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import Session, sessionmaker

from provisioning.canonical import content_hash
from provisioning.plan import Reason
from provisioning.planning import plan_centre
from provisioning.resolve import Layer
from provisioning.specs import Overlay, Pack, PolicyRule
from provisioning.specs.pack import Policy
from tests.fixtures.databases import Copies
from tests.fixtures.host import Host, host_url
from tests.fixtures.soak import rounds
from tests.fixtures.standards import MOMENT
from townhall.audit.act import host_act
from townhall.centres.apply import PlanStale, apply_plan, plan_unit, standard_for
from townhall.centres.edit import Edit, edit_centre
from townhall.centres.models import Centre, Revision, Window
from townhall.centres.provision import Result, carry_out, plans, provision
from townhall.centres.rows import MODELS, read_centre, require_centre
from townhall.config import Settings
from townhall.database import create_engine_for
from townhall.demo import prepare_demo
from townhall.standards.operations import (
    StandardConflict,
    newest_overlays,
    newest_release,
    publish_overlay,
    publish_release,
)
from townhall.tenancy import HOST, scoped
from townhall.units.models import Unit
from townhall.units.operations import ensure_units, townships_below
from townhall.units.sheet import SheetInvalid, read_sheet

MANY = rounds(40, 140)  # centres


def test_all_140_townships_get_every_row_of_the_standard(host: Host, pack: Pack) -> None:
    report = host.provision()
    assert report.counts == {Result.CREATED: 140}
    withheld = sum(bool(item.only_for) for item in pack.centre.items)
    streets = sum(unit.kind == "街道" for unit in host.units)
    with host.sessions() as session:
        for section, model in MODELS.items():
            expected = 140 * len(getattr(pack.centre, section)) - (
                streets * withheld if section == "items" else 0
            )
            assert session.scalar(select(func.count()).select_from(model)) == expected, section


def test_what_is_read_back_is_what_the_standard_says(host: Host) -> None:
    host.provision(host.units[:1])
    unit = host.units[0]
    with host.sessions() as session:
        centre = read_centre(session, unit.code)
        row = session.get_one(Centre, unit.code)
        standard = standard_for(unit, host.release, {})
    assert centre is not None
    assert content_hash(centre) == standard.upstream.revision == row.content_hash


def test_a_second_run_changes_nothing_and_says_so(host: Host) -> None:
    host.provision(host.units[:MANY])
    before = host.state()
    report = host.provision(host.units[:MANY])
    assert report.counts == {Result.UNCHANGED: MANY}
    assert report.rows == 0
    assert host.state() == before


def test_after_applying_a_plan_the_next_plan_is_empty(host: Host) -> None:
    host.provision(host.units[:3])
    with host.sessions() as session:
        for unit in host.units[:3]:
            assert not plan_unit(session, unit, standard_for(unit, host.release, {}))


def test_rule_i3_applying_the_same_plan_twice_gives_the_first_outcome(host: Host) -> None:
    unit = host.units[0]
    standard = standard_for(unit, host.release, {})
    plan = plan_centre(unit.code, None, None, standard.upstream)
    with host.sessions.begin() as session:
        first = apply_plan(session, plan, unit, standard, act=host_act("甲", MOMENT))
    before = host.state()
    with host.sessions.begin() as session:
        second = apply_plan(session, plan, unit, standard, act=host_act("乙", MOMENT))
    assert (first.written, second.written, second.revision) == (True, False, first.revision)
    assert host.state() == before


def test_rule_i1_a_plan_for_a_standard_that_has_changed_is_stale(host: Host) -> None:
    unit, town = host.units[0], next(unit for unit in host.units if unit.kind == "鎮")
    made = plan_centre(unit.code, None, None, standard_for(town, host.release, {}).upstream)
    with host.sessions() as session, pytest.raises(PlanStale, match="計劃已過期"):
        apply_plan(session, made, unit, standard_for(unit, host.release, {}), act=host_act("甲", MOMENT))
    assert not host.state()["centre"]


def test_rule_i4_of_two_concurrent_creations_one_writes_and_the_other_learns_that_it_is_stale(
    host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both have found no centre when the first writes: the second meets the primary key, not an earlier look."""
    unit = host.units[0]
    standard = standard_for(unit, host.release, {})
    plan = plan_centre(unit.code, None, None, standard.upstream)
    with host.sessions.begin() as session:
        apply_plan(session, plan, unit, standard, act=host_act("甲", MOMENT))
    monkeypatch.setattr(Session, "get", lambda *_, **__: None)  # as it looked before the first committed
    with host.sessions() as session, pytest.raises(PlanStale, match="剛由他人建立"):
        apply_plan(session, replace(plan, engine="another"), unit, standard, act=host_act("乙", MOMENT))


def test_rule_j7_two_runs_at_once_open_every_centre_once_and_refuse_none(host: Host) -> None:
    chosen = host.units[:12]
    with ThreadPoolExecutor(2) as pool:
        reports = list(pool.map(lambda _: host.provision(chosen), range(2)))
    counts = reports[0].counts + reports[1].counts
    assert counts == {Result.CREATED: 12, Result.UNCHANGED: 12}
    assert len(host.state()["centre"]) == 12


def test_writers_wait_for_each_other_also_when_they_have_read_before(host: Host) -> None:
    host.provision(host.units[:2])

    def edit(unit: Unit) -> None:
        with host.sessions.begin() as session:
            edits = [Edit("profile", None, "hotline", f"0000-{unit.short_code}")]
            edit_centre(session, unit, edits, seen=None, act=host_act("甲", MOMENT, "試"))

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(edit, host.units[:2] * 4))
    with host.sessions() as session:
        hotlines = {require_centre(session, unit.code).profile.hotline for unit in host.units[:2]}
    assert hotlines == {f"0000-{unit.short_code}" for unit in host.units[:2]}


def test_rule_i1_a_plan_seen_before_an_overlay_was_published_is_not_applied(host: Host) -> None:
    chosen = host.units[:2]
    with host.sessions() as session:
        seen = list(plans(session, chosen, host.release, {}))
    with host.sessions.begin() as session:
        overlay = Overlay(county="522301", version=1, title="試", profile={"slogan": "另一宗旨"})
        publish_overlay(session, chosen[0].parent_code or "", overlay, MOMENT, host.release)
    report = carry_out(host.sessions, seen, act=host_act("測試", MOMENT))
    assert report.counts == {Result.REFUSED: 2}
    assert not host.state()["centre"]


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


def test_rule_i2_a_failure_at_any_statement_leaves_nothing_of_the_centre(host: Host) -> None:
    failed: list[str] = []
    for statement in range(1, 100):
        with suppress(OSError), failing_at(host.engine, statement) as texts:
            host.provision(host.units[:1])
            break
        failed += texts
        assert not any(host.state().values())
    assert len(host.state()["centre"]) == 1
    filled = {name for name, rows in host.state().items() if rows}
    struck = set(re.findall(r'INSERT INTO "?(\w+)', " ".join(failed)))
    assert filled
    assert filled <= struck


PROGRAM = """
import sys
from tests.fixtures.host import host_at
host = host_at(sys.argv[1])
print("ready", flush=True)
host.provision(host.units[:int(sys.argv[2])])
print("done", flush=True)
"""


def _killed_run(url: str, seconds: float) -> bool:
    """Provision in a process of its own and kill it after a while; True when it was quicker."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["platform", "."])}
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, url, str(MANY)],
        stdout=subprocess.PIPE,
        cwd=root,
        env=environment,
        text=True,
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    finished = "done" in process.stdout.read()
    process.stdout.close()
    process.wait()
    return finished


def test_killed_at_any_moment_and_started_again_it_ends_in_the_same_state(
    copies: Copies, hosts: Callable[[str], Host], pack: Pack
) -> None:
    straight = hosts(host_url(copies, pack))
    straight.provision(straight.units[:MANY])
    url = host_url(copies, pack)
    kills = [_killed_run(url, seconds) for seconds in (0.02, 0.05, 0.1, 0.2)]
    assert not all(kills)
    killed = hosts(url)
    centres = len(killed.state()["centre"])
    report = killed.provision(killed.units[:MANY])
    assert report.counts[Result.UNCHANGED] == centres
    assert killed.state() == straight.state()


def test_no_centre_is_ever_half_there(host: Host) -> None:
    host.provision(host.units[:2])
    with host.sessions() as session:
        for model in (Window, Revision):
            owners = set(session.scalars(select(model.unit_id)))
            assert owners == set(session.scalars(select(Centre.unit_id)))


def test_a_county_that_the_pack_does_not_know_is_refused_and_nothing_is_written(
    database_url: str, pack: Pack, tmp_path: Path
) -> None:
    path = tmp_path / "名單.csv"
    rows = [
        "code,name,name_trad,kind,county_code",
        "522301001,黄草街道,黃草街道,街道,522301",
        "520102001,某街道,某街道,街道,520102",
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    engine = create_engine_for(database_url)
    sessions = sessionmaker(engine, info=scoped(HOST))
    with sessions() as session, pytest.raises(SheetInvalid, match="沒有代碼為 520102 的縣") as refused:
        ensure_units(session, pack.header, read_sheet(path).townships, path.name)
    assert refused.value.faults[0].line == 3
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Unit)) == 0
    engine.dispose()


def test_a_street_has_its_county_for_budget_holder(host: Host) -> None:
    for unit in host.units:
        assert unit.budget_holder == (unit.parent_code if unit.kind == "街道" else unit.code)


def test_townships_are_found_below_every_level(host: Host) -> None:
    with host.sessions() as session:
        assert len(townships_below(session, "522300")) == 140
        assert len(townships_below(session, "522301")) == 32
        assert len(townships_below(session, "522301001")) == 1
        with pytest.raises(LookupError, match="沒有代碼為 999999 的單位"):
            townships_below(session, "999999")


@pytest.mark.parametrize("code", ["5223", "5223010", "52230100", "", "５２２３０１", "522301001000x"])
def test_a_code_with_a_digit_lost_selects_nothing(host: Host, code: str) -> None:
    with host.sessions() as session, pytest.raises(LookupError, match="應為 6、9 或 12 位數字"):
        townships_below(session, code)


def test_a_published_release_is_immutable(host: Host, pack: Pack) -> None:
    with host.sessions() as session:
        assert publish_release(session, pack, MOMENT).id == host.release.id
        changed = pack.model_copy(update={"header": pack.header.model_copy(update={"title": "另一標題"})})
        with pytest.raises(StandardConflict, match="發布後不可更改"):
            publish_release(session, changed, MOMENT)
        newest = newest_release(session, "qianxinan")
        assert newest
        assert newest.content_hash == host.release.content_hash


def test_a_centre_pinned_to_an_older_standard_is_left_alone_and_said_so(host: Host) -> None:
    host.provision(host.units[:2])
    before = host.state()
    overlay = Overlay(county="522301", version=1, title="試", profile={"slogan": "另一宗旨"})
    with host.sessions.begin() as session:
        publish_overlay(session, host.units[0].parent_code or "", overlay, MOMENT, host.release)
    with host.sessions() as session:
        overlays = newest_overlays(session, host.release)
    report = provision(host.sessions, host.units[:2], host.release, overlays, act=host_act("測試", MOMENT))
    assert report.counts == {Result.KEPT: 2}
    assert all(step.reason for step in report.steps)
    assert host.state() == before


def test_a_release_that_moves_only_a_policy_is_not_called_no_change(host: Host, pack: Pack) -> None:
    host.provision(host.units[:1])
    locked = PolicyRule(path="profile.slogan", policy=Policy.LOCKED, reason="統一", source="州")
    header = pack.header.model_copy(update={"release": 2})
    second = pack.model_copy(update={"header": header, "policies": (*pack.policies, locked)})
    with host.sessions.begin() as session:
        release = publish_release(session, second, MOMENT)
    report = provision(host.sessions, host.units[:1], release, {}, act=host_act("測試", MOMENT))
    assert report.counts == {Result.KEPT: 1}


def test_a_plan_for_another_standard_calls_nothing_local_that_is_not(host: Host) -> None:
    host.provision(host.units[:1])
    unit = host.units[0]
    overlay = Overlay(county="522301", version=1, title="試", profile={"slogan": "另一宗旨"})
    with host.sessions.begin() as session:
        publish_overlay(session, unit.parent_code or "", overlay, MOMENT, host.release)
        plan = plan_unit(
            session, unit, standard_for(unit, host.release, newest_overlays(session, host.release))
        )
    (change,) = plan.changes.actions
    assert change.reason is Reason.TEMPLATE_CHANGED
    assert change.cause is Layer.COUNTY
    assert change.sentence.endswith("→ 「另一宗旨」（縣標準第 1 版調整；本地未改，直接採用）")


def test_the_demonstration_keeps_out_of_a_home_with_real_centres(
    host: Host, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host.provision(host.units[:1])
    before = host.state()
    monkeypatch.setenv("TOWNHALL_DATABASE", host.url)
    with pytest.raises(LookupError, match="不能用於演示"):
        prepare_demo(Settings(home=tmp_path, demo=True), Console(quiet=True))
    assert host.state() == before
