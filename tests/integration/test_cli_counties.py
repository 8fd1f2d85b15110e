"""What a county adds, on the command line: published from a file with every fault placed, brought to the townships."""

from pathlib import Path

import pytest

from tests.fixtures.commands import BAD_INPUT, DONE, Run, few, tables

HEAD = "county: '522301'\nversion: 1\ntitle: 興義市補充規定（虛構）\n"
CHANGE = "change:\n  items:\n    zhou:temporary-relief:\n      result: 縣的辦理結果\n"
LOCK = "  - path: signs[*].ground\n    policy: {policy}\n    reason: 試\n    source: 試\n"


@pytest.fixture
def opened(run: Run, tmp_path: Path) -> Path:
    """Two centres of one county."""
    run("init")
    assert run("provision", "--units", few(tmp_path)).exit_code == DONE
    return tmp_path


def written(folder: Path, text: str) -> str:
    path = folder / "county.yaml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def test_a_county_is_published_from_a_file_and_reaches_its_townships(run: Run, opened: Path) -> None:
    assert "尚無補充規定" in run("county", "show", "522301").stdout
    done = run("county", "publish", written(opened, HEAD + CHANGE), "--reason", "試")
    assert (done.exit_code, done.stdout) == (
        DONE,
        "已發布興義市補充規定第 1 版；送到鄉鎮請用 county bring-on\n",
    )
    shown = run("county", "show", "522301").stdout
    assert "現行第 1 版，依據州標準第 1 版" in shown
    assert "事項〔臨時救助申請〕的辦理結果：" in shown
    assert "→ 「縣的辦理結果」" in shown
    assert run("county", "bring-on", "522301").stdout == "興義市：2 個中心有更新，共 2 個\n"
    assert run("county", "bring-on", "522301").stdout == "興義市：0 個中心有更新，共 2 個\n"
    again = run("county", "publish", written(opened, HEAD + CHANGE), "--reason", "試")
    assert (again.exit_code, "沒有改動，無須發布" in again.stderr) == (BAD_INPUT, True)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (HEAD + "tighten:\n" + LOCK.format(policy="default"), "county.yaml:6:5"),
        (HEAD + "change:\n  items:\n    zhou:nowhere:\n      result: x\n", "county.yaml:6:5"),
        (HEAD + "change:\n  signs:\n    zhou:sign-window:\n      ground: '#000000'\n", "鎖定"),
        (HEAD + "remove:\n  fixtures: [zhou:cabinet]\n", "必須保留"),
        (HEAD.replace("522301", "529999"), "沒有代碼為 529999 的縣（市）"),
        ("title: x\n", "沒有寫明是哪個縣"),
        (HEAD, "沒有改動，無須發布"),
    ],
)
def test_a_file_that_a_county_may_not_publish_is_refused_with_its_place_and_nothing_is_written(
    run: Run, opened: Path, text: str, words: str
) -> None:
    before = tables(opened)
    done = run("county", "publish", written(opened, text), "--reason", "試")
    assert (done.exit_code, words in done.stderr) == (BAD_INPUT, True), done.stderr
    assert tables(opened) == before


def test_what_is_no_county_is_named(run: Run, opened: Path) -> None:
    for command in ("show", "bring-on"):
        done = run("county", command, "522301001")
        assert (done.exit_code, "沒有代碼為 522301001 的縣（市）" in done.stderr) == (BAD_INPUT, True)
    assert opened.exists()
