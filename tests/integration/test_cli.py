"""The command line: what it says, where it stops, and the exit codes that mean something."""

import csv
import io
import json
import re
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from tests.fixtures.commands import BAD_INPUT, DONE, IN_PART, Run, few
from tests.fixtures.standards import SECOND_FOLDER, TOWNSHIPS
from townhall.centres.models import Centre
from townhall.database import Base, create_engine_for
from townhall.standards.models import Release
from townhall.tenancy import HOST, scoped
from townhall.units.models import Unit


@pytest.fixture
def ready(run: Run) -> Run:
    assert run("init").exit_code == DONE
    return run


Count = Callable[[type[Base]], int]


@pytest.fixture
def count(tmp_path: Path) -> Iterator[Count]:
    """How many rows a table has now."""
    engine = create_engine_for(f"sqlite:///{tmp_path / 'data' / 'townhall.db'}")

    def count_now(model: type[Base]) -> int:
        with Session(engine, info=scoped(HOST)) as session:
            return session.scalar(select(func.count()).select_from(model)) or 0

    yield count_now
    engine.dispose()


def test_init_in_an_empty_folder_makes_a_host_and_shows_the_password_once(run: Run) -> None:
    first, second = run("init"), run("init")
    assert (first.exit_code, second.exit_code) == (DONE, DONE)
    assert re.search(r"admin，密碼 \S{12,}", first.stderr)
    assert "密碼" not in second.stderr


def test_a_command_before_init_says_what_to_do(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    result = run("plan", "--unit", "522301001")
    assert result.exit_code == BAD_INPUT
    assert "townhall init" in result.stderr


def test_provisioning_the_140_real_townships_and_again(ready: Run, count: Count) -> None:
    first = ready("provision", "--units", str(TOWNSHIPS), "--pack", "qianxinan")
    assert first.exit_code == DONE, first.output
    assert "新開通 140 個" in first.stdout
    second = ready("provision", "--units", str(TOWNSHIPS), "--pack", "qianxinan")
    assert second.exit_code == DONE
    assert "無變化：140 個鄉鎮都已開通" in second.stdout
    assert count(Centre) == 140


def test_a_bad_row_stops_everything_and_is_named_by_line(ready: Run, tmp_path: Path, count: Count) -> None:
    path = Path(few(tmp_path, 3))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("522301003000,", "52230100x000,", 1), encoding="utf-8")
    before = count(Unit)
    result = ready("provision", "--units", str(path))
    assert result.exit_code == BAD_INPUT
    assert "few.csv:4「code」" in result.stderr
    assert "沒有寫入任何內容" in result.stderr
    assert count(Unit) == before
    assert count(Centre) == 0


def test_a_dry_run_shows_the_plan_and_writes_nothing(ready: Run, tmp_path: Path, count: Count) -> None:
    before = count(Unit)
    result = ready("provision", "--units", few(tmp_path), "--dry-run")
    assert result.exit_code == DONE
    assert "新設中心：窗口 8，事項" in result.stdout
    assert count(Unit) == before


def test_apply_wants_the_digest_of_the_plan_that_was_seen(ready: Run, tmp_path: Path, count: Count) -> None:
    sheet = few(tmp_path)
    shown = ready("plan", "--units", sheet)
    digest = re.search(r"計劃摘要 ([0-9a-f]{16})", shown.stdout)
    assert digest
    refused = ready("apply", "--units", sheet, "--digest", "0" * 16)
    assert refused.exit_code == BAD_INPUT
    assert digest[1] in refused.stderr
    assert count(Centre) == 0
    assert ready("apply", "--units", sheet, "--digest", digest[1]).exit_code == DONE
    assert count(Centre) == 2


def test_a_plan_as_json_can_be_read_by_machines(ready: Run, tmp_path: Path) -> None:
    plans = json.loads(ready("plan", "--units", few(tmp_path), "--json").stdout)
    assert [plan["unit"] for plan in plans] == ["522301001000", "522301002000"]
    assert all(len(plan["plan_hash"]) == 64 for plan in plans)


