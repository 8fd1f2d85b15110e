"""The page on rights says what the table of rights says."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from townhall.accounts.models import Role
from townhall.accounts.rights import GRANTS, LEVELS, RIGHTS, Right, may, may_grant
from townhall.web.shell import ROLES

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("rights_page", ROOT / "scripts" / "rights.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def cells(text: str, heading: str) -> dict[str, list[str]]:
    """The lines of the table under a heading, by their first cell."""
    part = text.split(f"## {heading}\n")[1].split("\n## ")[0]
    rows = [line.strip("| ").split(" |") for line in part.splitlines() if line.startswith("| ")]
    return {row[0].strip(): [cell.strip() for cell in row[1:]] for row in rows}


def test_the_page_is_the_one_that_make_docs_writes(script: ModuleType) -> None:
    written = (ROOT / "docs" / "rights.md").read_text(encoding="utf-8")
    assert written == script.page(), "run `make docs`"


@pytest.mark.parametrize("role", Role)
def test_every_cell_of_the_page_is_a_cell_of_the_table(script: ModuleType, role: Role) -> None:
    table = cells(script.page(), "各角色能做什麼")
    titles = table["角色"]
    ticked = {title for title, cell in zip(titles, table[ROLES[role]] + [""] * 12, strict=False) if cell}
    assert titles == [script.WORDS[right][0] for right in Right]
    assert ticked == {script.WORDS[right][0] for right in RIGHTS[role]}


def test_every_right_has_its_words(script: ModuleType) -> None:
    assert set(script.WORDS) == set(Right)
    assert set(ROLES) == set(RIGHTS) == set(LEVELS) == set(Role)


def test_only_those_who_manage_accounts_hand_on_roles() -> None:
    assert set(GRANTS) == {role for role in Role if Right.ACCOUNTS in RIGHTS[role]}


def test_nobody_hands_on_the_own_role_but_the_highest() -> None:
    equals = {role for role in Role if may_grant(role, role)}
    assert equals == {Role.PREFECTURE_ADMIN}


def test_a_right_is_written_as_it_is_called() -> None:
    assert {right: right.value for right in Right} == {right: right.name.lower() for right in Right}


@pytest.mark.parametrize("role", Role)
def test_a_role_may_what_its_row_says_and_no_more(role: Role) -> None:
    assert {right for right in Right if may(role.value, right)} == RIGHTS[role]
