"""One mutant, one forked process: third-party modules are loaded once before, ours anew in each."""

import ast
import contextlib
import importlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from coverage import CoverageData

KILLED, SURVIVED, TIMEOUT, STILLBORN = "killed", "survived", "timeout", "stillborn"
UNGRAFTED = "ungrafted"  # left to the slow way
OURS = ("townhall", "provisioning", "tenant_templates", "migrations", "tests", "scripts")
PLAIN = (
    *("-q", "-x", "-n", "0", "-p", "no:cacheprovider", "--no-header"),
    *("-W", "ignore::pytest.PytestAssertRewriteWarning"),  # plugins were imported before pytest began
)
SQLITE, TEMPLATE = "sqlite:///", "mutation-template.db"
IMPORT = ""  # coverage's context for what no test does
NOT_IMPORTED = 77  # exit code of a child whose module cannot be imported
NOT_GRAFTED = 78  # exit code of a child that could not take a mutant over
DURATION = re.compile(r"^([0-9.]+)s call +(\S.*)$", re.MULTILINE)
FAILED, BROKEN = 1, (2, 3, 4)  # pytest's codes for failed tests and for what broke before or around them


@dataclass(frozen=True)
class Job:
    """A mutant's source in the place of a file, the tests to meet it and their time limit in seconds."""

    file: str
    source: str
    tests: tuple[str, ...]
    limit: float


@dataclass
class Measured:
    """Which tests run which lines of a file, and the longest that they may take together."""

    path: Path
    by_line: dict[int, set[str]]
    every: tuple[str, ...]
    limit: float
    spans: list[tuple[int, int]] = field(default_factory=list)

    def __post_init__(self) -> None:
        tree = ast.parse(self.path.read_text("utf-8"))
        functions = [node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)]
        self.spans = [(one.lineno, one.end_lineno or one.lineno) for one in functions]

    def tests_of(self, line: int) -> tuple[str, ...]:
        """The tests that enter the function around a line; all of them for what an import runs."""
        inside = self.lines_around(line)
        if not inside or self.runs_at_import(line):
            return self.every
        entered = {test for at in inside for test in self.by_line.get(at, ())}
        return tuple(test for test in self.every if test in entered)

    def runs_at_import(self, line: int) -> bool:
        """Whether the function around a line has run before any test."""
        return any(IMPORT in self.by_line.get(at, ()) for at in self.lines_around(line)[1:])

    def lines_around(self, line: int) -> range:
        """The innermost function around a line; nothing for a line of the module itself."""
        around = [span for span in self.spans if span[0] <= line <= span[1]]
        return range(max(around)[0], max(around)[1] + 1) if around else range(0)


@dataclass
class Worker:
    """A copy of the tree in which one mutant at a time stands."""

    folder: Path
    pid: int = 0
    place: int = -1
    ends: float = 0.0
    path: Path = Path()
    original: str = ""

    def start(self, place: int, job: Job) -> None:
        self.path, self.place = self.folder / job.file, place
        self.original = self.path.read_text("utf-8")
        self.ends = time.monotonic() + job.limit
        self.path.write_text(job.source, encoding="utf-8")
        sys.stdout.flush()
        self.pid = os.fork()
        if not self.pid:
            self.run(job)

    def run(self, job: Job) -> None:
        """In the child, which never comes back."""
        child(self.folder, job)

    def outcome(self) -> str | None:
        """What became of the mutant, or None while its tests still run."""
        pid, status = os.waitpid(self.pid, os.WNOHANG)
        if pid:
            return self._ended(os.waitstatus_to_exitcode(status))
        if time.monotonic() < self.ends:
            return None
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        self._restore()
        return TIMEOUT

    def _ended(self, code: int) -> str:
        self._restore()
        if code == NOT_IMPORTED:
            return STILLBORN
        if code == NOT_GRAFTED:
            return UNGRAFTED
        if code == 0:
            return SURVIVED
        if code in (FAILED, *BROKEN) or code < 0:
            return KILLED
        raise RuntimeError(f"pytest ended with {code} on a mutant of {self.path.name}")

    def _restore(self) -> None:
        self.path.write_text(self.original, encoding="utf-8")
        self.pid, self.place = 0, -1


def module_name(file: str) -> str:
    return ".".join(Path(file.removeprefix("platform/")).with_suffix("").parts)


def enter(folder: Path) -> None:
    """Make a process one that works in a copy: our modules come from there and leave no bytecode."""
    os.setsid()
    os.chdir(folder)
    sys.path[:0] = [str(folder / "platform"), str(folder)]
    os.environ["PYTHONPATH"] = f"{folder / 'platform'}{os.pathsep}{folder}"
    sys.dont_write_bytecode = True
    silent = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silent, 1)
    os.dup2(silent, 2)


def child(folder: Path, job: Job) -> None:
    """Never comes back: the exit code says what happened."""
    code = FAILED
    try:
        enter(folder)
        with contextlib.suppress(BaseException):  # a mutant with which this fails, fails the tests too
            migrate_by_copy(folder / TEMPLATE)
        code = int(pytest.main([*PLAIN, "--tb=no", *job.tests])) if job.tests else 0
    finally:
        if code in BROKEN and not imports(job.file):
            code = NOT_IMPORTED
        os._exit(code)


