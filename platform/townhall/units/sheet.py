"""The onboarding sheet: townships from CSV or XLSX, every bad cell named, nothing repaired in silence."""

import csv
import io
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from provisioning.specs import UnitKind
from provisioning.specs.values import has_control_characters
from townhall.intake.kinds import LARGEST, Kind, sheet_kind
from townhall.intake.refusals import Refused
from townhall.units.workbook import MAXIMUM_COLUMNS, MAXIMUM_ROWS, WorkbookRefused, workbook_rows

MAXIMUM_BYTES = max(LARGEST[kind] for kind in (Kind.XLSX, Kind.CSV))
SHOWN = 40  # characters of a bad cell in a message
LONGEST_NAME = 30  # characters
FORMULA_SIGNS = ("=", "+", "-", "@", "\t", "\r")

Row = tuple[int, list[str]]

# What a column may be called; the first name is ours.
COLUMNS = {
    "code": ("code", "code12", "code9", "代碼", "代码", "統計代碼", "统计代码", "區劃代碼", "区划代码"),
    "name_hans": ("name_hans", "name", "簡體名稱", "简体名称", "名称", "名稱", "鄉鎮名稱", "乡镇名称"),
    "name": ("name_trad", "name_trad_s2tw", "name_hant", "繁體名稱", "繁体名称"),
    "kind": ("kind", "類型", "类型", "類別", "类别"),
    "county_code": ("county_code", "縣代碼", "县代码", "縣市代碼", "县市代码"),
    "county": ("county", "縣", "县", "縣市", "县市", "縣名", "县名"),
    "ethnic": ("ethnic", "民族"),
}
REQUIRED = ("code", "name_hans", "name", "kind", "county_code")
KINDS = {"鎮": UnitKind.TOWN, "镇": UnitKind.TOWN, "鄉": UnitKind.TOWNSHIP, "乡": UnitKind.TOWNSHIP}
KINDS |= {"民族鄉": UnitKind.TOWNSHIP, "民族乡": UnitKind.TOWNSHIP, "街道": UnitKind.STREET}


@dataclass(frozen=True, slots=True)
class Township:
    """One row of the sheet that is in order; codes are text with 12 and 6 digits."""

    code: str
    name: str
    name_hans: str
    kind: UnitKind
    county_code: str
    county: str
    ethnic: str | None
    line: int


@dataclass(frozen=True, order=True, slots=True)
class CellFault:
    """One bad cell: file, line (the header is line 1), column heading and what is wrong, in Chinese."""

    file: str
    line: int
    column: str
    message: str

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}「{self.column}」：{self.message}" if self.column else f"{place}：{self.message}"


class SheetInvalid(ValueError):
    """A sheet that cannot be used as it is; `faults` is never empty."""

    def __init__(self, faults: list[CellFault]) -> None:
        self.faults = tuple(sorted(set(faults)))
        super().__init__("\n".join(str(fault) for fault in self.faults))


@dataclass
class Sheet:
    """A sheet that was read: its rows in order of the file and remarks that stop nothing."""

    townships: list[Township] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)


def read_sheet(path: Path) -> Sheet:
    """Read CSV (UTF-8 with or without mark, or GBK) or XLSX.

    Raises `SheetInvalid` with every fault of every row.
    """
    sheet = Sheet()
    name = path.name
    _refuse_unreadable(path)
    rows = _csv_rows(path, sheet) if _kind(path) is Kind.CSV else _book_rows(path)
    if not rows:
        raise SheetInvalid([CellFault(name, 0, "", "檔案沒有內容")])
    if len(rows) > MAXIMUM_ROWS:
        raise SheetInvalid([CellFault(name, 0, "", f"超過 {MAXIMUM_ROWS} 行，不予讀取")])
    columns = _columns(name, rows[0][1])
    faults: list[CellFault] = []
    for line, cells in rows[1:]:
        if any(cell.strip() for cell in cells):
            _read_row(sheet, faults, name, line, _named(columns, cells))
    faults += _repeated(name, sheet.townships)
    if not sheet.townships and not faults:
        faults.append(CellFault(name, 0, "", "除表頭外沒有資料行"))
    if faults:
        raise SheetInvalid(faults)
    return sheet


def _refuse_unreadable(path: Path) -> None:
    name = path.name
    if not path.is_file():
        raise SheetInvalid([CellFault(name, 0, "", "找不到檔案")])
    if path.stat().st_size > MAXIMUM_BYTES:
        raise SheetInvalid([CellFault(name, 0, "", f"檔案超過 {MAXIMUM_BYTES // 1_000_000} MB，不予讀取")])
    if path.suffix.lower() not in {".csv", ".xlsx"}:
        raise SheetInvalid([CellFault(name, 0, "", "只能讀取 .csv 和 .xlsx；其他格式請先另存為 .xlsx")])


def _kind(path: Path) -> Kind:
    """By its first bytes: a name says what somebody hopes."""
    try:
        with path.open("rb") as file:
            return sheet_kind(file.read(16))
    except Refused as refusal:
        raise SheetInvalid([CellFault(path.name, 0, "", str(refusal))]) from refusal


def _csv_rows(path: Path, sheet: Sheet) -> list[Row]:
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if encoding == "gb18030":
            sheet.notices.append(f"{path.name} 不是 UTF-8，已按 GBK（GB 18030）讀取，請核對名稱")
        if "\x00" not in text:
            return list(_parsed(path.name, text))
    raise SheetInvalid([CellFault(path.name, 0, "", "無法識別編碼：既不是 UTF-8，也不是 GBK")])


