"""Breaks the walls between tenants one at a time, in a copy, and sees whether a test notices (bar T7).

.venv/bin/python scripts/mutants.py [WORDS OF A MUTANT]

Prints one line a mutant and the rate at the end; exit code 1 when fewer than 95 % were noticed.
"""

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
HOST = "platform/townhall"
LEAST = 0.95


@dataclass(frozen=True)
class Mutant:
    """One text replaced in one file, and the tests that should notice."""

    file: str
    old: str
    new: str
    tests: str


def tenancy(
    old: str, new: str, tests: str = "tests/integration/test_tenancy.py -k 'not postgresql'"
) -> Mutant:
    return Mutant(f"{HOST}/tenancy.py", old, new, tests)


def policy(old: str, new: str) -> Mutant:
    where = "tests/integration/test_walls.py tests/integration/test_tenancy.py -k postgresql"
    return Mutant("migrations/row_security.py", old, new, where)


def walls(old: str, new: str) -> Mutant:
    return Mutant(f"{HOST}/walls.py", old, new, "tests/integration/test_walls.py")


def jobs(old: str, new: str) -> Mutant:
    where = "tests/integration/test_jobs.py tests/integration/test_job_tenants.py -k sqlite"
    return Mutant(f"{HOST}/jobs/runner.py", old, new, where)


PACKAGES = "tests/integration/test_packages.py"
MATRIX = "tests/integration/test_matrix.py -k sqlite"
PAGES = "tests/integration/test_web_pages.py"
MUTANTS = (
    tenancy("model.unit_id.between(first, last)", "model.unit_id.is_not(None)"),
    tenancy("lambda _model: false()", "lambda model: model.unit_id.is_not(None)"),
    tenancy("if touched and scope is None:", "if False:"),
    tenancy('== "unit_id" for column in', '== "nothing" for column in'),
    tenancy(
        "        if isinstance(item, Owned):\n            require", "        if False:\n            require"
    ),
    tenancy("if isinstance(item, Owned) and item.unit_id is not None:", "if False:"),
    tenancy("    if options.get(_NARROWED):\n", "    if True:\n"),
    tenancy("        if _BOUND in options:\n", "        if False:\n"),
    tenancy("if not named or not all(", "if False and not all("),
    tenancy("if not named or not all(", "if not all("),
    tenancy("if not (statement.is_dml and rows):", "if False:"),
    tenancy("self.first <= unit_id <= self.last", "self.first <= unit_id"),
    tenancy("self.first <= unit_id <= self.last", "unit_id <= self.last"),
    tenancy('own.ljust(DIGITS, "9")', '"9" * DIGITS'),
    tenancy('Scope(own.ljust(DIGITS, "0"),', 'Scope("0" * DIGITS,'),
    tenancy("    if standing != scope:\n", "    if False:\n"),
    tenancy(
        "func.set_config(FIRST, scope.first, True)",
        "func.set_config(FIRST, scope.first, False)",
        "tests/integration/test_pooled_connections.py",
    ),
    tenancy(
        "func.set_config(LAST, scope.last, True)",
        'func.set_config(LAST, "9" * 12, True)',
        "tests/integration/test_tenancy.py -k postgresql",
    ),
    policy("AS RESTRICTIVE", "AS PERMISSIVE"),
    policy("op.execute(f'ALTER TABLE \"{table}\" FORCE ROW LEVEL SECURITY')", "pass"),
    policy("op.execute(f'ALTER TABLE \"{table}\" ENABLE ROW LEVEL SECURITY')", "pass"),
    policy("USING ({_WITHIN}) WITH CHECK ({_WITHIN})", "USING (true) WITH CHECK ({_WITHIN})"),
    policy("USING ({_WITHIN}) WITH CHECK ({_WITHIN})", "USING ({_WITHIN}) WITH CHECK (true)"),
    Mutant(
        "migrations/versions/0005_lifecycle_and_approvals.py",
        '    protect("approval")\n',
        "",
        "tests/integration/test_walls.py",
    ),
    Mutant(
        "migrations/versions/0004_audit.py",
        '    protect("audit_record")\n',
        "",
        "tests/integration/test_walls.py",
    ),
    Mutant("migrations/versions/0008_jobs.py", '    protect("job")\n', "", "tests/integration/test_walls.py"),
    jobs("contextvars.Context().run(self._run, scope,", "self._run(scope,"),
    jobs(
        "            enter(session, scope)\n            yield session\n\n    @contextmanager",
        "            enter(session, HOST)\n            yield session\n\n    @contextmanager",
    ),
    jobs("with self._reading(scope) as session:", "with self._reading(HOST) as session:"),
    jobs("info=scoped(scope)", "info=scoped(HOST)"),
    jobs(
        "    if not isinstance(unit_id, str):\n        raise JobWithoutTenant",
        "    if not isinstance(unit_id, str):\n        return HOST\n        raise JobWithoutTenant",
    ),
    jobs(
        "    except ValueError as error:\n        raise JobWithoutTenant",
        "    except ValueError as error:\n        return HOST\n        raise JobWithoutTenant",
    ),
    Mutant(f"{HOST}/web/packages.py", "and _shown(desk, job) else abort(404)", "else abort(404)", PACKAGES),
    Mutant(f"{HOST}/web/packages.py", "if held_unit().code != desk.unit.code:", "if False:", PACKAGES),
    walls("elif not (row.enabled and row.forced):", "elif False:"),
    walls("if any(row.own for row in found.values()):", "if False:"),
    walls("elif row.truncates:", "elif False:"),
    walls("for name in sorted(owned - walled):", "for name in ():"),
    Mutant(f"{HOST}/web/desk.py", " or not within.covers(unit.code)", "", MATRIX),
    Mutant(
        f"{HOST}/web/guards.py",
        "            if not allowed(right):\n                abort(403)\n            note_reading",
        "            note_reading",
        MATRIX,
    ),
    Mutant(f"{HOST}/web/guards.py", "if right is not None and not allowed(right):", "if False:", MATRIX),
    Mutant(
        f"{HOST}/units/operations.py",
        "return Unit.code.between(scope.first, scope.last)",
        "return Unit.code.is_not(None)",
        PAGES,
    ),
    Mutant(
        f"{HOST}/accounts/sessions.py",
        "made.ended_at is not None or ",
        "",
        "tests/integration/test_signin.py",
    ),
    # The plain tables: rows that are not narrowed, a single row fetched past the narrowing, foreign numbers.
    Mutant(
        f"{HOST}/admin/people.py",
        "return super().rows().filter(holds_within(reach()))",
        "return super().rows()",
        MATRIX,
    ),
    Mutant(f"{HOST}/admin/people.py", "return found.filter(_within(reach()))", "return found", MATRIX),
    Mutant(
        f"{HOST}/admin/libraries.py",
        ".filter(Unit.code.between(scope.first, scope.last))",
        "",
        MATRIX,
    ),
    Mutant(
        f"{HOST}/admin/table.py",
        "wanted = self.get_query().filter(self._key() == key)",
        "wanted = database().query(self.model).filter(self._key() == key)",
        MATRIX,
    ),
    Mutant(
        f"{HOST}/accounts/people.py",
        "return seen if seen and seen.held else None",
        "return seen",
        MATRIX,
    ),
    Mutant(
        f"{HOST}/accounts/people.py",
        "return found if found and scope.covers(found.unit_id) else None",
        "return found",
        MATRIX,
    ),
    Mutant(
        f"{HOST}/accounts/rights.py",
        "Role.WINDOW_CLERK: frozenset({Right.READ})",
        "Role.WINDOW_CLERK: frozenset(Right)",
        "tests/unit/test_rights.py",
    ),
    Mutant(
        f"{HOST}/database.py",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON",
        "GRANT ALL ON",
        "tests/integration/test_walls.py",
    ),
)


