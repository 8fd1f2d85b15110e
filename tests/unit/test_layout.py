"""The shape of the tree, above all: `platform/` is a place for sources and never shadows Python's own module."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LONGEST_FILE = 400
VAGUE_NAMES = {"common", "helpers", "misc", "util", "utils"}
SOURCES = ["platform", "provisioning", "tenant_templates", "migrations", "tests", "scripts"]


def python_files() -> Iterator[Path]:
    for folder in SOURCES:
        yield from (ROOT / folder).rglob("*.py")


def python(*arguments: str) -> str:
    """What Python says when started at the root, where the folder `platform` is the nearest of that name."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONSAFEPATH"}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_platform_has_no_init_file() -> None:
    assert not (ROOT / "platform" / "__init__.py").exists()


def test_platform_holds_one_package_and_no_module() -> None:
    entries = [entry.name for entry in (ROOT / "platform").iterdir() if not entry.name.endswith("_cache")]
    assert entries == ["townhall"]


def test_python_started_at_the_root_imports_its_own_platform() -> None:
    found = Path(python("-c", "import platform; print(platform.__file__)"))
    assert found.parent.resolve() == Path(sysconfig.get_path("stdlib")).resolve()


@pytest.mark.parametrize("module", ["pytest", "flask", "alembic"])
def test_tools_started_with_dash_m_at_the_root_run(module: str) -> None:
    assert python("-m", module, "--version")


@pytest.mark.parametrize("package", ["townhall", "provisioning", "tenant_templates", "migrations"])
def test_our_packages_come_from_this_checkout(package: str) -> None:
    found = Path(python("-c", f"import {package}; print({package}.__file__)"))
    assert found.is_relative_to(ROOT)


def test_no_python_file_is_too_long() -> None:
    lengths = {path.relative_to(ROOT): len(path.read_text("utf-8").splitlines()) for path in python_files()}
    assert {path: length for path, length in lengths.items() if length >= LONGEST_FILE} == {}


def test_no_module_has_a_name_that_says_nothing() -> None:
    named = [path.relative_to(ROOT) for path in python_files() if {path.stem, path.parent.name} & VAGUE_NAMES]
    assert named == []
