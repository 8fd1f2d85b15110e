"""Lists for spreadsheets, written in one place: whatever stands in a cell stays a text there.

Excel and LibreOffice take a cell for a formula when it begins with one of a few signs, and look through white space,
invisible signs, and full-width forms to find it (OWASP, CSV injection). Such a cell gets an apostrophe before it.
Numbers of ours are given as numbers and stay numbers.
"""

import csv
import io
import re
import unicodedata
from collections.abc import Iterable, Sequence

_SIGNS = frozenset("=+-@\u2212")  # the last is the true minus, which LibreOffice reads as one
_LINES = frozenset("\t\r\n")
# Where a cell begins for a reader with another separator: within quotes, whom they then tell nothing, and without.
_BREAKS, _BARE_BREAKS = re.compile(r"([;\t\r\n]+)"), re.compile(r"([,;\t\r\n]+)")
# Letters and marks by their category, and yet nothing is seen of them.
_BLANK = frozenset("\u115f\u1160\u3164\uffa0\u2800")
MARK = "\ufeff"  # by which Excel knows UTF-8

Cell = str | int


def csv_bytes(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Rows as CSV for Excel. Every text is quoted, so that a reader with another separator makes no cells of it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, quoting=csv.QUOTE_NONNUMERIC)
    writer.writerows([harmless(cell) for cell in row] for row in rows)
    return (MARK + text.getvalue()).encode()


def tab_bytes(rows: Iterable[Sequence[Cell]]) -> bytes:
    """Rows as lines with tabs, to read as they are; line breaks and tabs inside a cell become spaces."""
    lines = ("\t".join(_one_line(harmless(cell, _BARE_BREAKS)) for cell in row) for row in rows)
    return (MARK + "".join(f"{line}\r\n" for line in lines)).encode()


def harmless(cell: Cell, breaks: re.Pattern[str] = _BREAKS) -> Cell:
    """A cell that no spreadsheet takes for a formula."""
    if not isinstance(cell, str):
        return cell
    parts = breaks.split(cell)
    guarded = (f"'{part}" if _may_be_formula(part) else part for part in parts)
    made = "".join(guarded)
    return f"'{made}" if cell[:1] in _LINES else made


def _may_be_formula(text: str) -> bool:
    seen = next((sign for sign in text if not _looked_through(sign)), "")
    return bool(seen) and unicodedata.normalize("NFKC", seen)[0] in _SIGNS


def _looked_through(sign: str) -> bool:
    """White space, controls and invisible signs, quotes too: a reader may take away what stands before the sign."""
    return (
        sign.isspace()
        or sign in "\"'"
        or sign in _BLANK
        or unicodedata.category(sign) in {"Cc", "Cf", "Mn", "Zs"}
    )


def _one_line(cell: Cell) -> str:
    line = " ".join(str(cell).replace("\t", " ").splitlines())
    return f"'{line}" if line.startswith('"') else line  # a reader would look for the closing one
