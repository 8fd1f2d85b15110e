"""Workers as an operator starts them, killed in the middle: every job is done once all the same, by either carrier."""

import os
import random
import signal
import sys
import time
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import Select, func, select

from tests.fixtures.commands import BAD_INPUT, Run, few
from tests.fixtures.jobs import TENANTS, Workshop
from tests.fixtures.soak import SEED, SOAK, rounds
from townhall.audit.models import AuditRecord
from townhall.audit.operations import broken
from townhall.centres.models import Revision
from townhall.config import Settings, SettingsInvalid
from townhall.jobs import broker
from townhall.jobs.local import Pool, drain
from townhall.jobs.models import Job, State
from townhall.jobs.operations import OPEN_AT_MOST, UNNOTICED
from townhall.jobs.packages import PACKAGE, folder_of
from townhall.jobs.provisioning import PROVISION

PREFECTURE = "522300000000"
WAYS = [("sqlite", "local"), ("postgresql", "celery"), ("sqlite", "celery"), ("postgresql", "local")]
# Starting workers and printing take long: in `make test` each database and each carrier once, in `make soak` each
# with each.
everyway = pytest.mark.parametrize(("backend", "carried"), WAYS if SOAK else WAYS[:2], indirect=True)
printing = pytest.mark.parametrize(("backend", "carried"), WAYS if SOAK else WAYS[:1], indirect=True)
here = pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
there = pytest.mark.parametrize("backend", ["postgresql"], indirect=True)


@pytest.fixture
def carried(request: pytest.FixtureRequest, workshop: Workshop) -> dict[str, str]:
    """What a worker is told so that the one or the other carries; a broker is emptied for each test."""
    if request.param == "local":
        return {}
    address: str = request.getfixturevalue("redis_server")
    workshop.settings = workshop.settings.model_copy(update={"broker": address})
    with broker.celery_of(workshop.settings).connection_for_write() as connection:
        connection.default_channel.client.flushall()
    return {"BROKER": address}


def announce(workshop: Workshop, unit_id: str, key: str) -> None:
    """The news of a job, as the page sends it when its transaction is kept."""
    if workshop.settings.broker:
        broker.Post(workshop.settings).send(unit_id, key)


def running(workshop: Workshop, unit_id: str, key: str) -> bool:
    job = workshop.job(unit_id, key)
    return job.state == State.RUNNING and job.done > 0


@printing
def test_bar_r4_a_package_whose_worker_is_killed_is_made_once(
    workshop: Workshop, carried: dict[str, str]
) -> None:
    unit_id = workshop.codes[0]
    key = workshop.ask(unit_id, PACKAGE, {"script": "hant"})
    announce(workshop, unit_id, key)
    worker = workshop.start_worker(**carried)
    workshop.wait(lambda: running(workshop, unit_id, key))
    assert workshop.kill(worker) == -signal.SIGKILL
    assert workshop.job(unit_id, key).state == State.RUNNING
    assert workshop.acts(unit_id) == ["job.ask"]
    workshop.start_worker(**carried)
    workshop.wait(lambda: workshop.open() == 0)
    job = workshop.job(unit_id, key)
    assert (job.state, job.attempts) == (State.DONE, 2), job.message
    assert workshop.acts(unit_id) == ["job.ask", "job.finish"]
    path = folder_of(workshop.settings, unit_id) / job.result["file"]
    with zipfile.ZipFile(path) as archive:
        assert sum(name.endswith(".pdf") for name in archive.namelist()) == job.result["made"] > 10
        assert archive.testzip() is None


def revisions() -> Select[tuple[str, int]]:
    return select(Revision.unit_id, func.count()).group_by(Revision.unit_id)


def creations() -> Select[tuple[str, int]]:
    created = select(AuditRecord.unit_id, func.count()).where(AuditRecord.action == "centre.create")
    return created.group_by(AuditRecord.unit_id)


@everyway
def test_bar_r4_many_jobs_and_many_killed_workers_open_each_centre_once(
    workshop: Workshop, carried: dict[str, str]
) -> None:
    """Each job opens two centres, each centre stands in two jobs; workers die at random moments until all is done."""
    chance, total, kills = random.Random(SEED), rounds(4, 250), 0
    codes = [unit.code for unit in workshop.host.units[TENANTS:]]
    pairs = [[codes[n % len(codes)], codes[(n + 1) % len(codes)]] for n in range(total)]
    asked: list[str] = []
    worker = workshop.start_worker(**carried)
    while len(asked) < total or workshop.open():
        while len(asked) < total and workshop.open() < OPEN_AT_MOST:
            parameters = {"pack": "qianxinan", "units": pairs[len(asked)]}
            asked.append(workshop.ask(PREFECTURE, PROVISION, parameters, f"p{len(asked)}"))
            # The broker was away for every other one: nobody ever sends its news.
            if len(asked) % 2:
                announce(workshop, PREFECTURE, asked[-1])
        time.sleep(chance.random() * rounds(1, 4))
        if chance.random() < 0.5 and (SOAK or not kills):
            workshop.kill(worker)
            kills, worker = kills + 1, workshop.start_worker(**carried)
    with workshop.host.sessions() as session:
        assert {session.get_one(Job, (PREFECTURE, key)).state for key in asked} == {State.DONE}
        opened = {code for pair in pairs for code in pair}
        for wanted in (revisions(), creations()):
            counts = {unit_id: count for unit_id, count in session.execute(wanted) if unit_id in opened}
            assert counts == dict.fromkeys(opened, 1)
        assert broken(session, PREFECTURE) is None
    assert workshop.acts(PREFECTURE).count("job.finish") == total
    print(f"workers: {total} jobs, {kills} killed workers, each done once")


