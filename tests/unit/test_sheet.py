"""The onboarding sheet: every bad cell is named, good files of every kind are read."""

import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import xlsxwriter

from tests.fixtures.standards import TOWNSHIPS
from townhall.units.sheet import CellFault, SheetInvalid, read_sheet

HEADER = "code,name,name_trad,kind,county_code,county"
GOOD = "522301001,黄草街道,黃草街道,街道,522301,兴义市"


def written(tmp_path: Path, *rows: str, encoding: str = "utf-8") -> Path:
    path = tmp_path / "名單.csv"
    path.write_bytes("\r\n".join([HEADER, *rows, ""]).encode(encoding))
    return path


def faults(tmp_path: Path, *rows: str) -> tuple[CellFault, ...]:
    with pytest.raises(SheetInvalid) as refused:
        read_sheet(written(tmp_path, *rows))
    return refused.value.faults


def test_the_real_prefecture_has_140_townships_without_a_remark() -> None:
    sheet = read_sheet(TOWNSHIPS)
    assert len(sheet.townships) == 140
    assert not sheet.notices
    kinds = [township.kind.value for township in sheet.townships]
    assert (kinds.count("鎮"), kinds.count("街道"), kinds.count("鄉")) == (83, 43, 14)


def test_a_duplicate_code_is_named_with_both_lines(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, GOOD, GOOD)
    assert (fault.line, fault.column) == (3, "code")
    assert fault.message == "代碼 522301001 與第 2 行重複"


def test_the_same_code_in_nine_and_twelve_digits_is_a_duplicate(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, GOOD, GOOD.replace("522301001,", "522301001000,", 1))
    assert "重複" in fault.message


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("52230100", "應為 9 或 12 位數字，實為 8 位"),
        ("52230100a", "含數字以外的字符"),
        ("５２２３０１００１", "含全形字符，應為「522301001」"),
        ("522301001001", "是村級代碼"),
        ("522301000", "是縣級代碼"),
        ("", "不得為空"),
        ("522302001", "不屬於縣 522301"),
    ],
)
def test_a_bad_code_is_named_with_line_and_column(tmp_path: Path, code: str, message: str) -> None:
    found = faults(tmp_path, GOOD, GOOD.replace("522301001", code, 1))
    assert any(fault.line == 3 and message in fault.message for fault in found), found


def test_a_missing_county_is_named(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, GOOD.replace("522301,兴", ",兴"))
    assert (fault.line, fault.column, fault.message) == (2, "county_code", "不得為空")


def test_an_unknown_kind_is_named(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, GOOD.replace(",街道,", ",開發區,"))
    assert fault.message == "「開發區」不是鄉、鎮或街道"


def test_every_bad_row_is_reported_and_not_only_the_first(tmp_path: Path) -> None:
    rows = [GOOD.replace("522301001", f"52230100{letter}", 1) for letter in "abc"]
    assert [fault.line for fault in faults(tmp_path, GOOD, *rows)] == [3, 4, 5]


def test_a_missing_column_is_named_with_what_it_may_be_called(tmp_path: Path) -> None:
    path = tmp_path / "名單.csv"
    path.write_text("code,name,kind\n522301001,黄草街道,街道\n", encoding="utf-8")
    with pytest.raises(SheetInvalid) as refused:
        read_sheet(path)
    assert {fault.column for fault in refused.value.faults} == {"name", "county_code"}
    assert "繁體名稱" in str(refused.value)


def test_utf8_with_a_byte_order_mark_is_read(tmp_path: Path) -> None:
    assert read_sheet(written(tmp_path, GOOD, encoding="utf-8-sig")).townships[0].code == "522301001000"


def test_gbk_is_read_with_a_remark(tmp_path: Path) -> None:
    sheet = read_sheet(written(tmp_path, GOOD, encoding="gbk"))
    assert sheet.townships[0].name == "黃草街道"
    assert "已按 GBK" in sheet.notices[0]


def test_bytes_of_no_known_encoding_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "名單.csv"
    path.write_bytes(b"code,name\n\xff\xff\x80")
    with pytest.raises(SheetInvalid, match="無法識別編碼"):
        read_sheet(path)


def test_a_workbook_says_the_same_as_the_csv(tmp_path: Path) -> None:
    path = tmp_path / "名單.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER.split(","))
        code, *rest = GOOD.split(",")
        sheet.write_number(1, 0, int(code))
        sheet.write_row(1, 1, rest)
    assert read_sheet(path).townships == read_sheet(written(tmp_path, GOOD)).townships