def _parsed(name: str, text: str) -> Iterator[Row]:
    """Rows by the line of the file that they begin on: a quoted cell may hold line breaks. One too many is enough."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in islice(reader, MAXIMUM_ROWS + 1):
            if len(cells) > MAXIMUM_COLUMNS:
                raise SheetInvalid([CellFault(name, line, "", f"超過 {MAXIMUM_COLUMNS} 列，不予讀取")])
            yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise SheetInvalid([CellFault(name, line, "", f"CSV 格式有誤（{error}）")]) from error


def _book_rows(path: Path) -> list[Row]:
    try:
        return list(enumerate(workbook_rows(path), start=1))
    except WorkbookRefused as refusal:
        raise SheetInvalid([CellFault(path.name, 0, "", str(refusal))]) from refusal


def _columns(name: str, header: list[str]) -> dict[int, str]:
    """Which cell of a row is which column; unknown headings are no fault, missing ones are."""
    headings = [cell.strip().lower() for cell in header]
    if doubled := {heading for heading in headings if heading and headings.count(heading) > 1}:
        raise SheetInvalid([CellFault(name, 1, heading, "有兩列同名，請只保留一列") for heading in doubled])
    found: dict[int, str] = {}
    for column, aliases in COLUMNS.items():
        place = next((headings.index(alias) for alias in aliases if alias in headings), None)
        if place is not None:
            found[place] = column
    missing = [column for column in REQUIRED if column not in found.values()]
    if missing:
        faults = [
            CellFault(name, 1, column, f"缺少這一列（可寫作：{'、'.join(COLUMNS[column])}）")
            for column in missing
        ]
        raise SheetInvalid(faults)
    return found


def _named(columns: dict[int, str], cells: list[str]) -> dict[str, str]:
    return {column: cells[place].strip() if place < len(cells) else "" for place, column in columns.items()}


def _read_row(sheet: Sheet, faults: list[CellFault], file: str, line: int, row: dict[str, str]) -> None:
    found = [CellFault(file, line, column, text) for column, text in _row_faults(row)]
    faults += found
    if found:
        return
    code = row["code"].ljust(12, "0")
    kind = KINDS[row["kind"]]
    if (text := _odd_code(code, kind)) is not None:
        sheet.notices.append(f"{file}:{line}：{row['name_hans']}{text}")
    ethnic = row.get("ethnic") or None
    county = row.get("county", "")
    sheet.townships.append(
        Township(code, row["name"], row["name_hans"], kind, row["county_code"], county, ethnic, line)
    )


def _row_faults(row: dict[str, str]) -> Iterator[tuple[str, str]]:
    for column in REQUIRED:
        if not row[column]:
            yield column, "不得為空"
    for column, lengths in (("code", (9, 12)), ("county_code", (6,))):
        if row[column] and (text := _digits_fault(row[column], lengths)):
            yield column, text
    if row["kind"] and row["kind"] not in KINDS:
        yield "kind", f"「{row['kind']}」不是鄉、鎮或街道"
    if row["code"] and row["county_code"] and not row["code"].startswith(row["county_code"][:6]):
        yield "county_code", f"代碼 {row['code']} 不屬於縣 {row['county_code']}"
    for column, text in row.items():
        if has_control_characters(text):
            yield column, "含有控制字符"
    for column in ("name", "name_hans", "ethnic"):
        text = row.get(column, "")
        if len(text) > LONGEST_NAME:
            yield column, f"超過 {LONGEST_NAME} 字"
        if text.startswith(FORMULA_SIGNS):
            yield column, f"不得以「{text[0]}」開頭：表格軟件會把它當作公式"


def _digits_fault(given: str, lengths: tuple[int, ...]) -> str | None:
    shown = given if len(given) <= SHOWN else given[:SHOWN] + "…"
    narrow = unicodedata.normalize("NFKC", given)
    if narrow != given:
        return f"「{shown}」含全形字符，應為「{narrow[:SHOWN]}」"
    if not (given.isascii() and given.isdigit()):
        return f"「{shown}」含數字以外的字符"
    if len(given) not in lengths:
        return f"「{shown}」應為 {' 或 '.join(map(str, lengths))} 位數字，實為 {len(given)} 位"
    if len(given) > 6 and given[6:9] == "000":
        return f"「{shown}」是縣級代碼，不是鄉鎮"
    if len(given) == 12 and not given.endswith("000"):
        return f"「{shown}」是村級代碼，鄉級代碼末三位應為 000"
    return None


def _odd_code(code: str, kind: UnitKind) -> str | None:
    """The third block tells the kind (domain 2.6); real data disagrees at times, so it is a remark only."""
    number = int(code[6:9])
    usual = UnitKind.STREET if number < 100 else UnitKind.TOWN if number < 200 else UnitKind.TOWNSHIP
    return None if usual is kind or number >= 400 else f"的代碼 {code[:9]} 通常屬於{usual}，表中寫的是{kind}"


def _repeated(file: str, townships: list[Township]) -> Iterator[CellFault]:
    first: dict[str, int] = {}
    for township in townships:
        if township.code in first:
            text = f"代碼 {township.code[:9]} 與第 {first[township.code]} 行重複"
            yield CellFault(file, township.line, "code", text)
        first.setdefault(township.code, township.line)
