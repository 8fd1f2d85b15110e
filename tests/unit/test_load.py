"""Packs are read whole or refused with every fault and its place."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from pydantic import ValidationError

from provisioning.canonical import content_hash
from provisioning.faults import Fault, PackInvalid
from provisioning.load import load_overlay, load_pack
from provisioning.specs import Pack, ServiceItem
from provisioning.yamlfile import parse
from tests.fixtures.standards import PACK_FOLDER

Break = Callable[[str, str, str], Path]


def faults_of(folder: Path) -> tuple[Fault, ...]:
    with pytest.raises(PackInvalid) as refused:
        load_pack(folder)
    return refused.value.faults


def line_of(folder: Path, file: str, text: str) -> int:
    """The line on which a text first stands."""
    lines = (folder / file).read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


def test_the_shipped_pack_has_no_fault(pack: Pack) -> None:
    assert pack.header.id == "qianxinan"
    assert pack.header.release == 1


def test_a_wrong_type_is_named_with_file_line_and_column(broken_pack: Break) -> None:
    folder = broken_pack("windows.yaml", "number: 2", "number: 二")
    (fault,) = faults_of(folder)
    assert (fault.file, fault.line) == (
        "qianxinan/windows.yaml",
        line_of(folder, "windows.yaml", "number: 二"),
    )
    assert fault.column > 1
    assert fault.path == "windows[1].number"
    assert "應為整數" in fault.message
    assert "「二」" in fault.message


def test_a_number_written_as_text_is_not_taken_for_a_number(broken_pack: Break) -> None:
    (fault,) = faults_of(broken_pack("windows.yaml", "number: 2", 'number: "2"'))
    assert "應為整數" in fault.message


def test_an_unknown_key_is_named_and_the_likely_one_offered(broken_pack: Break) -> None:
    folder = broken_pack("fixtures.yaml", "specification:", "specificaton:")
    texts = [str(fault) for fault in faults_of(folder)]
    assert any("不認識的鍵「specificaton」，是否應為「specification」？" in text for text in texts)
    assert any("缺少必填欄位" in text and "specification" in text for text in texts)


def test_an_unknown_section_is_refused(broken_pack: Break) -> None:
    (fault,) = faults_of(broken_pack("budget.yaml", "envelope:", "extra: 1\nenvelope:"))
    assert "不認識的區段「extra」" in fault.message


def test_a_duplicate_id_is_named_where_it_stands_the_second_time(broken_pack: Break) -> None:
    folder = broken_pack("fixtures.yaml", "key: zhou:seat", "key: zhou:cabinet")
    faults = faults_of(folder)
    duplicate = next(fault for fault in faults if "重複" in fault.message)
    assert duplicate.message == "鍵「zhou:cabinet」重複"
    assert duplicate.file == "qianxinan/fixtures.yaml"


def test_a_mapping_key_written_twice_is_a_fault(broken_pack: Break) -> None:
    folder = broken_pack("budget.yaml", "envelope:", "envelope: 1\nenvelope:")
    assert any(fault.message == "鍵「envelope」重複" for fault in faults_of(folder))


def test_a_dangling_reference_is_named(broken_pack: Break) -> None:
    folder = broken_pack("items/01-civil-affairs.yaml", "zhou:civil", "zhou:nowhere")
    (fault,) = faults_of(folder)
    assert fault.message == "沒有鍵為「zhou:nowhere」的窗口"
    assert fault.file == "qianxinan/items/01-civil-affairs.yaml"
    assert fault.line > 1


@pytest.mark.parametrize(
    ("shown", "name"), [("regime:zhou:integrity", "制度"), ("fixture:zhou:opinion-book", "設施")]
)
def test_a_place_on_a_wall_shows_only_what_there_is(broken_pack: Break, shown: str, name: str) -> None:
    (fault,) = faults_of(broken_pack("hall.yaml", f"shows: {shown}", f"shows: {shown}-gone"))
    assert fault.message == f"沒有鍵為「{shown.partition(':')[2]}-gone」的{name}"


def test_a_mapping_where_a_name_belongs_is_refused_and_does_not_crash(broken_pack: Break) -> None:
    (fault,) = faults_of(
        broken_pack("items/01-civil-affairs.yaml", "windows: [zhou:civil]", "windows: [{a: 1}]")
    )
    assert "應為文字" in fault.message


@pytest.mark.parametrize("field", ["channels", "legal_basis"])
def test_a_list_that_must_say_something_cannot_be_empty(pack: Pack, field: str) -> None:
    raw = dict(pack.centre.items[0]) | {field: ()}
    with pytest.raises(ValidationError, match="at least 1"):
        ServiceItem.model_validate(raw)


def test_two_windows_with_one_number_are_refused(broken_pack: Break) -> None:
    (fault,) = faults_of(broken_pack("windows.yaml", "number: 2", "number: 1"))
    assert "窗口號 1 已由" in fault.message


def test_all_faults_of_all_files_come_at_once(broken_pack: Break) -> None:
    broken_pack("windows.yaml", "number: 2", "number: 二")
    broken_pack("budget.yaml", "envelope: ", "envelope: -")
    folder = broken_pack("hall.yaml", "hall:", "hal:")
    assert {fault.file.rpartition("/")[2] for fault in faults_of(folder)} >= {
        "windows.yaml",
        "budget.yaml",
        "hall.yaml",
    }


def test_broken_yaml_is_located(broken_pack: Break) -> None:
    folder = broken_pack("budget.yaml", "envelope: ", "envelope: [")
    fault = next(fault for fault in faults_of(folder) if "YAML 語法錯誤" in fault.message)
    assert fault.line >= 1


def test_a_file_that_is_not_utf8_is_refused(broken_pack: Break) -> None:
    folder = broken_pack("budget.yaml", "envelope", "envelope")
    (folder / "budget.yaml").write_bytes("標題: 資金".encode("gbk"))
    assert any("不是 UTF-8" in fault.message for fault in faults_of(folder))


def test_python_objects_in_yaml_are_refused(broken_pack: Break) -> None:
    folder = broken_pack("budget.yaml", "envelope: ", "envelope: !!python/object/apply:os.system ")
    assert any("不認識的標記" in fault.message for fault in faults_of(folder))


def test_an_alias_bomb_is_refused_and_not_unfolded(tmp_path: Path) -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x, x]"]
    lines += [
        f"{name}: &{name} [{', '.join([f'*{before}'] * 10)}]"
        for before, name in zip("abcdefg", "bcdefgh", strict=True)
    ]
    (tmp_path / "pack.yaml").write_text("\n".join(lines), encoding="utf-8")
    assert any("節點過多" in fault.message for fault in faults_of(tmp_path))


def test_half_width_punctuation_beside_han_is_refused(broken_pack: Break) -> None:
    folder = broken_pack("windows.yaml", "name: 民政事務窗口", "name: 民政,事務窗口")
    assert any("半形標點" in fault.message for fault in faults_of(folder))


def test_an_ocr_confusion_in_the_word_for_set_up_is_refused(broken_pack: Break) -> None:
    folder = broken_pack("windows.yaml", "name: 民政事務窗口", "name: 民政設臵窗口")
    assert any("「臵」是「置」的誤字" in fault.message for fault in faults_of(folder))


def test_shares_that_do_not_add_up_are_refused(broken_pack: Break) -> None:
    (fault,) = faults_of(broken_pack("budget.yaml", "share: 2500", "share: 2501"))
    assert "合計應為 10000" in fault.message


def test_a_regime_cannot_use_a_number_it_does_not_declare(broken_pack: Break) -> None:
    folder = broken_pack("regimes/02-time-limit.yaml", "{", "{undeclared-")
    assert any("未定義的參數" in fault.message for fault in faults_of(folder))


def test_a_policy_that_points_nowhere_is_refused(broken_pack: Break) -> None:
    (fault,) = faults_of(broken_pack("policy.yaml", "profile.hotline", "profile.hotlines"))
    assert "沒有「hotlines」這個欄位" in fault.message


OVERLAY = "county: '522301'\nversion: 1\ntitle: 測試\n"


def overlay_faults(pack: Pack, text: str) -> list[str]:
    with pytest.raises(PackInvalid) as refused:
        load_overlay(OVERLAY + text, "522301.yaml", pack)
    return [str(fault) for fault in refused.value.faults]


def test_the_demonstration_overlay_fits_the_pack(pack: Pack) -> None:
    overlay = load_overlay((PACK_FOLDER / "demo" / "522301.yaml").read_bytes(), "522301.yaml", pack)
    assert overlay.demonstration


def test_rule_e2_a_county_cannot_write_what_the_prefecture_locked(pack: Pack) -> None:
    (text,) = overlay_faults(pack, "change:\n  signs:\n    zhou:sign-centre:\n      ground: '#ff0000'\n")
    assert text.startswith("522301.yaml:7:7:")
    assert "由上級統一規定（鎖定），不得改動" in text


def test_rule_e1_a_county_cannot_loosen(pack: Pack) -> None:
    rule = "{path: 'signs[*].ground', policy: default, reason: 想改, source: 無}"
    (text,) = overlay_faults(pack, f"tighten:\n  - {rule}\n")
    assert "不得放寬" in text


def test_rule_e1_a_county_cannot_raise_a_bound(pack: Pack) -> None:
    rule = "{path: envelope, policy: bounded, maximum: 999999999999, reason: 想改, source: 無}"
    assert any(
        "上級上限為" in text or "不得放寬" in text for text in overlay_faults(pack, f"tighten:\n  - {rule}\n")
    )


def test_rule_c5_a_county_cannot_remove_what_is_mandatory(pack: Pack) -> None:
    (text,) = overlay_faults(pack, "remove:\n  fixtures: ['zhou:cabinet']\n")
    assert "不得刪除" in text


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("change: {items: {'zhou:temporary-relief': {promised_limit: {days: 30}}}}", "不得超過 7 天"),
        ("change: {items: {'zhou:temporary-relief': {materials: []}}}", "必須保留"),
        ("change: {fixtures: {'zhou:cabinet': {key: 'zhou:other'}}}", "鍵是事項的身份"),
        ("profile: {hotline: '0000-1', complaint_phone: '0000 1'}", "監督投訴電話不得與熱線電話相同"),
        ("remove: {windows: ['zhou:civil']}", "沒有鍵為「zhou:civil」的窗口"),
        ("profile: {address: '某路,某號'}", "半形標點"),
    ],
)
def test_an_overlay_is_held_to_the_policies_and_to_what_comes_of_it(
    pack: Pack, change: str, message: str
) -> None:
    assert any(message in text for text in overlay_faults(pack, change + "\n"))


def test_an_overlay_for_a_county_that_is_not_there_is_refused(pack: Pack) -> None:
    with pytest.raises(PackInvalid, match="沒有代碼為 999999 的縣"):
        load_overlay("county: '999999'\nversion: 1\ntitle: 試\n", "999999.yaml", pack)


def test_an_overlay_pointing_nowhere_is_refused_with_its_place(pack: Pack) -> None:
    (text,) = overlay_faults(pack, "change:\n  items:\n    zhou:nowhere:\n      name: 某事\n")
    assert text.startswith("522301.yaml:6:5:")


def test_rule_a3_what_a_county_adds_carries_its_name(pack: Pack) -> None:
    added = "{key: 'zhou:mine', number: 20, name: 新窗口}"
    (text,) = overlay_faults(pack, f"add:\n  windows:\n    - {added}\n")
    assert "須以 xian:522301: 開頭" in text


def extending(tmp_path: Path, **files: str) -> Path:
    """A pack beside a copy of the real one."""
    shutil.copytree(PACK_FOLDER, tmp_path / "qianxinan")
    folder = tmp_path / "county-pack"
    folder.mkdir()
    text = (PACK_FOLDER / "pack.yaml").read_text(encoding="utf-8")
    header = text[text.index("header:") : text.index("profile:")]
    header = header.replace("id: qianxinan", "id: county-pack\n  extends: qianxinan", 1)
    (folder / "pack.yaml").write_text(header, encoding="utf-8")
    for name, content in files.items():
        (folder / f"{name}.yaml").write_text(content, encoding="utf-8")
    return folder


def test_a_pack_that_extends_another_says_only_what_differs(tmp_path: Path, pack: Pack) -> None:
    windows = "windows:\n- key: zhou:civil\n  name: 民政和殘聯窗口\n- key: zhou:ninth\n  number: 9\n  name: 第九窗口\n"
    posts = "posts:\n- key: zhou:post-ninth\n  title: 第九窗口崗位\n  window: zhou:ninth\n  duties: [受理]\n"
    loaded = load_pack(extending(tmp_path, windows=windows + posts))
    names = [window.name for window in loaded.centre.windows]
    assert names[1] == "民政和殘聯窗口"
    assert names[-1] == "第九窗口"
    assert len(names) == len(pack.centre.windows) + 1
    assert loaded.centre.windows[1].duties == pack.centre.windows[1].duties
    assert loaded.centre.items == pack.centre.items
    assert loaded.templates == pack.templates


def test_a_fault_in_an_extending_pack_is_placed_in_its_own_file(tmp_path: Path) -> None:
    (fault,) = faults_of(extending(tmp_path, windows="windows:\n- key: zhou:civil\n  number: 二\n"))
    assert (fault.file, fault.line) == ("county-pack/windows.yaml", 3)


@pytest.mark.parametrize(
    ("base", "message"), [("nowhere", "找不到模板包「nowhere」"), ("county-pack", "繞回自身")]
)
def test_a_pack_cannot_extend_what_is_not_there_or_itself(tmp_path: Path, base: str, message: str) -> None:
    folder = extending(tmp_path)
    path = folder / "pack.yaml"
    text = path.read_text(encoding="utf-8").replace("extends: qianxinan", f"extends: {base}")
    path.write_text(text, encoding="utf-8")
    assert any(message in fault.message and fault.path == "header.extends" for fault in faults_of(folder))


def test_a_key_given_twice_in_an_extending_pack_is_a_duplicate(tmp_path: Path) -> None:
    twice = "windows:\n- key: zhou:civil\n  name: 甲\n- key: zhou:civil\n  name: 乙\n  number: 90\n"
    assert any("重複" in fault.message for fault in faults_of(extending(tmp_path, windows=twice)))


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [
        ("windows.yaml", "number: 2", "number: !!bool 1", "不認識的標記或值「1」"),
        ("windows.yaml", "number: 2", "number: !!int ''", "不認識的標記或值"),
        ("windows.yaml", "number: 2", "number: 3000000000", "不得大於 1000000"),
        ("windows.yaml", "number: 2", 'number: 2\n    note: "\\0"', "含有控制字符"),
        ("pack.yaml", "version_date: ", "version_date: 0 # ", "應為日期"),
    ],
)
def test_odd_values_are_named_and_end_nothing(
    broken_pack: Break, file: str, old: str, new: str, message: str
) -> None:
    assert any(message in fault.message and fault.line for fault in faults_of(broken_pack(file, old, new)))


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    folder = tmp_path / "qianxinan"
    shutil.copytree(PACK_FOLDER, folder)
    (folder / "documents" / "gbk.html").write_bytes("便民".encode("gbk"))
    (folder / "documents" / "folder.css").mkdir()
    (folder / "items" / "folder.yaml").mkdir()
    (folder / "items" / "link.yaml").symlink_to(folder / "nowhere")
    told = {fault.file.removeprefix("qianxinan/"): fault.message for fault in faults_of(folder)}
    assert told["documents/gbk.html"].startswith("不是 UTF-8 編碼")
    for name in ("documents/folder.css", "items/folder.yaml", "items/link.yaml"):
        assert told[name] == "不是可以讀取的檔案"


def test_a_pack_checked_from_inside_its_folder_is_called_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "mine"
    folder.mkdir()
    (folder / "windows.yaml").write_text("windows: 1\n", encoding="utf-8")
    monkeypatch.chdir(folder)
    assert any(fault.file == "mine/windows.yaml" for fault in faults_of(Path()))


def test_what_one_reader_changes_of_a_file_no_later_reader_of_it_sees() -> None:
    first, twice = parse("a.yaml", "items: [{key: 甲}]\n"), "a: 1\na: 2\n"
    first.data["items"][0]["key"] = "乙"
    first.places.clear()
    parse("b.yaml", twice).faults.clear()
    later = parse("a.yaml", "items: [{key: 甲}]\n")
    assert later.data == {"items": [{"key": "甲"}]}
    assert later.place(("items", 0, "key")) == (1, 10)
    assert [(fault.file, fault.line) for fault in parse("b.yaml", twice).faults] == [("b.yaml", 2)]


def test_rule_a8_the_hash_of_an_overlay_does_not_depend_on_how_a_set_was_written(pack: Pack) -> None:
    texts = [
        f"change: {{items: {{'zhou:temporary-relief': {{windows: [{members}]}}}}}}\n"
        for members in ("'zhou:civil', 'zhou:general'", "'zhou:general', 'zhou:civil'")
    ]
    head = "county: '522301'\nversion: 1\ntitle: 試\n"
    one, other = (load_overlay(head + text, "522301.yaml", pack) for text in texts)
    assert content_hash(one) == content_hash(other)


def test_rule_a8_the_order_of_documents_is_part_of_a_pack(pack: Pack) -> None:
    turned = pack.model_copy(update={"documents": pack.documents[::-1]})
    assert content_hash(turned) != content_hash(pack)


@pytest.mark.parametrize("other", ["nothing", "regime-board"], ids=["unknown", "of-other-subjects"])
def test_a_document_can_only_stand_in_for_one_of_the_same_subjects(broken_pack: Break, other: str) -> None:
    key = "  - key: card-sheet\n"
    (fault,) = faults_of(broken_pack("documents.yaml", key, f"{key}    alternative_to: {other}\n"))
    assert fault.path.endswith("alternative_to")
    assert f"「{other}」" in fault.message
