"""A rollout that is killed at any moment and started again ends as one that was not (rules I2, I3; bar R1).

In `make soak` over the whole fleet with many kills, in `make test` over a few centres with a few.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import func, select

from provisioning.specs import Pack
from provisioning.waves import Wave
from tests.fixtures.databases import Copies
from tests.fixtures.host import Host, host_url
from tests.fixtures.releases import evolved
from tests.fixtures.rollouts import ACT, ITEM, Fleet, edited
from tests.fixtures.soak import SEED, rounds
from townhall.audit.models import AuditRecord
from townhall.audit.operations import broken, chained_units
from townhall.centres.apply import apply_plan, plan_unit, standard_for
from townhall.rollouts.models import Rollout, RolloutState
from townhall.standards.models import Release

CENTRES, TRIALS, KILLS = rounds(3, 140), rounds(1, 25), rounds(2, 4)
PROGRAM = """
import sys
from sqlalchemy.orm import sessionmaker
from tests.fixtures.rollouts import ACT
from townhall.database import create_engine_for
from townhall.rollouts.running import run
from townhall.tenancy import HOST, scoped
url, rollout = sys.argv[1:]
sessions = sessionmaker(create_engine_for(url), expire_on_commit=False, info=scoped(HOST))
print("ready", flush=True)
run(sessions, int(rollout), act=ACT)
print("done", flush=True)
"""


@pytest.fixture
def prepared(hosts: Callable[[str], Host], copies: Copies, pack: Pack) -> Callable[[], Fleet]:
    """Makes fleets of which every third centre has an edit that release 2 meets."""
    second = evolved(pack, ["items", ITEM, "result", "州第二版的辦理結果"])
    return lambda: Fleet(hosts(host_url(copies, pack, "rollout to kill", edit_every_third)), second)


def edit_every_third(host: Host) -> None:
    host.provision(host.units[:CENTRES])
    for place in range(0, CENTRES, 3):
        edited(host, place, "result" if place % 2 else "scope", "本地的內容")


def begun(fleet: Fleet) -> int:
    waves = (Wave("試點", (fleet.host.units[0].code, fleet.host.units[1].code)), Wave("其他", ("其餘",), 2))
    return fleet.begun(*waves)


def killed_run(fleet: Fleet, rollout: int, seconds: float) -> bool:
    """Run the rollout in a process of its own and kill it after a while; True when it was quicker."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(["platform", "."])}
    root = Path(__file__).parents[2]
    command = [sys.executable, "-c", PROGRAM, fleet.host.url, str(rollout)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, env=environment, text=True)
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    finished = "done" in process.stdout.read()
    process.stdout.close()
    process.wait()
    return finished


def applies(fleet: Fleet) -> int:
    with fleet.host.sessions() as session:
        return (
            session.scalar(select(func.count()).select_from(AuditRecord).filter_by(action="centre.apply"))
            or 0
        )


def sound(fleet: Fleet) -> bool:
    """Whether every chain of the audit holds."""
    with fleet.host.sessions() as session:
        return all(broken(session, unit) is None for unit in chained_units(session))


def test_bar_r1_a_rollout_killed_at_random_moments_ends_as_one_that_was_not(
    prepared: Callable[[], Fleet],
) -> None:
    straight = prepared()
    started = time.monotonic()
    assert straight.run(begun(straight)) is RolloutState.COMPLETED
    whole = time.monotonic() - started
    dice, kills = random.Random(SEED), 0
    for _ in range(TRIALS):
        fleet = prepared()
        rollout = begun(fleet)
        for _ in range(KILLS):
            kills += not killed_run(fleet, rollout, dice.uniform(0, whole / 2))
        assert fleet.run(rollout) is RolloutState.COMPLETED
        assert fleet.host.state() == straight.host.state()
        assert applies(fleet) == applies(straight) == CENTRES
        assert sound(fleet)
    print(f"{CENTRES} centres, {TRIALS} trials, {kills} kills that came before the end, seed {SEED}")
    assert kills


def test_bar_r1_the_control_that_writes_the_line_later_ends_differently(
    prepared: Callable[[], Fleet],
) -> None:
    """The planted fault: a centre brought on in one transaction, its line in another that a kill prevents."""
    straight, naive = prepared(), prepared()
    straight.run(begun(straight))
    rollout = begun(naive)
    with naive.host.sessions.begin() as session:
        unit, release = (
            naive.host.units[0],
            session.get_one(Release, session.get_one(Rollout, rollout).release_id),
        )
        standard = standard_for(unit, release, {})
        apply_plan(session, plan_unit(session, unit, standard), unit, standard, act=ACT)
    assert naive.run(rollout) is RolloutState.COMPLETED
    assert naive.host.state() != straight.host.state()
