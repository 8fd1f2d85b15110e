"""A standard that may not be: named by file, line and column with what it breaks, and not a byte of it written."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from provisioning.faults import PackInvalid
from provisioning.load import load_overlay
from provisioning.specs import Pack
from tests.fixtures.changes import move
from tests.fixtures.commands import BAD_INPUT, DONE, Run, few, tables
from tests.fixtures.host import Host
from tests.fixtures.releases import evolved
from tests.fixtures.standards import MOMENT, PACK_FOLDER
from townhall.audit.act import host_act
from townhall.standards.models import Release
from townhall.standards.operations import ReleaseRefused, draft_release

HEADER = "header: {id: qianxinan, extends: qianxinan, release: 2, version_date: 2026-12-01}\n"
RULE = "  - path: items[*].scope\n    policy: {policy}\n    reason: {reason}\n    source: 無\n"
THERE, BACK = "zhou:temporary-relief", "zhou:relief"
CYCLE = (
    f"moves:\n  - {{since: 2, section: items, origins: [{THERE}], into: [{BACK}]}}\n"
    f"  - {{since: 2, section: items, origins: [{BACK}], into: [{THERE}]}}\n"
)
CARRY = (
    "moves:\n  - since: 2\n    section: items\n"
    f"    origins: [{THERE}]\n    into: [zhou:one, zhou:other]\n    carry: {{scope: keep}}\n"
)

# What is written in the file `wrong.yaml` of a next release; where that is named, and in which words.
RELEASES = {
    "a mandatory item removed": (
        "retired:\n  fixtures:\n    - zhou:opinion-book\n",
        ("qianxinan-2/wrong.yaml", 3, 7),
        "屬必備",
    ),
    "moves in a circle": (CYCLE, ("qianxinan-2/wrong.yaml", 3, 5), "先前已移走，不得再成為去處（循環）"),
    "an unknown policy": (
        "policies:\n" + RULE.format(policy="advisory", reason="試"),
        ("qianxinan-2/wrong.yaml", 3, 5),
        "應為其中之一：local、default、conditional、mandatory、bounded、locked；實為文字「advisory」",
    ),
    "a policy without a reason": (
        "policies:\n" + RULE.format(policy="locked", reason="''"),
        ("qianxinan-2/wrong.yaml", 4, 5),
        "不得為空",
    ),
    "an unknown way to carry": (CARRY, ("qianxinan-2/wrong.yaml", 6, 13), "應為其中之一：copy、first"),
    "a code for a reason": (
        "policies:\n" + RULE.format(policy="locked", reason="試") + "    reason_code: TEMPLATE_CHANGED\n",
        ("qianxinan-2/wrong.yaml", 6, 5),
        "不認識的鍵「reason_code」",
    ),
}

LOOSER = "{path: 'signs[*].ground', policy: default, reason: 想改, source: 無}"
# What a county writes besides its head; where that is named, and in which words.
OVERLAYS = {
    "a lock loosened": (f"tighten:\n  - {LOOSER}\n", (5, 31), "不得放寬"),
    "an unknown policy": (
        f"tighten:\n  - {LOOSER.replace('default', 'advisory')}\n",
        (5, 31),
        "應為其中之一：local、default、conditional、mandatory、bounded、locked",
    ),
    "a reason missing": (f"tighten:\n  - {LOOSER.replace('reason: 想改, ', '')}\n", (5, 5), "缺少必填欄位"),
    "a mandatory item removed": ("remove:\n  fixtures: [zhou:cabinet]\n", (5, 14), "不得刪除"),
    "a locked field written": (
        "change:\n  signs:\n    'zhou:sign-window': {ground: '#ffffff'}\n",
        (6, 26),
        "統一規定",
    ),
}


def next_release(folder: Path, text: str) -> Path:
    shutil.rmtree(folder / "packs", ignore_errors=True)
    shutil.copytree(PACK_FOLDER, folder / "packs" / "qianxinan")
    second = folder / "packs" / "qianxinan-2"
    second.mkdir()
    (second / "pack.yaml").write_text(HEADER, "utf-8")
    (second / "wrong.yaml").write_text(text, "utf-8")
    return second


def test_a_release_that_may_not_be_is_refused_at_its_place_and_writes_nothing(
    run: Run, tmp_path: Path
) -> None:
    run("init")
    assert run("provision", "--units", few(tmp_path)).exit_code == DONE
    before = tables(tmp_path)
    for wrong, (text, (file, line, column), words) in RELEASES.items():
        folder = str(next_release(tmp_path, text))
        for command in (("release", "draft", folder), ("pack", "check", folder)):
            refused = run(*command)
            assert refused.exit_code == BAD_INPUT, wrong
            told = [one for one in refused.stderr.splitlines() if words in one]
            assert told, (wrong, refused.stderr)
            assert any(one.startswith(f"{file}:{line}:{column}: ") for one in told), (wrong, told)
            assert "沒有寫入任何內容" in refused.stderr
        assert tables(tmp_path) == before, wrong


@pytest.mark.parametrize("wrong", OVERLAYS)
def test_what_a_county_may_not_write_is_refused_at_its_place(pack: Pack, wrong: str) -> None:
    text, (line, column), words = OVERLAYS[wrong]
    with pytest.raises(PackInvalid) as refused:
        load_overlay(f"county: '522301'\nversion: 1\ntitle: 興義市補充規定\n{text}", "興義市.yaml", pack)
    told = [fault for fault in refused.value.faults if words in fault.message]
    assert told, refused.value.faults
    assert (told[0].file, told[0].line, told[0].column) == ("興義市.yaml", line, column)


def cyclic(pack: Pack) -> Pack:
    moves = (move("temporary-relief", "relief"), move("relief", "temporary-relief"))
    return evolved(pack, moves=moves)


# Past the files: values that a program gives.
GIVEN: dict[str, tuple[Callable[[Pack], Pack], str]] = {
    "a mandatory item removed": (
        lambda pack: evolved(pack, ["fixtures", "zhou:cabinet", "*", None]),
        "屬必備",
    ),
    "moves in a circle": (cyclic, "在上一版已是另一事項，移動會被它擋住"),
}


@pytest.mark.parametrize("wrong", GIVEN)
def test_a_standard_that_did_not_come_from_files_is_held_to_the_same_rules(
    host: Host, pack: Pack, wrong: str
) -> None:
    made, words = GIVEN[wrong]
    before = host.state() | {"release": releases(host)}
    with pytest.raises(ReleaseRefused, match=words), host.sessions.begin() as session:
        draft_release(session, made(pack), act=host_act("州", MOMENT))
    assert host.state() | {"release": releases(host)} == before


def releases(host: Host) -> list[Any]:
    with host.sessions() as session:
        return list(session.execute(select(Release.number, Release.status, Release.content_hash)).all())
