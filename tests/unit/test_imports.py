"""Who may import whom, who may commit, and what the engine may not know. Read from the source, not by running it."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

# Of our own packages, each may import itself and these.
ARROWS: dict[str, set[str]] = {
    "provisioning": set(),
    "tenant_templates": set(),
    "townhall": {"provisioning", "tenant_templates"},
    "migrations": {"townhall"},
}

# Inside townhall, from the bottom to the top: each may import what stands before it, never what stands after.
ORDER = [
    *("clock", "config", "tenancy", "database", "script", "spreadsheet"),
    "intake",  # what strangers send, judged before anybody reads it
    *(
        "units",
        "audit",
        "standards",
        "halls",
        "fixtures",
        "pictures",
        "budget",
        "accounts",
        "approvals",
        "centres",
        "rollouts",
        "counties",
    ),
    *("documents", "jobs", "lookups"),
    "successions",  # an act over everything that several centres have
    *("models", "walls"),
    *("web", "admin"),  # the plain tables stand in the shell of the web
    *("app", "demo", "cli"),
]

# Where a transaction may end: one for each request, command, job, or centre of a fleet. A folder means all in it.
EDGES = [
    "migrations/env.py",
    "platform/townhall/centres/provision.py",
    "platform/townhall/centres/settling.py",
    "platform/townhall/cli/",
    "platform/townhall/counties/bringing.py",
    "platform/townhall/database.py",  # grants to the runtime role
    "platform/townhall/demo.py",
    "platform/townhall/jobs/runner.py",
    "platform/townhall/rollouts/demonstration.py",
    "platform/townhall/rollouts/running.py",
    "platform/townhall/rollouts/simulation.py",
    "platform/townhall/web/edge.py",
]

# What would let the engine see more than its arguments: a web, a database, a network, a clock, chance.
FORBIDDEN_MODULES = {
    *("flask", "werkzeug", "sqlalchemy", "alembic", "weasyprint"),
    *("socket", "ssl", "http", "urllib.request", "subprocess"),
    *("time", "random", "secrets"),
}
CLOCK_CALLS = {"now", "utcnow", "today"}

PLACES = {
    "provisioning": ROOT / "provisioning",
    "tenant_templates": ROOT / "tenant_templates",
    "townhall": ROOT / "platform" / "townhall",
    "migrations": ROOT / "migrations",
}


def sources(package: str) -> list[Path]:
    return sorted(PLACES[package].rglob("*.py"))


def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), path)


def imported(path: Path) -> Iterator[str]:
    """Every module a file may import, wherever the statement stands. `from a import b` gives a and a.b."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = absolute(node, path)
            yield module
            yield from (f"{module}.{alias.name}" for alias in node.names)


def absolute(node: ast.ImportFrom, path: Path) -> str:
    if not node.level:
        return node.module or ""
    return ".".join([*module_of(path).split(".")[: -node.level], *filter(None, [node.module])])


def module_of(path: Path) -> str:
    """The dotted name of a file; a package's own file keeps its __init__, so that a dot is always one folder."""
    package = next(name for name, place in PLACES.items() if path.is_relative_to(place))
    return ".".join([package, *path.relative_to(PLACES[package]).with_suffix("").parts])


def calls(path: Path) -> Iterator[tuple[str, int]]:
    """The last name of everything a file calls, with its line: `session.commit()` gives commit."""
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute | ast.Name):
            yield node.func.attr if isinstance(node.func, ast.Attribute) else node.func.id, node.lineno


def where(path: Path, line: int | None = None) -> str:
    name = path.relative_to(ROOT).as_posix()
    return f"{name}:{line}" if line else name


def part(module: str) -> str | None:
    """The folder or single module of townhall that a dotted name lies in."""
    parts = module.split(".")
    return parts[1] if parts[0] == "townhall" and len(parts) > 1 and parts[1] != "__init__" else None


def upward(path: Path) -> list[str]:
    """The imports in a file of townhall that point at something above it."""
    own = part(module_of(path))
    if own is None:
        return []
    above = ORDER[ORDER.index(own) + 1 :]
    return sorted({module for module in imported(path) if part(module) in above})


@pytest.mark.parametrize("package", ARROWS)
def test_packages_import_only_along_the_arrows(package: str) -> None:
    others = ARROWS.keys() - ARROWS[package] - {package}
    found = [
        f"{where(path)} imports {module}"
        for path in sources(package)
        for module in imported(path)
        if module.split(".")[0] in others
    ]
    assert found == []


def test_every_part_of_townhall_has_its_place_in_the_order() -> None:
    parts = {part(module_of(path)) for path in sources("townhall")} - {None}
    assert parts - set(ORDER) == set()


def test_folders_of_townhall_import_downwards_only() -> None:
    found = {where(path): modules for path in sources("townhall") if (modules := upward(path))}
    assert found == {}


def test_the_engine_imports_no_web_no_database_no_network_and_no_clock() -> None:
    found = [
        f"{where(path)} imports {module}"
        for path in sources("provisioning")
        for module in imported(path)
        if any(module == name or module.startswith(f"{name}.") for name in FORBIDDEN_MODULES)
    ]
    assert found == []


def test_the_engine_does_not_ask_for_the_date() -> None:
    found = [
        where(path, line)
        for path in sources("provisioning")
        for name, line in calls(path)
        if name in CLOCK_CALLS
    ]
    assert found == []


def test_only_the_edges_commit() -> None:
    """`begin` counts too: as a context it commits at its end. `begin_nested` ends a savepoint and does not count."""
    found = [
        where(path, line)
        for package in PLACES
        for path in sources(package)
        if not where(path).startswith(tuple(EDGES))
        for name, line in calls(path)
        if name in {"commit", "begin"}
    ]
    assert found == []


def test_library_code_does_not_print() -> None:
    """Commands write through click and rich, which a test can read and a pipe can take."""
    found = [
        where(path, node.lineno)
        for package in PLACES
        for path in sources(package)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
    ]
    assert found == []
