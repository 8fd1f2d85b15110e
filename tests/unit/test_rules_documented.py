"""docs/rules.md cites tests that exist, for every letter."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rules_page", ROOT / "scripts" / "rules.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def rows() -> dict[str, list[str]]:
    """The tests that the page cites, by rule."""
    text = (ROOT / "docs" / "rules.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| ([A-Q]\d*) \| [^|]+ \| (.*) \|$", text, re.MULTILINE)
    return {rule: re.findall(r"`(\w+::\w+)`", tests) for rule, tests in lines}


def test_every_test_that_the_page_cites_exists(script: ModuleType, rows: dict[str, list[str]]) -> None:
    existing = {name for names in script.found().values() for name in names}
    cited = {name for names in rows.values() for name in names}
    assert len(cited) > 150
    assert cited <= existing


def test_every_rule_has_its_row(script: ModuleType, rows: dict[str, list[str]]) -> None:
    expected = {
        f"{letter}{n}" for letter, (_, *rules) in script.RULES.items() for n in range(1, len(rules) + 1)
    }
    assert expected | {"Q"} <= rows.keys()
    assert {rule[0] for rule in rows} == set("ABCDEFGHIJKLMNOPQ")


def test_every_rule_that_the_pure_engine_decides_is_tested(rows: dict[str, list[str]]) -> None:
    assert not [rule for rule, tests in rows.items() if rule[0] in "ABCDEFGHJKLPQ" and not tests]


def test_a_test_of_several_rules_stands_at_each(script: ModuleType) -> None:
    assert list(script._rules_of("test_rule_b1_to_b3_something")) == [("B", 1), ("B", 2), ("B", 3)]
    assert list(script._rules_of("test_rule_q_something")) == [("Q", 0)]
    assert not list(script._rules_of("test_something_else"))
