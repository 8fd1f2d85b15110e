"""A print shop gets files whose names say everything (domain 3.6)."""

import re
from dataclasses import replace

import pytest

from tests.fixtures.papers import DRAFT, ISSUE, filled
from townhall.documents.catalogue import Subject, file_name, folder_name, safe, subjects


def test_the_name_says_unit_document_size_and_version() -> None:
    sample = filled().named("黃草街道", "黄草街道")
    document = sample.document("regime-board")
    subject = subjects(document, sample.centre)[2]
    name = file_name(sample.unit, document, subject, "hant", ISSUE)
    assert name == "999999201_黃草街道_制度牌03_一次性告知制_600x900_v1.2.pdf"


def test_the_name_is_in_the_script_of_the_document() -> None:
    sample = filled().named("黃草街道", "黄草街道")
    document = sample.document("window-plate")
    subject = subjects(document, sample.centre)[1]
    name = file_name(sample.unit, document, subject, "hans", ISSUE)
    assert name == "999999201_黄草街道_窗口牌02_民政事务窗口_600x200_v1.2.pdf"


def test_a_draft_says_so_and_has_no_version() -> None:
    sample = filled()
    document = sample.document("card")
    name = file_name(sample.unit, document, subjects(document, sample.centre)[0], "hant", DRAFT)
    assert name == "999999201_清溪鄉_服務卡_90x54_草稿.pdf"


@pytest.mark.parametrize("script", ["hant", "hans"])
def test_no_two_documents_of_a_unit_share_a_name(script: str) -> None:
    sample = filled()
    names = [
        file_name(sample.unit, document, subject, script, ISSUE).casefold()
        for document in sample.pack.documents
        for subject in subjects(document, sample.centre)
    ]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("script", ["hant", "hans"])
def test_every_name_can_be_written_on_windows(script: str) -> None:
    sample = filled()
    for document in sample.pack.documents:
        for subject in subjects(document, sample.centre):
            name = file_name(sample.unit, document, subject, script, ISSUE)
            assert not re.search(r'[<>:"/\\|?*\x00-\x1f]', name)
            assert len(name) <= 120


def test_marks_that_windows_forbids_become_hyphens() -> None:
    assert safe('甲/乙:"丙"?. ') == "甲-乙--丙--"


def test_a_label_with_a_slash_cannot_open_a_folder() -> None:
    sample = filled()
    subject = Subject("zhou:odd", "../甲", 1, 210, 297)
    assert "/" not in file_name(sample.unit, sample.document("guide"), subject, "hant", ISSUE)


def test_folders_of_both_scripts_have_different_names() -> None:
    unit = replace(filled().unit, name="橋頭鎮", name_hans="桥头镇")
    assert folder_name(unit, "hant") == "999999201_橋頭鎮_繁體"
    assert folder_name(unit, "hans") == "999999201_桥头镇_简体"


def test_windows_keep_the_number_that_hangs_over_them() -> None:
    sample = filled()
    plates = subjects(sample.document("window-plate"), sample.centre)
    assert [plate.number for plate in plates] == sorted(window.number for window in sample.centre.windows)


def test_items_and_regimes_keep_their_printed_order() -> None:
    sample = filled()
    guides = subjects(sample.document("guide"), sample.centre)
    assert [guide.key for guide in guides] == [item.key for item in sample.centre.items]
    boards = subjects(sample.document("regime-board"), sample.centre)
    assert [board.label for board in boards] == [regime.title for regime in sample.centre.regimes]


def test_a_document_that_names_a_sign_is_about_that_sign_only() -> None:
    sample = filled()
    assert [s.key for s in subjects(sample.document("centre-sign"), sample.centre)] == ["zhou:sign-centre"]


def test_a_sign_document_without_a_name_covers_every_zone() -> None:
    sample = filled()
    document = sample.document("centre-sign").model_copy(update={"sign": None})
    keys = [subject.key for subject in subjects(document, sample.centre)]
    assert [key for key in keys if key and key.startswith("zhou:sign-zone@")] == [
        f"zhou:sign-zone@{zone.key}" for zone in sample.centre.zones
    ]
