"""Jobs of many tenants in one worker process, interleaved at random: none ever meets another's rows (bar T6)."""

import contextvars
import random
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.specs import Pack
from tests.fixtures.jobs import Workshop, canary
from tests.fixtures.soak import SEED, rounds
from townhall.centres.archive import write_archive
from townhall.centres.models import Centre
from townhall.centres.readiness import keep, kept, readiness
from townhall.centres.rows import require_centre
from townhall.database import Base, reading, table_of
from townhall.documents.sheet import Sheet
from townhall.documents.store import Store, sheet_key
from townhall.jobs.kinds import JobFailed, Kind, Task
from townhall.jobs.models import Job, State
from townhall.jobs.runner import Runner
from townhall.models import TENANT_OWNED
from townhall.tenancy import HOST, Scope, enter, scope_of

JOBS, AT_ONCE = (
    4,
    3,
)  # of one round, in as many threads: so some come one after another, as all do in most workers
FOUND: contextvars.ContextVar[str] = contextvars.ContextVar("found", default="")
PATIENCE = 60


class Baton:
    """Lets one of several threads run at a time and hands over as a seed says, so that a round can be repeated."""

    def __init__(self, chance: random.Random, runners: int) -> None:
        self._chance, self._turn = chance, threading.Condition()
        self._alive, self._holder = set(range(runners)), chance.randrange(runners)

    def pass_on(self, me: int) -> None:
        """Hand over to somebody, perhaps to oneself, and wait for the next turn."""
        with self._turn:
            self._choose()
            assert self._turn.wait_for(lambda: self._holder == me, PATIENCE)

    def await_start(self, me: int) -> None:
        with self._turn:
            assert self._turn.wait_for(lambda: self._holder == me, PATIENCE)

    def leave(self, me: int) -> None:
        with self._turn:
            self._alive.discard(me)
            self._choose()

    def _choose(self) -> None:
        if self._alive:
            self._holder = self._chance.choice(sorted(self._alive))
        self._turn.notify_all()


@dataclass
class Probe:
    """A kind of job that looks everywhere a tenant's things could be, and notes whatever is not its own."""

    folder: Path
    codes: list[str]
    chance: random.Random
    pack: Pack
    hand_over: Callable[[], None] = lambda: None
    foreign: list[str] = field(default_factory=list)
    steps: int = 0

    @property
    def kind(self) -> Kind:
        return Kind(lambda _parameters: None, self.run)

    def run(self, task: Task) -> Mapping[str, Any]:
        self._note(task, "context", FOUND.get() in {"", task.unit.code})
        FOUND.set(task.unit.code)
        looks = [self._rows, self._objects, self._writer, self._cache, self._store, self._export]
        for look in self.chance.sample(looks, 3):
            look(task)
            self.steps += 1
            self.hand_over()
            self._note(task, "context", FOUND.get() == task.unit.code)
        if self.chance.random() < 0.2:
            raise JobFailed("as planned")
        return {}

    def _note(self, task: Task, where: str, own: bool) -> None:
        if not own:
            self.foreign.append(f"{where} of {task.unit.code}")

    def _texts(self, task: Task, where: str, text: str) -> None:
        self._note(
            task, where, not any(canary(code) in text for code in self.codes if code != task.unit.code)
        )

    def _rows(self, task: Task) -> None:
        for model in self.chance.sample(TENANT_OWNED, 4):
            self._units(task, task.session, model)

    def _units(self, task: Task, session: Session, model: type[Base]) -> None:
        owned: Any = model
        found = set(session.scalars(select(owned.unit_id).distinct()))
        self._note(task, table_of(model).name, found <= {task.unit.code})

    def _objects(self, task: Task) -> None:
        for code in self.codes:
            self._note(task, "get", code == task.unit.code or task.session.get(Centre, code) is None)

    def _writer(self, task: Task) -> None:
        with task.sessions() as session:
            self._units(task, session, Centre)
            session.rollback() if self.chance.random() < 0.5 else session.commit()

    def _cache(self, task: Task) -> None:
        """Readiness is kept by what a configuration says: equal ones share it, and others never."""
        row, centre = (
            task.session.get_one(Centre, task.unit.code),
            require_centre(task.session, task.unit.code),
        )
        identity = (row.content_hash, "release")
        keep(identity, centre, self.pack)
        self.hand_over()
        self._texts(task, "rows", repr(centre))
        self._note(task, "cache", kept(identity) == readiness(centre, self.pack))

    def _store(self, task: Task) -> None:
        """The store of finished documents gives back what was made of the same sheet and of no other."""
        profile = task.session.get_one(Centre, task.unit.code).profile
        sheet = Sheet(f"<p>{profile['address']}</p>", "", 90, 54)
        store, key = Store(self.folder / "documents"), sheet_key(sheet, "faces")
        self.hand_over()
        path = store.get(key) or store.put(key, sheet.html.encode())
        text = path.read_text(encoding="utf-8")
        self._note(task, "store", canary(task.unit.code) in text)
        self._texts(task, "store", text)

    def _export(self, task: Task) -> None:
        path = self.folder / f"{task.unit.code}-{self.chance.getrandbits(64):x}.zip"
        write_archive(task.session, task.unit, path)
        with zipfile.ZipFile(path) as archive:
            self._texts(task, "export", "".join(archive.read(name).decode() for name in archive.namelist()))
        path.unlink()