@here
def test_a_broker_that_is_away_loses_no_job_and_holds_up_no_page(workshop: Workshop) -> None:
    away = workshop.settings.model_copy(update={"broker": "redis://127.0.0.1:1/0"})
    key = workshop.ask(workshop.codes[0], PACKAGE, {"script": "hans"})
    with workshop.host.sessions.begin() as session:
        broker.Post(away).announce(session, session.get_one(Job, (workshop.codes[0], key)))
    assert workshop.runner.due() == [(workshop.codes[0], key)]


def test_news_is_sent_when_the_transaction_is_kept_and_only_then(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[tuple[str, str]] = []
    monkeypatch.setattr(broker.Post, "send", lambda _post, *job: sent.append(job))
    post = broker.Post(workshop.settings.model_copy(update={"broker": "memory://"}))
    key = workshop.ask(workshop.codes[0], PACKAGE, {"script": "hans"})
    for keep in (False, True):
        with workshop.host.sessions() as session:
            post.announce(session, session.get_one(Job, (workshop.codes[0], key)))
            assert sent == []
            session.commit() if keep else session.rollback()
    assert sent == [(workshop.codes[0], key)]


@there
def test_a_worker_that_is_told_to_end_gives_its_job_back_and_goes(workshop: Workshop) -> None:
    unit_id = workshop.codes[0]
    key = workshop.ask(unit_id, PACKAGE, {"script": "hant"})
    worker = workshop.start_worker(JOB_LEASE="600")
    workshop.wait(lambda: running(workshop, unit_id, key))
    assert workshop.kill(worker, signal.SIGTERM) == 0
    assert workshop.job(unit_id, key).state == State.WAITING
    assert list(workshop.settings.packages.rglob("*.*")) == []


@there
def test_the_workers_of_a_server_are_replaced_when_they_die_and_gone_when_it_stops(
    workshop: Workshop,
) -> None:
    """What waited before the server started is done too, by whichever of them is there."""
    workshop.ask(PREFECTURE, PROVISION, {"pack": "qianxinan", "units": workshop.codes})
    pool = Pool(workshop.settings, 1)
    pool.start()
    try:
        (first,) = pool.pids
        os.kill(first, signal.SIGKILL)
        workshop.wait(lambda: pool.pids not in ([], [first]) and workshop.open() == 0)
        (second,) = pool.pids
    finally:
        pool.stop()
    assert not Path(f"/proc/{first}").exists()
    assert not Path(f"/proc/{second}").exists()
    assert workshop.acts(PREFECTURE) == ["job.ask", "job.finish"]


@here
def test_work_once_does_what_waits_and_ends(workshop: Workshop) -> None:
    for code in (PREFECTURE, workshop.codes[0]):
        workshop.ask(code, PROVISION, {"pack": "qianxinan", "units": workshop.codes[:1]})
    assert drain(workshop.settings) == 2
    assert drain(workshop.settings) == 0
    assert workshop.open() == 0


def test_without_celery_a_broker_is_refused_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "celery", None)
    with pytest.raises(SettingsInvalid, match="還須安裝 Celery"):
        broker.Post(Settings(broker="redis://127.0.0.1/0"))
    assert broker.Post(Settings())


@here
def test_provisioning_can_be_handed_over_to_a_worker(
    workshop: Workshop, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOWNHALL_DATABASE", workshop.host.url)
    told = run("provision", "--units", few(tmp_path, 3), "--later")
    assert "已交後台任務：3 個鄉鎮" in told.stdout
    assert "等待 1 個" in run("doctor").stdout
    assert "已處理 1 個任務" in run("work", "--once").stdout
    assert workshop.acts(PREFECTURE) == ["job.ask", "job.finish"]


@here
def test_the_doctor_says_when_jobs_wait_and_nobody_works(
    workshop: Workshop, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOWNHALL_DATABASE", workshop.host.url)
    key = workshop.ask(PREFECTURE, PROVISION, {"pack": "qianxinan", "units": workshop.codes})
    assert "✓ 後台任務：等待 1 個" in run("doctor").stdout
    with workshop.host.sessions.begin() as session:
        session.get_one(Job, (PREFECTURE, key)).asked_at -= 2 * UNNOTICED
    told = run("doctor")
    assert told.exit_code == BAD_INPUT
    assert (
        "× 後台任務：等待 1 個，進行中 0 個，沒有進程處理。處理：運行 townhall serve 或 townhall work"
        in told.stdout
    )


def test_the_doctor_speaks_to_the_broker(
    run: Run, redis_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TOWNHALL_BROKER", redis_server.replace("redis://", "redis://:geheim@"))
    assert "geheim" not in run("doctor").stdout
    monkeypatch.setenv("TOWNHALL_BROKER", redis_server)
    assert "✓ 消息代理：redis://" in run("doctor").stdout
    monkeypatch.setenv("TOWNHALL_BROKER", "redis://127.0.0.1:1/0")
    assert "× broker：" in run("doctor").stdout