def test_a_plan_in_full_is_written_in_sentences(ready: Run, tmp_path: Path) -> None:
    shown = ready("plan", "--units", few(tmp_path, 1), "--full").stdout
    assert "新設窗口〔民政事務窗口〕" in shown
    assert "熱線電話待填" in shown


def test_blanks_stop_their_documents_and_nothing_else(ready: Run, tmp_path: Path) -> None:
    ready("provision", "--units", few(tmp_path, 1))
    result = ready(
        "render",
        "--unit",
        "522301001",
        "--document",
        "window-plate",
        "--document",
        "card",
        "--script",
        "hans",
    )
    assert result.exit_code == IN_PART
    made = sorted(path.name for path in (tmp_path / "out").rglob("*.pdf"))
    assert len(made) == 8
    assert all(name.startswith("522301001_黄草街道_") for name in made)
    report = next((tmp_path / "out").rglob("*.csv")).read_text(encoding="utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(report)))
    assert [row["錯誤代碼"] for row in rows] == ["UNFILLED_BLANK"]
    assert "熱線" in rows[0]["說明"]


def test_drafts_are_made_in_spite_of_blanks_and_are_called_drafts(ready: Run, tmp_path: Path) -> None:
    ready("provision", "--units", few(tmp_path, 1))
    target = tmp_path / "drafts.zip"
    options = ("--document", "card", "--script", "hant", "--draft", "--out", str(target))
    assert ready("render", "--unit", "522301001", *options).exit_code == DONE
    names = zipfile.ZipFile(target).namelist()
    assert any(name.endswith(".pdf") and "草稿" in name for name in names)


def test_word_files_come_instead_of_pdfs_for_what_has_them(ready: Run, tmp_path: Path) -> None:
    ready("provision", "--units", few(tmp_path, 1))
    options = ("--document", "regime-a4", "--word", "--draft", "--script", "hans")
    assert ready("render", "--unit", "522301001", *options).exit_code == DONE
    names = [path.name for path in (tmp_path / "out").rglob("*.*") if path.suffix != ".csv"]
    assert len(names) == 7
    assert all(re.search("_制度文件0._.+_草稿.docx$", name) for name in names)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--unit", "522301001"), "二者取一"),
        (("--all",), "指定範圍"),
        (("--unit", "999999999", "--all"), "沒有代碼為 999999999 的單位"),
        (("--unit", "522301001", "--document", "poster"), "沒有文件種類 poster"),
        (
            ("--unit", "522301001", "--word", "--document", "card"),
            "沒有 Word 文件 card；可用：guide、guide-brief、regime-a4\n",
        ),
    ],
)
def test_render_refuses_what_it_cannot_mean(
    ready: Run, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    ready("provision", "--units", few(tmp_path, 1))
    result = ready("render", *arguments)
    assert result.exit_code == BAD_INPUT
    assert message in result.stderr


def test_a_broken_pack_is_refused_with_file_line_and_column(
    run: Run, broken_pack: Callable[[str, str, str], Path]
) -> None:
    folder = broken_pack("windows.yaml", "number: 2", "number: 二")
    result = run("pack", "check", str(folder))
    assert result.exit_code == BAD_INPUT
    assert re.search(r"qianxinan/windows\.yaml:\d+:\d+: windows\[1\]\.number：應為整數", result.stderr)


def test_a_next_release_is_checked_with_the_one_that_it_is_written_on(run: Run, tmp_path: Path) -> None:
    result = run("pack", "check", str(SECOND_FOLDER))
    assert result.exit_code == DONE
    assert "第 2 版（在「qianxinan」之上），沒有錯誤" in result.stdout
    for name in ("qianxinan", "qianxinan-2"):
        shutil.copytree(SECOND_FOLDER.with_name(name), tmp_path / name)
    retired = tmp_path / "qianxinan-2" / "retired.yaml"
    retired.write_text("retired: {items: [zhou:nowhere]}\n", encoding="utf-8")
    broken = run("pack", "check", str(tmp_path / "qianxinan-2"))
    assert broken.exit_code == BAD_INPUT
    # The section stands in two files now, and what the second one names is not there.
    assert re.search(
        r"qianxinan-2/retired\.yaml:1:1: retired：區段「retired」在別的檔案已經寫過", broken.stderr
    )
    assert re.search(r"qianxinan-2/retired\.yaml:1:19: retired\.items\[0\]：", broken.stderr)


@pytest.mark.usefixtures("ready")
def test_init_publishes_the_first_release_of_the_pack_and_no_other(count: Count) -> None:
    assert count(Release) == 1


def test_the_schema_for_editors_is_json(run: Run) -> None:
    assert "CentreSpec" in json.loads(run("pack", "schema").stdout)["$defs"]


def test_doctor_finds_an_installation_in_order_and_one_that_is_not(
    ready: Run, run: Run, tmp_path: Path
) -> None:
    assert ready("doctor").exit_code == DONE
    (tmp_path / "data" / "townhall.db").unlink()
    result = run("doctor", "--json")
    assert result.exit_code == BAD_INPUT
    found = {each["subject"]: each for each in json.loads(result.stdout)}
    assert found["資料庫"]["remedy"] == "執行 townhall init"


@pytest.mark.parametrize(("role", "unit"), [("township_director", "5223"), ("township_director", "522300")])
def test_a_director_is_not_given_more_than_a_township(ready: Run, role: str, unit: str) -> None:
    options = ("--name", "張三（虛構）", "--role", role, "--unit", unit, "--password", "一個很長的口令 12345")
    assert ready("user", "create", "zhangsan", *options).exit_code == BAD_INPUT


def test_an_account_is_created_and_a_second_of_that_name_refused(ready: Run) -> None:
    options = (
        "--name",
        "張三（虛構）",
        "--role",
        "county_officer",
        "--unit",
        "522301",
        "--password",
        "一個很長的口令 12345",
    )
    assert ready("user", "create", "zhangsan", *options).exit_code == DONE
    assert ready("user", "create", "zhangsan", *options).exit_code == BAD_INPUT


@pytest.mark.parametrize(
    ("setting", "value", "message"),
    [
        ("TOWNHALL_DATABASE", "mysql://root@127.0.0.1/x", "資料庫只能是 sqlite 或 postgresql"),
        ("TOWNHALL_DATABASE", "not a url", "設定有誤"),
        ("TOWNHALL_DATABASE", "sqlite:///.", "資料庫無法使用"),
        ("TOWNHALL_WORKERS", "many", "設定 TOWNHALL_WORKERS 有誤：應為整數"),
    ],
)
def test_a_wrong_setting_is_named_and_ends_without_a_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch, setting: str, value: str, message: str
) -> None:
    monkeypatch.setenv(setting, value)
    result = run("init")
    assert (result.exit_code, message in result.stderr) == (BAD_INPUT, True), result.output


def test_a_database_that_is_none_is_told_from_one_that_is_missing(run: Run, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "townhall.db").write_bytes(b"not a database" * 100)
    result = run("plan", "--unit", "522301001")
    assert result.exit_code == BAD_INPUT
    assert "資料庫無法使用" in result.stderr


def test_init_does_not_print_the_password_of_the_database(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    address = "postgresql://somebody:secret-word@127.0.0.1:1/nothing"  # pragma: allowlist secret
    monkeypatch.setenv("TOWNHALL_DATABASE", address)
    result = run("init")
    assert result.exit_code == BAD_INPUT
    assert "somebody" in result.stderr
    assert "secret-word" not in result.stderr
