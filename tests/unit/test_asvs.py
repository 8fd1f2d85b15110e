"""docs/asvs.md has every requirement once, counts rightly and names only tests and files that there are."""

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "asvs.md"
STATES = ("tested", "met", "waived", "not applicable", "open")
# Requirements of levels 1 and 2 by chapter, as in the 5.0 text.
CHAPTERS = dict(enumerate((27, 11, 19, 10, 9, 35, 18, 7, 7, 29, 14, 9, 13, 9, 13, 16, 7), start=1))
TEST = re.compile(r"`(test_[a-z0-9_]+)`")
FILE = re.compile(r"\b((?:townhall|provisioning|docs)/[\w./-]+\.(?:py|js|md))")


def rows() -> list[list[str]]:
    """The cells of each requirement: number, level, what it asks, state, where or why."""
    lines = PAGE.read_text("utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line[2:3].isdigit()]


def test_every_requirement_of_levels_1_and_2_is_judged_once() -> None:
    numbers = [tuple(int(part) for part in row[0].split(".")) for row in rows()]
    assert numbers == sorted(set(numbers))
    assert Counter(number[0] for number in numbers) == CHAPTERS
    assert Counter(row[1] for row in rows()) == {"1": 70, "2": 183}


def test_the_states_are_counted_rightly() -> None:
    counted = Counter(row[3] for row in rows())
    page = PAGE.read_text("utf-8")
    said = {
        state: int(number)
        for state, number in re.findall(r"^\| ([a-z ]+) \| .* \| (\d+) \|$", page, re.MULTILINE)
    }
    assert said == counted
    assert set(counted) == set(STATES)


def test_every_judgement_says_where_or_why() -> None:
    assert [row[0] for row in rows() if len(row) != 5 or not row[4]] == []


def test_what_is_tested_names_a_test() -> None:
    assert [row[0] for row in rows() if row[3] == "tested" and not TEST.search(row[4])] == []


def test_every_test_that_is_named_is_there() -> None:
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    there = set(re.findall(r"^ *def (test_\w+)\(", source, re.MULTILINE))
    assert set(TEST.findall(PAGE.read_text("utf-8"))) - there == set()


def test_every_file_that_is_named_is_there() -> None:
    named = set(FILE.findall(PAGE.read_text("utf-8")))
    missing = {name for name in named if not any((ROOT / root / name).exists() for root in (".", "platform"))}
    assert missing == set()
