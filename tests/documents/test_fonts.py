"""The lean faces: what they cover, that they are built reproducibly and kept, and what is said when they cannot be."""

import subprocess
from io import BytesIO
from itertools import product
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from townhall.documents import fonts, foundry, sources
from townhall.documents.fonts import ensure_faces
from townhall.documents.sources import FontsMissing

SONG = sources.packaged_sources()[0]
STYLES = ("Song", "Hei", "Fang", "Kai")


@pytest.fixture(scope="module")
def faces() -> fonts.Faces:
    return ensure_faces()


def small_face(script: str, characters: str = "戶户臺台骨，0") -> bytes:
    cut = next(cut for cut in foundry.plan_cuts(SONG, [*map(ord, characters)]) if cut.script == script)
    return foundry.cast(cut, foundry.convert(SONG.path, cut.glyph_order))


def test_every_style_has_both_scripts_and_two_of_them_a_bold_weight(faces: fonts.Faces) -> None:
    regular = {f"Townhall{style}{script}-Regular.ttf" for style, script in product(STYLES, ("TC", "SC"))}
    bold = {f"Townhall{style}{script}-Bold.ttf" for style, script in product(("Song", "Hei"), ("TC", "SC"))}
    assert {path.name for path in faces.directory.glob("*.ttf")} == regular | bold


def outlines(faces: fonts.Faces, file: str, characters: str) -> list[bytes]:
    with TTFont(faces.directory / file, lazy=True) as font:
        cmap, glyphs = font.getBestCmap(), font["glyf"]
        return [glyphs[cmap[ord(one)]].compile(glyphs) for one in characters]


@pytest.mark.parametrize(("script", "local"), [("TC", "鄉戶務"), ("SC", "乡户务")])
def test_fangsong_draws_ideographs_itself_and_borrows_what_it_lacks(
    faces: fonts.Faces, script: str, local: str
) -> None:
    own, song = (outlines(faces, f"Townhall{s}{script}-Regular.ttf", f"{local}㎡") for s in ("Fang", "Song"))
    assert [one == other for one, other in zip(own, song, strict=True)] == [False, False, False, True]


def test_the_rights_in_a_face_name_both_who_drew_it_and_who_lent_to_it(faces: fonts.Faces) -> None:
    with TTFont(faces.directory / "TownhallFangSC-Regular.ttf", lazy=True) as font:
        owner, terms = (font["name"].getDebugName(number) for number in (0, 13))
    assert "Adobe" in owner
    assert "font exception" in terms
    assert "Open Font License" in terms


@pytest.mark.parametrize("encoding", ["big5", "gb2312"])
def test_every_ideograph_of_both_national_sets_is_covered(faces: fonts.Faces, encoding: str) -> None:
    ideographs = {code for code in range(0x4E00, 0xA000) if chr(code).encode(encoding, "ignore")}
    assert len(ideographs) > 6700
    assert ideographs <= faces.coverage


def test_marks_that_official_documents_need_are_covered(faces: fonts.Faces) -> None:
    assert set(map(ord, "〇〔〕「」『』（）《》、，。；：！？—…·％①⑳□■→㎡℃×±AZaz09")) <= faces.coverage


def test_coverage_is_what_every_face_maps(faces: fonts.Faces) -> None:
    for path in faces.directory.glob("*.ttf"):
        with TTFont(path, lazy=True) as font:
            assert faces.coverage <= set(font.getBestCmap())


def test_fontconfig_of_the_faces_knows_no_other_font(faces: fonts.Faces) -> None:
    environment = {"FONTCONFIG_FILE": str(faces.directory / fonts.FONTCONFIG), "PATH": "/usr/bin:/bin"}
    listed = subprocess.run(
        ["fc-list", ":", "family"], env=environment, capture_output=True, text=True, check=True
    )
    families = set(listed.stdout.split("\n")) - {""}
    assert families == {f"Townhall {style} {script}" for style, script in product(STYLES, ("TC", "SC"))}


def test_a_second_call_builds_nothing(faces: fonts.Faces, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "_build", lambda *_: pytest.fail("built again"))
    assert ensure_faces() == faces


def test_extra_characters_that_are_covered_anyway_need_no_build(
    faces: fonts.Faces, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts, "_build", lambda *_: pytest.fail("built again"))
    assert ensure_faces(frozenset("鄉镇")).digest == faces.digest


def test_another_extra_character_is_another_cache_directory() -> None:
    wanted = fonts.base_coverage()
    assert fonts._cache_key([SONG], wanted) != fonts._cache_key([SONG], wanted | {0x20000})


def test_the_same_cut_is_cast_to_the_same_bytes() -> None:
    assert small_face("TC") == small_face("TC")


def test_the_two_cuts_draw_an_ideograph_in_their_own_way() -> None:
    tables = [TTFont(BytesIO(small_face(script))) for script in ("TC", "SC")]
    outlines = [table["glyf"][table.getBestCmap()[ord("骨")]].getCoordinates(None)[0] for table in tables]
    assert list(outlines[0]) != list(outlines[1])


def test_faces_are_truetype_and_digits_share_one_advance(faces: fonts.Faces) -> None:
    for path in faces.directory.glob("*.ttf"):
        with TTFont(path, lazy=True) as font:
            cmap = font.getBestCmap()
            assert "glyf" in font
            assert len({font["hmtx"][cmap[ord(digit)]][0] for digit in "0123456789"}) == 1
            assert {font["hmtx"][cmap[ord(character)]][0] for character in "一鄉，〇　—…·“”"} == {1000}


def test_two_em_dashes_join_into_one_line(faces: fonts.Faces) -> None:
    for path in faces.directory.glob("*.ttf"):
        with TTFont(path, lazy=True) as font:
            dash = font["glyf"][font.getBestCmap()[ord("—")]]
            assert (dash.xMin, dash.xMax) == (0, 1000)


def test_absent_collections_are_named_with_the_command_that_installs_them(tmp_path: Path) -> None:
    with pytest.raises(FontsMissing, match=r"NotoSerifCJK-Regular\.ttc.*apt-get install fonts-noto-cjk"):
        ensure_faces(packaged=tmp_path)


def test_an_absent_subsetter_is_named_with_the_command_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("weasyprint.text.ffi.harfbuzz_subset", None)
    with pytest.raises(FontsMissing, match="apt-get install libharfbuzz-subset0"):
        fonts.require_subsetter()