def interleave(workshop: Workshop, runner: Runner, probe: Probe, number: int) -> None:
    """One round: jobs of random tenants in threads of this process, which hand over at random steps."""
    chance = random.Random(SEED + number)
    probe.chance = chance
    codes = chance.choices(probe.codes, k=JOBS)
    jobs = [(code, workshop.ask(code, "probe", {"n": n})) for n, code in enumerate(codes)]
    baton, mine = Baton(chance, AT_ONCE), threading.local()
    probe.hand_over = lambda: baton.pass_on(mine.place)

    def do(place: int) -> None:
        mine.place = place
        baton.await_start(place)
        try:
            for job in jobs[place::AT_ONCE]:
                runner.run(*job)
                baton.pass_on(place)
        finally:
            baton.leave(place)

    threads = [threading.Thread(target=do, args=(place,)) for place in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    with workshop.host.sessions() as session:
        states = {session.get_one(Job, job).state for job in jobs}
        messages = {session.get_one(Job, job).message for job in jobs}
    assert states <= {State.DONE, State.FAILED}
    assert messages <= {"", "as planned"} or probe.foreign, messages


@pytest.fixture
def probe(workshop: Workshop, pack: Pack, tmp_path: Path) -> Probe:
    made = Probe(tmp_path, workshop.codes, random.Random(SEED), pack)
    workshop.kinds["probe"] = made.kind
    return made


def test_bar_t6_interleaved_jobs_of_many_tenants_see_nothing_of_each_other(
    workshop: Workshop, probe: Probe
) -> None:
    total = rounds(4, 1_000)
    for number in range(total):
        interleave(workshop, workshop.runner, probe, number)
    assert probe.foreign == []
    print(
        f"jobs: {total} interleavings of {JOBS} jobs, {probe.steps} looks, {len(probe.codes)} tenants, 0 foreign"
    )


TENANT: contextvars.ContextVar[Scope | None] = contextvars.ContextVar("tenant", default=None)


class KeepsTenant(Runner):
    """The classic fault: the tenant is put where it is at hand, and nobody takes it away after the job."""

    def run(self, unit_id: str | None, key: str | None) -> State | None:
        return self._run(scope_of(str(unit_id)), str(unit_id), str(key))

    @contextmanager
    def _reading(self, scope: Scope) -> Iterator[Session]:
        if TENANT.get() is None:
            TENANT.set(scope)
        with Session(reading(self.engine), expire_on_commit=False) as session:
            enter(session, TENANT.get() or scope)
            yield session


class KeepsContext(Runner):
    """Tenants are entered soundly, but all jobs run in one context."""

    def run(self, unit_id: str | None, key: str | None) -> State | None:
        return self._run(scope_of(str(unit_id)), str(unit_id), str(key))


class SeesAll(Runner):
    """The scope of the host's staff instead of the job's."""

    @contextmanager
    def _reading(self, scope: Scope) -> Iterator[Session]:  # noqa: ARG002
        with Session(reading(self.engine), expire_on_commit=False) as session:
            enter(session, HOST)
            yield session


@pytest.mark.parametrize("broken", [KeepsTenant, KeepsContext, SeesAll])
def test_bar_t6_the_control_with_a_broken_runner_is_noticed(
    workshop: Workshop, probe: Probe, broken: type[Runner]
) -> None:
    runner = broken(workshop.runner.engine, workshop.kinds, workshop.runner.lease)
    for code in probe.codes[:3]:
        runner.run(code, workshop.ask(code, "probe", {}))
    assert probe.foreign
