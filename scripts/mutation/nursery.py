"""Mutants that change only what functions do, in a process that has imported everything already.

Each of its children gives the functions the code of a mutant and runs the tests: a fifth of the time of importing
anew. What an import has already done with the old code stays done, so a mutant of a function that runs then and
survives here is tried again in the slow way (`worker`), which has the last word.
"""

import ast
import gc
import importlib
import json
import os
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from types import CodeType, FunctionType

import pytest
from worker import (
    FAILED,
    NOT_GRAFTED,
    PLAIN,
    TEMPLATE,
    Job,
    Worker,
    enter,
    migrate_by_copy,
    module_name,
    run_all,
)

# What every test imports anyway, through tests/conftest.py.
COMMON = ("townhall.app", "townhall.cli", "townhall.demo", "tests.conftest")


def only_functions_differ(source: str, changed: str) -> bool:
    """Whether two sources are the same but for the bodies of functions."""
    return shell(source) == shell(changed)


def shell(source: str) -> str:
    """A source without what its functions do."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.body = []
    return ast.dump(tree)


def outcomes(folders: list[Path], jobs: list[Job]) -> list[str]:
    """What became of each job, in their order, from a process of its own."""
    reading, writing = os.pipe()
    sys.stdout.flush()
    pid = os.fork()
    if not pid:
        os.close(reading)
        code = 1
        try:
            enter(folders[0])
            warm(folders[0])
            found = list(run_all([Seedling(folder) for folder in folders], jobs))
            with os.fdopen(writing, "w") as answer:
                json.dump(found, answer)
            code = 0
        finally:
            os._exit(code)
    os.close(writing)
    with os.fdopen(reading) as answer:
        text = answer.read()
    os.waitpid(pid, 0)
    if not text:
        raise RuntimeError("nothing of ours could be imported without a mutant")
    found: list[str] = json.loads(text)
    return found


def warm(folder: Path) -> None:
    """Import what tests import, from a copy of the tree."""
    for name in COMMON:
        importlib.import_module(name)
    for path in (folder / "tests" / "fixtures").glob("*.py"):
        importlib.import_module(f"tests.fixtures.{path.stem}")
    migrate_by_copy(folder / TEMPLATE)
    gc.collect()


class Seedling(Worker):
    """A child that takes over a mutant's functions instead of importing its file."""

    def run(self, job: Job) -> None:
        code = FAILED
        try:
            os.setsid()
            if job.source != self.original and not graft(job):
                code = NOT_GRAFTED
                return
            code = int(pytest.main([*PLAIN, "--tb=no", *job.tests])) if job.tests else 0
        finally:
            os._exit(code)


def graft(job: Job) -> bool:
    """Give every function of the file the code that it has in the mutant; False when none could be given another."""
    place = str(sys.modules[module_name(job.file)].__file__)
    known = [*codes(compile(job.source, place, "exec"))]
    often = Counter(name for name, _ in known)
    wanted = {name: code for name, code in known if often[name] == 1}
    alive = [one for one in gc.get_objects() if isinstance(one, FunctionType)]
    changed = 0
    for one in alive:
        new = wanted.get(key(one.__code__)) if one.__code__.co_filename == place else None
        if new is not None and new != one.__code__:
            if new.co_freevars != one.__code__.co_freevars:
                return False
            one.__code__ = new
            changed += 1
    return changed > 0


def codes(code: CodeType) -> Iterator[tuple[tuple[str, int], CodeType]]:
    for one in code.co_consts:
        if isinstance(one, CodeType):
            yield key(one), one
            yield from codes(one)


def key(code: CodeType) -> tuple[str, int]:
    """Which function of a file it is: two lambdas of one name stand in different lines."""
    return code.co_qualname, code.co_firstlineno