def migrate_by_copy(template: Path) -> None:
    """Let the SQLite databases of the tests be copies of one: no target is a migration, and they take a second."""
    database = importlib.import_module("townhall.database")
    migrate = database.upgrade

    def upgrade(url: str, *arguments: Any, **named: Any) -> None:
        if url.startswith(SQLITE) and not arguments and not named:
            shutil.copyfile(template, url.removeprefix(SQLITE))
        else:
            migrate(url, *arguments, **named)

    database.upgrade = upgrade


def imports(file: str) -> bool:
    """Whether the module can be imported: a mutant with which it cannot says nothing about the tests."""
    try:
        importlib.import_module(module_name(file))
    except BaseException:  # noqa: BLE001 - whatever it raises, it cannot be imported
        return False
    return True


def run_all(workers: list[Worker], jobs: Iterable[Job]) -> Iterator[str]:
    """The outcome of each job, in their order."""
    waiting = enumerate(jobs)
    found: dict[int, str] = {}
    next_one, more = 0, True
    while more or any(worker.pid for worker in workers):
        for worker in workers:
            if worker.pid:
                place = worker.place
                if (outcome := worker.outcome()) is None:
                    continue
                found[place] = outcome
            if more and (job := next(waiting, None)):
                worker.start(*job)
            else:
                more = False
        while next_one in found:
            yield found.pop(next_one)
            next_one += 1
        time.sleep(0.02)


def measure(folder: Path, file: str, tests: tuple[str, ...]) -> Measured:
    """Run the tests on the unchanged tree. Raises `RuntimeError` when they fail there."""
    data = folder / ".coverage.mutation"
    data.unlink(missing_ok=True)
    arguments = [part.replace("not-postgresql", "not postgresql") for part in tests]
    arguments = [part for part in arguments if not part.startswith("tests/") or (folder / part).exists()]
    settings = folder / "mutation.coveragerc"
    settings.write_text("[run]\ncore = ctrace\nrelative_files = true\n", encoding="utf-8")
    options = [
        f"--cov={(folder / file).parent}",
        "--cov-context=test",
        "--cov-report=",
        f"--cov-config={settings}",
    ]
    environment = os.environ | {
        "PYTHONPATH": f"{folder / 'platform'}{os.pathsep}{folder}",
        "COVERAGE_FILE": str(data),
    }
    began = time.monotonic()
    command = [
        sys.executable,
        "-m",
        "pytest",
        *PLAIN,
        "--tb=short",
        "-rA",
        "--durations=0",
        "-vv",
        *options,
        *arguments,
    ]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{tests} do not pass unchanged:\n{done.stdout[-3000:]}{done.stderr[-2000:]}")
    limit = 3 * (time.monotonic() - began) + 20
    return Measured(folder / file, contexts(data, file), quickest_first(done.stdout), limit)


def quickest_first(output: str) -> tuple[str, ...]:
    """The tests that passed, by the time that they took."""
    taken = {found[2]: float(found[1]) for found in DURATION.finditer(output)}
    passed = [line.removeprefix("PASSED ") for line in output.splitlines() if line.startswith("PASSED ")]
    return tuple(sorted(passed, key=lambda name: taken.get(name, 0)))


def contexts(data: Path, file: str) -> dict[int, set[str]]:
    """The tests by line of a file, from coverage's database."""
    kept = CoverageData(str(data))
    kept.read()
    lines = kept.contexts_by_lineno(file)
    return {number: {one.rpartition("|")[0] for one in found} for number, found in lines.items()}


def make_template(folder: Path) -> None:
    """A migrated SQLite database in a copy of the tree."""
    program = f"from townhall.database import upgrade; upgrade('{SQLITE}{folder / TEMPLATE}')"
    environment = os.environ | {"PYTHONPATH": f"{folder / 'platform'}{os.pathsep}{folder}"}
    subprocess.run([sys.executable, "-c", program], cwd=folder, env=environment, check=True)


def preload(folder: Path) -> None:
    """Import here what a test run imports of others, so that each child has it from the start."""
    program = (
        "import sys, json, pytest\n"
        "pytest.main(['-q', '-n', '0', '-p', 'no:cacheprovider', '--collect-only', 'tests/integration/test_people.py',"
        " 'tests/integration/test_lifecycle.py', 'tests/unit/test_plan.py'])\n"
        "print('MODULES', json.dumps(sorted(sys.modules)))\n"
    )
    environment = os.environ | {"PYTHONPATH": f"{folder / 'platform'}{os.pathsep}{folder}"}
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    listed = next(line for line in done.stdout.splitlines() if line.startswith("MODULES "))
    for name in json.loads(listed.removeprefix("MODULES ")):
        if name.partition(".")[0] not in OURS and name != "__main__":
            with contextlib.suppress(Exception), warnings.catch_warnings():
                warnings.simplefilter("ignore")
                importlib.import_module(name)
