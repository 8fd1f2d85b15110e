"""LibreOffice judges the lists: it opens each, and not one of their cells is a formula (bar P4)."""

import csv
import io
import zipfile
from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.fixtures.formulas import LISTS, TRIGGERS
from tests.fixtures.libreoffice import converted
from tests.fixtures.soak import SOAK

TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
QUOTE, UTF8 = ord('"'), 76
pytestmark = pytest.mark.skipif(not SOAK, reason="starts LibreOffice: make soak")


def opened(files: Iterable[Path], separator: str, folder: Path) -> tuple[int, int]:
    """How many cells and how many formulas LibreOffice finds in some files, read with a separator."""
    reading = f"--infilter=Text - txt - csv (StarCalc):{ord(separator)},{QUOTE},{UTF8}"
    made = converted(files, "ods", folder / f"out-{ord(separator)}", reading)
    assert len(made) == len(list(files))
    counts = [_counted(path) for path in made]
    return sum(cells for cells, _ in counts), sum(formulas for _, formulas in counts)


def _counted(path: Path) -> tuple[int, int]:
    with zipfile.ZipFile(path) as book:
        root = ElementTree.fromstring(book.read("content.xml"))  # noqa: S314 - LibreOffice wrote it
    cells = [cell for cell in root.iter(f"{TABLE}table-cell") if len(cell)]
    return len(cells), sum(f"{TABLE}formula" in cell.attrib for cell in root.iter(f"{TABLE}table-cell"))


def written(folder: Path, names: Iterable[tuple[str, bytes]]) -> list[Path]:
    folder.mkdir()
    paths = []
    for number, (name, data) in enumerate(names):
        paths.append(folder / f"{number:03}-{name}")
        paths[-1].write_bytes(data)
    return paths


def test_bar_p4_libreoffice_finds_no_formula_in_any_list(tmp_path: Path) -> None:
    files = written(
        tmp_path / "lists",
        ((file, make(text)) for file, make in LISTS.values() for text in TRIGGERS.values()),
    )
    found = {separator: opened(files, separator, tmp_path) for separator in ",;\t"}
    cells = sum(count for count, _ in found.values())
    print(
        f"P4: {len(TRIGGERS)} triggers × {len(LISTS)} lists × 3 separators: {cells} cells, {sum(n for _, n in found.values())} formulas"
    )
    assert all(cells > len(files) for cells, _ in found.values())
    assert sum(formulas for _, formulas in found.values()) == 0


def test_bar_p4_control_libreoffice_finds_the_formulas_of_a_naive_writer(tmp_path: Path) -> None:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([trigger, trigger] for trigger in TRIGGERS.values())
    files = written(tmp_path / "naive", [("naive.csv", text.getvalue().encode())])
    _, formulas = opened(files, ",", tmp_path)
    print(f"P4 control: {formulas} formulas in the list of a naive writer")
    assert formulas > 0