def noticed(mutant: Mutant, folder: Path) -> bool:
    """Whether the tests fail on a copy with the mutant. Raises `ValueError` when its text is not there once."""
    path = folder / mutant.file
    text = path.read_text(encoding="utf-8")
    if text.count(mutant.old) != 1:
        raise ValueError(f"{mutant.file}: {mutant.old!r} stands there {text.count(mutant.old)} times")
    path.write_text(text.replace(mutant.old, mutant.new), encoding="utf-8")
    try:
        return not passing(mutant.tests, folder)
    finally:
        path.write_text(text, encoding="utf-8")


def passing(tests: str, folder: Path) -> bool:
    """Whether some tests all pass on the copy as it is. Raises `ValueError` when none ran."""
    environment = os.environ | {"PYTHONPATH": f"{folder / 'platform'}{os.pathsep}{folder}"}
    command = [sys.executable, "-m", "pytest", "-q", "-x", "--no-header", "-n", "2", *shlex.split(tests)]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if " passed" not in done.stdout and " failed" not in done.stdout:
        raise ValueError(f"{tests} did not run:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return " failed" not in done.stdout and " error" not in done.stdout


def require_sound(chosen: list[Mutant], folder: Path) -> None:
    """The control: tests that fail on what is not broken would notice every mutant. Raises `ValueError`."""
    for tests in dict.fromkeys(mutant.tests for mutant in chosen):
        if not passing(tests, folder):
            raise ValueError(f"{tests} fails without a mutant")


def main() -> int:
    killed, planted = hunted(MUTANTS, " ".join(sys.argv[1:]))
    print(f"{killed} of {planted} mutants noticed")
    return 0 if killed >= LEAST * planted else 1


def hunted(mutants: Iterable[Mutant], wanted: str) -> tuple[int, int]:
    """How many of the mutants whose words are wanted are noticed, and how many those are."""
    chosen = [one for one in mutants if wanted in f"{one.file} {one.old}"]
    killed = 0
    with tempfile.TemporaryDirectory(prefix="townhall-mutants-") as name:
        folder = Path(name) / "copy"
        ignored = shutil.ignore_patterns(
            ".venv", ".git", ".tools", "townhall-data", "out", "__pycache__", ".*_cache"
        )
        shutil.copytree(ROOT, folder, ignore=ignored)
        require_sound(chosen, folder)
        for mutant in chosen:
            found = noticed(mutant, folder)
            killed += found
            print("noticed " if found else "SURVIVED", mutant.file, repr(mutant.old[:60]), flush=True)
    return killed, len(chosen)


if __name__ == "__main__":
    sys.exit(main())
