"""Changes one thing at a time in the modules that keep tenants apart and in the engine, and sees whether a
test notices: the mutation score of each module (bar S3).

.venv/bin/python scripts/mutation/run.py [--workers N] [--least PERCENT] [--stages N] [PART OF A FILE'S NAME ...]

A mutant with which the module cannot be imported is not counted. Out come the survivors, the score of each module
and exit code 1 when one of them is below the least score. The figures also go to out/mutation.json.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))

from nursery import only_functions_differ, outcomes
from targets import TARGETS, Target
from worker import (
    KILLED,
    STILLBORN,
    SURVIVED,
    TIMEOUT,
    UNGRAFTED,
    Job,
    Measured,
    Worker,
    make_template,
    measure,
    preload,
    run_all,
)

ROOT = Path(__file__).parents[2]
VARIANTS = Path(__file__).with_name("variants.py")
GENERATOR = ROOT / ".tools" / "scan" / "bin" / "python"
LEAST = 85
OMITTED = shutil.ignore_patterns(".venv", ".git", ".tools", "townhall-data", "out", "__pycache__", ".*_cache")


@dataclass(frozen=True)
class Verdict:
    mutant: dict[str, Any]
    outcome: str


def mutants_of(file: str) -> list[dict[str, Any]]:
    """All mutants of a file, made by mutmut's operators in the environment of the scanners."""
    generator = os.environ.get("TOWNHALL_MUTMUT_PYTHON", str(GENERATOR))
    done = subprocess.run(
        [generator, str(VARIANTS), file],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
        encoding="utf-8",
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


def judge(target: Target, workers: list[Worker], stages: int) -> list[Verdict]:
    """What becomes of each mutant of a file; those that outlive the first tests meet the slower ones."""
    mutants = mutants_of(target.file)
    verdicts: list[Verdict] = []
    wanted = target.stages[:stages]
    for stage, tests in enumerate(wanted):
        known = measure(workers[0].folder, target.file, tests)
        refuse_broken_ground(workers, target.file, known)
        last = stage == len(wanted) - 1
        found = tried(mutants, known, workers)
        ended = [Verdict(one, outcome) for one, outcome in found if last or outcome != SURVIVED]
        verdicts += ended
        mutants = [one for one, outcome in found if outcome == SURVIVED]
    return verdicts


def tried(
    mutants: list[dict[str, Any]], known: Measured, workers: list[Worker]
) -> list[tuple[dict[str, Any], str]]:
    """Each mutant with what became of it: in the nursery where that is possible, else in the slow way.

    The slow way also has the last word on functions that an import runs: the nursery imports before it grafts.
    """
    source = known.path.read_text("utf-8")
    quick = [one for one in mutants if only_functions_differ(source, one["source"])]
    found = outcomes([worker.folder for worker in workers], list(jobs(quick, known)))
    ended = [
        (one, outcome)
        for one, outcome in zip(quick, found, strict=True)
        if outcome == KILLED or (outcome != UNGRAFTED and not known.runs_at_import(one["line"]))
    ]
    done = {id(one) for one, _ in ended}
    rest = [one for one in mutants if id(one) not in done]
    return ended + list(zip(rest, run_all(workers, jobs(rest, known)), strict=True))


def jobs(mutants: list[dict[str, Any]], known: Measured) -> Iterator[Job]:
    for one in mutants:
        yield Job(one["file"], one["source"], known.tests_of(one["line"]), known.limit)


def refuse_broken_ground(workers: list[Worker], file: str, known: Measured) -> None:
    """Raises `RuntimeError` when the tests fail without a mutant: then every mutant would count as noticed."""
    unchanged = Job(file, (ROOT / file).read_text("utf-8"), known.every, known.limit)
    folders = [worker.folder for worker in workers]
    if [*run_all(workers, [unchanged]), *outcomes(folders, [unchanged])] != [SURVIVED, SURVIVED]:
        raise RuntimeError(f"the tests of {file} fail in a forked process without any mutant")


def report(target: Target, verdicts: list[Verdict]) -> float:
    """Print the survivors and the score of a file, and give it, in percent."""
    counts = Counter(one.outcome for one in verdicts)
    for one in verdicts:
        if one.outcome == SURVIVED:
            print(f"  {one.mutant['line']:4} - {one.mutant['old']}\n       + {one.mutant['new']}")
    counted = len(verdicts) - counts[STILLBORN]
    noticed = counts[KILLED] + counts[TIMEOUT]
    score = 100 * noticed / counted if counted else 100.0
    print(
        f"{target.file}: {noticed} of {counted} noticed, {score:.1f} % "
        f"({counts[TIMEOUT]} by the time limit, {counts[STILLBORN]} could not be imported and do not count)",
        flush=True,
    )
    return score


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--least", type=float, default=LEAST)
    parser.add_argument(
        "--stages", type=int, default=9, help="1: only the quick tests, which gives a lower bound"
    )
    wanted = parser.parse_args()
    chosen = [one for one in TARGETS if not wanted.parts or any(part in one.file for part in wanted.parts)]
    os.nice(5)
    scores: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="townhall-mutation-") as name:
        workers = [Worker(copied(Path(name) / str(number))) for number in range(wanted.workers)]
        preload(workers[0].folder)
        for worker in workers:
            make_template(worker.folder)
        for target in chosen:
            scores[target.file] = report(target, judge(target, workers, wanted.stages))
    keep(scores)
    return 0 if all(score >= wanted.least for score in scores.values()) else 1


def copied(folder: Path) -> Path:
    shutil.copytree(ROOT, folder, ignore=OMITTED)
    return folder


def keep(scores: dict[str, float]) -> None:
    path = ROOT / "out" / "mutation.json"
    path.parent.mkdir(exist_ok=True)
    known = json.loads(path.read_text("utf-8")) if path.exists() else {}
    path.write_text(json.dumps(known | scores, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
