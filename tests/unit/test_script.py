"""Traditional to Simplified without the known mistakes of OpenCC, and the folding that searches use (domain 2.7)."""

import pytest

from townhall.script import fold, to_script


@pytest.mark.parametrize(
    ("canonical", "simplified"),
    [
        ("正面顯著位置", "正面显著位置"),
        ("著力解決", "着力解决"),
        ("本著便民的原則", "本着便民的原则"),
        ("沿著隨著接著", "沿着随着接着"),
        ("三名著手辦理的人", "三名着手办理的人"),
        ("著作權、著名、土著", "著作权、著名、土著"),
        ("視執著為美德", "视执着为美德"),
    ],
)
def test_zhu_stays_and_zhe_becomes_simplified(canonical: str, simplified: str) -> None:
    assert to_script(canonical, "hans") == simplified


@pytest.mark.parametrize("word", ["窗口", "文件", "程序", "建立", "信息", "整合"])
def test_mainland_words_are_never_exchanged_for_taiwan_words(word: str) -> None:
    assert to_script(word, "hans") == word


@pytest.mark.parametrize(
    ("canonical", "simplified"),
    [("負責人參加考核", "负责人参加考核"), ("覆核", "复核"), ("乾淨的幹部", "干净的干部"), ("設臵", "设置")],
)
def test_words_that_careless_conversion_damages_come_out_right(canonical: str, simplified: str) -> None:
    assert to_script(canonical, "hans") == simplified


def test_quotation_marks_become_those_of_the_mainland() -> None:
    assert to_script("「六公開」『一站式』", "hans") == "“六公开”‘一站式’"


def test_traditional_text_is_returned_as_it_is() -> None:
    assert to_script("顯著「設置」", "hant") == "顯著「設置」"


def test_simplifying_twice_changes_nothing_more() -> None:
    once = to_script("本著顯著的「便民」原則", "hans")
    assert to_script(once, "hans") == once


def test_names_take_their_stored_form_and_are_never_converted() -> None:
    names = {"乾務鎮": "乾务镇"}
    assert to_script("乾務鎮的乾淨街道", "hans", names) == "乾务镇的干净街道"


def test_the_longest_name_wins_where_one_contains_another() -> None:
    names = {"澄江": "澂江", "澄江街道": "澄江街道"}
    assert to_script("澄江街道在澄江", "hans", names) == "澄江街道在澂江"


def test_an_unknown_script_is_refused() -> None:
    with pytest.raises(ValueError, match="zh-tw"):
        to_script("鄉", "zh-tw")


def test_both_scripts_and_both_widths_fold_to_one_form() -> None:
    assert fold("設臵　ＡＢＣ辦事指南") == fold("设置 abc办事指南")


def test_folding_twice_changes_nothing_more() -> None:
    assert fold(fold("辦事指南（簡版）Ａ")) == fold("辦事指南（簡版）Ａ")
