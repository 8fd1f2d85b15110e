"""Lists for spreadsheets hold texts and numbers and never a formula, and all are written in one place (bar P4)."""

import ast
import csv
import io
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.access import TABLE
from tests.fixtures.formulas import LISTS, TRIGGERS
from townhall.app import create_app
from townhall.config import Settings
from townhall.spreadsheet import csv_bytes, harmless, tab_bytes

HOST = Path(__file__).parents[2] / "platform" / "townhall"
WRITER = "townhall.spreadsheet"
# What writes for spreadsheets, in code or as the type of an answer.
OTHER_WRITERS = re.compile(
    r"csv\.(writer|DictWriter)|xlsxwriter|openpyxl|text/csv|tab-separated|spreadsheetml|ms-excel|opendocument"
)


def cells(data: bytes, separator: str) -> Iterator[str]:
    """What a reader that believes the separator finds."""
    for row in csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), delimiter=separator):
        yield from row


def computes(cell: str) -> bool:
    """A judge that knows nothing of the writer: the first sign that is seen decides."""
    bare = "".join(
        one for one in cell if unicodedata.category(one)[0] not in "CZM" and one not in '\u115f\u3164"'
    )
    return unicodedata.normalize("NFKC", bare)[:1] in {"=", "+", "-", "@", "\u2212"} and bool(bare)


@pytest.mark.parametrize("name", TRIGGERS)
@pytest.mark.parametrize("module", LISTS)
def test_bar_p4_no_cell_of_a_list_computes(module: str, name: str) -> None:
    _, make = LISTS[module]
    data = make(TRIGGERS[name])
    assert [cell for separator in ",;\t" for cell in cells(data, separator) if computes(cell)] == []


def test_bar_p4_control_a_naive_writer_fails_the_same_judge() -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([trigger] for trigger in TRIGGERS.values())
    assert sum(map(computes, cells(text.getvalue().encode(), ","))) > 30


def test_there_are_enough_triggers() -> None:
    assert len(TRIGGERS) >= 40


def sources() -> Iterator[tuple[str, str]]:
    for path in HOST.rglob("*.py"):
        yield (
            ".".join(["townhall", *path.relative_to(HOST).with_suffix("").parts]),
            path.read_text(encoding="utf-8"),
        )


def imports(text: str, wanted: str) -> bool:
    return any(
        isinstance(node, ast.ImportFrom) and node.module == wanted for node in ast.walk(ast.parse(text))
    )


def test_every_list_for_a_spreadsheet_is_known() -> None:
    assert {module for module, text in sources() if imports(text, WRITER)} == set(LISTS)


def test_nothing_else_writes_for_spreadsheets() -> None:
    found = [module for module, text in sources() if module != WRITER and OTHER_WRITERS.search(text)]
    assert found == []


def test_no_address_of_the_site_ends_like_a_spreadsheet(tmp_path: Path) -> None:
    """A route for one belongs into `LISTS`, and into this list of those that are."""
    app = create_app(Settings(home=tmp_path, database=None, demo=False))
    rules = [rule.rule for rule in app.url_map.iter_rules()]
    app.extensions["townhall.sessions"].kw["bind"].dispose()
    assert len(rules) >= len(TABLE)
    assert [rule for rule in rules if re.search(r"csv|xls|ods|tsv", rule)] == []


@pytest.mark.parametrize(
    "text", ["", "甲", "'甲", "1 + 1", "http://x/?a=b", "（虛構）", "2026-01-01", "甲=乙"]
)
def test_an_ordinary_text_is_left_as_it_is(text: str) -> None:
    assert harmless(text) == text
    assert next(csv.reader(io.StringIO(csv_bytes([(text,)]).decode("utf-8-sig"), newline=""))) == [text]


def test_a_number_stays_a_number() -> None:
    assert csv_bytes([("甲", -5)]) == '\ufeff"甲",-5\r\n'.encode()


def test_a_line_of_tabs_is_one_line_for_each_row() -> None:
    assert tab_bytes([("甲\n乙", "丙\t丁", '"')]).decode("utf-8-sig") == "甲 乙\t丙 丁\t'\"\r\n"