def test_a_workbook_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "名單.xlsx"
    path.write_bytes(b"PK\x03\x04 not a workbook")
    with pytest.raises(SheetInvalid, match="不是可讀的 XLSX 電子表格"):
        read_sheet(path)


@pytest.mark.parametrize(("name", "message"), [("名單.doc", "只能讀取"), ("名單.csv", "沒有內容")])
def test_files_of_other_kinds_and_empty_files_are_refused(tmp_path: Path, name: str, message: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"")
    with pytest.raises(SheetInvalid, match=message):
        read_sheet(path)


def test_a_code_that_disagrees_with_the_kind_is_a_remark_and_no_fault(tmp_path: Path) -> None:
    sheet = read_sheet(written(tmp_path, GOOD.replace(",街道,", ",镇,")))
    assert "通常屬於街道" in sheet.notices[0]


def test_a_line_break_inside_a_cell_does_not_shift_the_lines_that_faults_name(tmp_path: Path) -> None:
    quoted = GOOD.replace(",兴义市", ',"兴义市\n"')
    found = faults(tmp_path, quoted, GOOD.replace("522301001", "5223", 1))
    assert [fault.line for fault in found if fault.column == "code"] == [4]


def test_csv_that_breaks_off_is_named_with_its_line(tmp_path: Path) -> None:
    (fault,) = faults(tmp_path, GOOD, '"522301002')
    assert fault.line == 3
    assert "CSV 格式有誤" in fault.message


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("黃草街道", "黃草\x07街道", "含有控制字符"),
        ("黃草街道", "=1+1", "不得以「=」開頭"),
        ("黃草街道", "黃" * 31, "超過 30 字"),
    ],
)
def test_a_bad_name_is_named(tmp_path: Path, before: str, after: str, message: str) -> None:
    found = faults(tmp_path, GOOD.replace(before, after))
    assert any(fault.column == "name" and message in fault.message for fault in found), found


def test_a_column_given_twice_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "名單.csv"
    path.write_text(f"{HEADER},code\n{GOOD},522301002\n", encoding="utf-8")
    with pytest.raises(SheetInvalid, match="有兩列同名"):
        read_sheet(path)


def workbook(tmp_path: Path, change: dict[str, Callable[[bytes], bytes]]) -> Path:
    """A good workbook with some of its parts changed."""
    good, path = tmp_path / "good.xlsx", tmp_path / "名單.xlsx"
    with xlsxwriter.Workbook(good) as book:
        sheet = book.add_worksheet()
        for place, row in enumerate([HEADER, GOOD]):
            sheet.write_row(place, 0, row.split(","))
    with zipfile.ZipFile(good) as old, zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            new.writestr(name, change.get(name, bytes)(old.read(name)))
    return path


SHEET = "xl/worksheets/sheet1.xml"


def test_the_workbook_that_the_hostile_ones_are_made_from_is_read(tmp_path: Path) -> None:
    assert len(read_sheet(workbook(tmp_path, {})).townships) == 1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({SHEET: lambda xml: xml.replace(b'r="A2"', b'r="XFD1048576"')}, "單元格 XFD1048576 超出可讀範圍"),
        ({SHEET: lambda xml: xml.replace(b'r="A2"', b"r='A99999999999'")}, "超出可讀範圍"),
        ({SHEET: lambda xml: xml + b" " * 40_000_000}, "解壓後過大"),
        ({SHEET: lambda xml: b'<!DOCTYPE a [<!ENTITY b "c">]>' + xml}, "文檔類型聲明"),
        ({SHEET: lambda xml: xml[:200]}, "不是可讀的"),
        ({"xl/workbook.xml": lambda _: b"<"}, "不是可讀的"),
    ],
)
def test_a_hostile_workbook_is_refused_in_words(
    tmp_path: Path, change: dict[str, Callable[[bytes], bytes]], message: str
) -> None:
    with pytest.raises(SheetInvalid, match=message):
        read_sheet(workbook(tmp_path, change))


@pytest.mark.parametrize("cut", [10, 200, -30])
def test_a_workbook_that_breaks_off_is_refused_in_words(tmp_path: Path, cut: int) -> None:
    path = workbook(tmp_path, {})
    path.write_bytes(path.read_bytes()[:cut])
    with pytest.raises(SheetInvalid, match="不是可讀的"):
        read_sheet(path)


def test_an_old_spreadsheet_format_is_refused_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "名單.xls"
    path.write_bytes(b"x")
    with pytest.raises(SheetInvalid, match=r"另存為 \.xlsx"):
        read_sheet(path)
