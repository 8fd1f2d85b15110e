"""A standard taken from centres that are there: what is written, what is refused, and the commands (rules L1, L3)."""

import json
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from provisioning.canonical import content_hash
from provisioning.differences import patched
from provisioning.extract import ExtractionRefused, overlay_of, resolved
from provisioning.faults import PackInvalid
from provisioning.load import load_pack
from provisioning.resolve import resolve
from provisioning.specs import Pack, UnitKind
from tests.fixtures.commands import BAD_INPUT, DONE, Run, few
from tests.fixtures.standards import MOMENT, TOWNSHIPS
from tests.fixtures.taken import written
from townhall.audit.act import host_act
from townhall.centres.apply import apply_plan, plan_unit, standard_for
from townhall.centres.drafts import OVERLAYS, read_matches, read_template, take
from townhall.centres.edit import Edit, edit_centre
from townhall.centres.models import Centre
from townhall.standards.operations import publish_release
from townhall.units.models import Unit
from townhall.units.operations import ensure_units
from townhall.units.sheet import read_sheet

ACT = host_act("測試", MOMENT, "認領")
ITEM = "zhou:temporary-relief"
OWN = [["items", ITEM, "result", "本地的辦理結果"], ["profile", None, "hotline", "0000-1234567"]]


@pytest.fixture
def three(session: Session, pack: Pack) -> list[Unit]:
    """Three centres of one county with facts and words of their own."""
    release = publish_release(session, pack, MOMENT)
    units = ensure_units(session, pack.header, read_sheet(TOWNSHIPS).townships[:3], "")
    for place, unit in enumerate(units):
        standard = standard_for(unit, release, {})
        apply_plan(session, plan_unit(session, unit, standard), unit, standard, act=ACT)
        edits = [
            Edit("profile", None, "hotline", f"0000-100000{place}"),
            Edit("items", ITEM, "delivery", f"到{unit.name}窗口領取"),
            Edit("items", ITEM, "scope", "本地共有的適用範圍" if place else "只有一處的適用範圍"),
        ]
        edit_centre(session, unit, edits, seen=None, act=ACT)
    return units


def given_back(session: Session, units: list[Unit], folder: Path) -> None:
    """Every centre comes back from the files, hash for hash (rule L1)."""
    template = read_template(folder / OVERLAYS)
    for unit in units:
        text = (folder / OVERLAYS / f"{unit.short_code}.json").read_text(encoding="utf-8")
        back = resolved(template, overlay_of(json.loads(text)))
        assert content_hash(back) == session.get_one(Centre, unit.code).content_hash


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_rule_l1_to_l3_what_is_written_gives_every_centre_back_and_is_a_pack_without_what_is_local(
    session: Session, three: list[Unit], tmp_path: Path, pack: Pack
) -> None:
    taken = take(session, three, tmp_path / "draft", MOMENT.date())
    given_back(session, three, tmp_path / "draft")
    assert taken.own.keys() == {unit.code for unit in three}
    again = load_pack(tmp_path / "draft")
    assert "提取的草案" in again.header.title
    assert (
        (tmp_path / "draft" / "pack.yaml")
        .read_text(encoding="utf-8")
        .startswith("# 由各中心現有配置提取的草案")
    )
    item = next(one for one in again.centre.items if one.key == ITEM)
    assert (item.scope, item.delivery) == ("本地共有的適用範圍", "到{unit_name}窗口領取")
    assert taken.to_word == (f"items[{ITEM}].delivery",)
    assert again.centre.profile == pack.centre.profile
    kind = UnitKind(three[0].kind)
    wanted = patched(
        resolve(pack, None, kind),
        [["items", ITEM, "scope", item.scope], ["items", ITEM, "delivery", item.delivery]],
    )
    assert content_hash(resolve(again, None, kind)) == content_hash(wanted)


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_nothing_half_written_is_left_where_the_draft_is_no_sound_pack(
    session: Session, three: list[Unit], tmp_path: Path
) -> None:
    for unit in three:
        edit_centre(session, unit, [Edit("items", ITEM, "result", "電話:半形")], seen=None, act=ACT)
    with pytest.raises(PackInvalid) as refusal:
        take(session, three, tmp_path / "draft", MOMENT.date())
    assert "半形標點" in str(refusal.value.faults[0])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("backend", ["sqlite"], indirect=True)
def test_a_folder_that_is_there_is_never_written_over(
    session: Session, three: list[Unit], tmp_path: Path
) -> None:
    (tmp_path / "draft").mkdir()
    with pytest.raises(ExtractionRefused, match="不予覆蓋"):
        take(session, three, tmp_path / "draft", MOMENT.date())


def test_a_list_of_matches_is_read_with_its_faults_placed(tmp_path: Path) -> None:
    path = tmp_path / "same.yaml"
    path.write_text(
        f"- section: items\n  same:\n    '522301001': {ITEM}\n    522301002: zhou:other\n", "utf-8"
    )
    (match,) = read_matches(path)
    assert match.members == (("522301001000", ITEM), ("522301002000", "zhou:other"))
    path.write_text("- section: nothing\n  same: {}\n", "utf-8")
    with pytest.raises(PackInvalid, match=r"same\.yaml:1"):
        read_matches(path)


# the commands -----------------------------------------------------------------------------------------------------


def test_the_commands_refuse_to_overwrite_and_write_a_draft(run: Run, tmp_path: Path, pack: Pack) -> None:
    assert run("init").exit_code == DONE
    assert run("provision", "--units", few(tmp_path, 2)).exit_code == DONE
    centre = patched(resolve(pack, None, UnitKind.STREET), OWN)
    path = str(written(tmp_path / "centre.yaml", centre))
    refused = run("adopt", "522301001", path, "--yes")
    assert refused.exit_code == BAD_INPUT
    assert "已有中心，與檔案有 2 處不同" in refused.stdout
    assert "沒有寫入任何內容" in refused.stderr
    out = run("extract", "--unit", "522301001", "--unit", "522301002", "--out", str(tmp_path / "draft"))
    assert out.exit_code == DONE, out.output
    assert "已由 2 個中心提取草案" in out.stdout
    assert load_pack(tmp_path / "draft").header.id == "qianxinan-draft"
