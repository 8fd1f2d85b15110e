"""A release from draft to rollback on the command line, with every refusal in words."""

import json
import shutil
from pathlib import Path

import pytest

from tests.fixtures.commands import BAD_INPUT, DONE, IN_PART, Run, few
from tests.fixtures.standards import PACK_FOLDER


@pytest.fixture
def second(tmp_path: Path) -> Path:
    """The pack's folder as a second release with another sign colour."""
    folder = tmp_path / "qianxinan"
    shutil.copytree(PACK_FOLDER, folder)
    header = folder / "pack.yaml"
    header.write_text(header.read_text("utf-8").replace("  release: 1\n", "  release: 2\n"), "utf-8")
    windows = folder / "windows.yaml"
    text = windows.read_text("utf-8")
    assert "民政事務窗口" in text
    windows.write_text(text.replace("民政事務窗口", "民政服務窗口"), "utf-8")
    return folder


@pytest.fixture
def opened(run: Run, tmp_path: Path) -> Run:
    """Two centres at release 1."""
    run("init")
    assert run("provision", "--units", few(tmp_path)).exit_code == DONE
    return run


def test_a_release_goes_its_whole_way(opened: Run, second: Path) -> None:
    assert "已起草" in opened("release", "draft", str(second)).output
    assert "第 2 版（草案）：0 個中心" in opened("release", "list").output
    shown = opened("release", "show", "2").output
    assert "民政服務窗口" in shown
    simulated = opened("release", "simulate", "2")
    assert "TEMPLATE_CHANGED：4 處" in simulated.output
    assert "〔採用 2，待決 0，停用本地 0〕" in opened("release", "show", "2").output
    assert "第 2 版已發布" in opened("release", "publish", "2").output
    begun = opened("release", "rollout", "2", "--wave", "試點=522301001", "--wave", "其餘")
    assert begun.exit_code == DONE, begun.output
    assert "第 1 批「試點」：已升級 1" in begun.output
    assert "第 2 批「第 2 批」：待處理 1" in begun.output
    ended = opened("release", "continue").output
    assert "第 2 批「第 2 批」：已升級 1" in ended
    assert "推行 1，已完成" in ended
    assert "現在沒有進行中的推行" in opened("release", "continue").output
    assert "第 2 版（已發布）：2 個中心" in opened("release", "list").output


def test_a_wave_is_rolled_back_with_a_reason(opened: Run, second: Path) -> None:
    opened("release", "draft", str(second))
    opened("release", "simulate", "2")
    opened("release", "publish", "2")
    opened("release", "rollout", "2", "--wave", "試點=522301001", "--wave", "其餘")
    assert opened("release", "rollback", "1").exit_code == BAD_INPUT
    assert "已回滾 1" in opened("release", "rollback", "1", "--reason", "試點反映有誤").output
    assert "第 2 批還沒有開始" in opened("release", "rollback", "2", "--reason", "試").output
    halted = opened("release", "continue")
    assert (halted.exit_code, "已停下：第 1 批正在回滾：試點反映有誤" in halted.output) == (IN_PART, True)
    assert "已恢復" in opened("release", "resume", "--reason", "已更正", "--again").output
    assert "推行 1，已完成" in opened("release", "continue", "--all").output


def test_what_is_refused_says_why_and_writes_nothing(opened: Run, second: Path) -> None:
    assert "沒有第 2 版" in opened("release", "simulate", "2").output
    opened("release", "draft", str(second))
    refused = opened("release", "publish", "2")
    assert (refused.exit_code, "尚未模擬，須先對全部中心模擬" in refused.output) == (BAD_INPUT, True)
    assert "尚未發布，不能推行" in opened("release", "rollout", "2", "--wave", "其餘").output
    opened("release", "publish", "2", "--override", "演練")
    refused = opened("release", "rollout", "2", "--wave", "試點=522301001")
    assert "黃草街道" not in refused.output
    assert "不在任何批次中" in refused.output
    assert "現在沒有進行中的推行" in opened("release", "status").output


def test_a_fault_of_a_draft_has_its_place(opened: Run, second: Path) -> None:
    fixtures = second / "fixtures.yaml"
    text = fixtures.read_text("utf-8")
    start = text.index("  - key: zhou:badge")
    end = text.index("  - key:", start + 5)
    fixtures.write_text(text[:start] + text[end:], "utf-8")
    refused = opened("release", "draft", str(second))
    assert refused.exit_code == BAD_INPUT
    assert "fixtures.yaml:" in refused.output
    assert "屬必備" in refused.output
    assert "第 2 版" not in opened("release", "list").output


def test_new_centres_get_the_old_release_while_the_new_one_is_on_its_way(
    opened: Run, second: Path, tmp_path: Path
) -> None:
    opened("release", "draft", str(second))
    opened("release", "publish", "2", "--override", "演練")
    opened("release", "rollout", "2", "--wave", "試點=522301001", "--wave", "其餘")
    more = opened("provision", "--units", few(tmp_path, 3))
    assert "第 2 版還在推行，新中心先按第 1 版開通" in more.output
    assert "推行期間新開通 1 個中心" in opened("release", "status").output
    full = opened("release", "status", "--full").output
    assert "第 1 批 522301001" in full


def test_a_plan_of_a_draft_is_shown_for_one_centre(opened: Run, second: Path) -> None:
    opened("release", "draft", str(second))
    made = opened("plan", "--unit", "522301001", "--release", "2", "--json")
    (plan,) = json.loads(made.output)
    assert [action["reason"] for action in plan["actions"]] == ["TEMPLATE_CHANGED"] * 2
    refused = opened("apply", "--unit", "522301001", "--release", "2", "--yes")
    assert "第 2 版現在不是已發布的標準" in refused.output


def test_a_draft_is_discarded(opened: Run, second: Path) -> None:
    opened("release", "draft", str(second))
    opened("release", "simulate", "2")
    assert "第 2 版草案已刪除" in opened("release", "discard", "2").output
    assert "只有草案可以刪除" in opened("release", "discard", "1").output
    assert "唯一已發布" in opened("release", "withdraw", "1", "--reason", "試").output
