"""What a wheel holds: all that an installation needs and nothing else. Built here, without network or isolation."""

import fnmatch
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "migrations": ROOT / "migrations",
    "provisioning": ROOT / "provisioning",
    "tenant_templates": ROOT / "tenant_templates",
    "townhall": ROOT / "platform" / "townhall",
}


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names of the files in a wheel of this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    [built] = folder.glob("townhall-*.whl")
    with zipfile.ZipFile(built) as archive:
        return set(archive.namelist())


def files(package: str, place: Path) -> set[str]:
    """What the checkout has of a package, under the names it should have in the wheel; no tool's caches."""
    found = (path.relative_to(place) for path in place.rglob("*") if path.is_file())
    return {f"{package}/{path.as_posix()}" for path in found if not any(map(is_cache, path.parts))}


def is_cache(name: str) -> bool:
    return name == "__pycache__" or (name.startswith(".") and name.endswith("_cache"))


def test_wheel_has_our_four_packages_at_its_top(wheel: set[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert {top for top in tops if not top.endswith(".dist-info")} == set(PACKAGES)
    assert len(tops) == len(PACKAGES) + 1


@pytest.mark.parametrize("package", PACKAGES)
def test_wheel_has_every_file_of_the_package(wheel: set[str], package: str) -> None:
    """Data files too. A name that .gitignore matches, such as a folder `dist`, would be left out in silence."""
    packed = {name for name in wheel if name.startswith(f"{package}/")}
    assert packed == files(package, PACKAGES[package])


@pytest.mark.parametrize(
    "pattern",
    [
        "migrations/script.py.mako",
        "migrations/versions/*.py",
        "tenant_templates/*/pack.yaml",
        "tenant_templates/*/documents/*.html",
        "townhall/*templates/*.html",
        "townhall/*static/*.css",
    ],
)
def test_wheel_has_migrations_template_packs_and_web_files(wheel: set[str], pattern: str) -> None:
    assert fnmatch.filter(wheel, pattern)


def test_wheel_says_its_licence(wheel: set[str]) -> None:
    assert [name for name in wheel if name.endswith(".dist-info/licenses/LICENSE")]
