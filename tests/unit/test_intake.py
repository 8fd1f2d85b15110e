"""Files from outside: what is accepted comes through as we made it, what does harm is refused in words (bar P5)."""

import io
import zlib
from pathlib import Path

import pytest
from PIL import Image, ImageDraw

from tests.fixtures import bombs
from tests.fixtures.bombs import Hostile
from townhall.intake import refusals
from townhall.intake.bounded import worked
from townhall.intake.kinds import LARGEST, Kind, picture_kind, sheet_kind
from townhall.intake.names import require_plain
from townhall.intake.raster import Bitmap, repaint, repainted
from townhall.intake.refusals import Refused
from townhall.intake.vector import plain_drawing
from townhall.units.sheet import SheetInvalid, read_sheet
from townhall.web.language import catalogue


def taken(name: str, data: bytes) -> object:
    """The same steps as `accepted_picture`, in this process and without drawing."""
    require_plain(name)
    if not data:
        raise Refused(refusals.NO_FILE)
    return plain_drawing(data) if picture_kind(data) is Kind.SVG else repaint(data)


@pytest.mark.parametrize("case", bombs.PICTURES, ids=lambda case: case.tries)
def test_bar_p5_a_hostile_picture_is_refused_in_words(case: Hostile) -> None:
    with pytest.raises(Refused) as refused:
        taken(case.name, case.make())
    assert refused.value.reason in vars(refusals).values()


@pytest.mark.parametrize("case", bombs.SHEETS, ids=lambda case: case.tries)
def test_bar_p5_a_hostile_sheet_is_refused_in_words(case: Hostile, tmp_path: Path) -> None:
    path = tmp_path / case.name
    path.write_bytes(case.make())
    with pytest.raises(SheetInvalid) as refused:
        read_sheet(path)
    assert refused.value.faults[0].message


@pytest.mark.parametrize(
    "name", ["位置示意圖.png", "IMG_2024 (1).jpeg", "console.svg", "com10.png", "é.png", "a.b.c"]
)
def test_an_ordinary_name_is_no_fault(name: str) -> None:
    require_plain(name)
    assert taken(name, bombs.good_png())


@pytest.mark.parametrize(
    "data", [bombs.good_png(), bombs.good_jpeg(), bombs.GOOD_SVG], ids=["png", "jpeg", "svg"]
)
def test_the_kind_is_what_the_bytes_are_whatever_the_name_says(data: bytes) -> None:
    assert taken("list.xlsx", data)


def test_the_good_files_that_the_hostile_ones_are_made_from_are_read(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(bombs.workbook())  # by its name a CSV
    assert [one.code for one in read_sheet(path).townships] == ["522301001000"]
    assert sheet_kind(b"code,name") is Kind.CSV


def photograph(**options: object) -> bytes:
    image, output = Image.effect_noise((1800, 900), 90).convert("RGB"), io.BytesIO()
    image.save(output, "JPEG", **options)
    return output.getvalue()


def test_only_pixels_come_through() -> None:
    exif = Image.Exif()
    exif[0x010F], exif[0x0112] = "some camera", 6  # maker, and turned by a quarter
    exif.get_ifd(0x8825)[1] = "N"  # where it was taken
    made = repaint(
        photograph(exif=exif, comment=b"a secret", icc_profile=b"x" * 200, quality=90) + b"appended"
    )
    with Image.open(io.BytesIO(made.data)) as image:
        assert (image.size, image.getexif(), image.info.get("icc_profile")) == ((800, 1600), {}, None)
    assert not any(word in made.data for word in (b"some camera", b"a secret", b"xxxx", b"appended", b"Exif"))


def test_a_picture_is_kept_small_and_the_same_bytes_give_the_same_picture() -> None:
    data = photograph(quality=95)
    made = repainted(data)
    assert (made.mime, made.width, made.height) == ("image/jpeg", 1600, 800)
    assert len(made.data) <= 1_000_000
    assert made == repainted(data) == repaint(data)


def test_a_text_that_unpacks_to_much_is_not_unpacked() -> None:
    packed = zlib.compress(bytes(60_000_000), 9)
    assert repaint(bombs.with_chunk(b"zTXt", b"a\0\0" + packed)) == repaint(bombs.good_png())


def test_what_is_clear_becomes_white_and_few_colours_stay_exact() -> None:
    image, output = Image.new("RGBA", (300, 200)), io.BytesIO()
    ImageDraw.Draw(image).rectangle((10, 10, 99, 99), fill=(200, 30, 40, 255))
    image.save(output, "PNG")
    made = repaint(output.getvalue())
    with Image.open(io.BytesIO(made.data)) as shown:
        plain = shown.convert("RGB")
    assert (plain.getpixel((0, 0)), plain.getpixel((50, 50))) == ((255, 255, 255), (200, 30, 40))


def test_a_drawing_is_written_anew_from_what_is_known() -> None:
    source = bombs.drawing(
        "<metadata><x/></metadata><g data-name='a' class='b' id='one' style='fill:#f00;x-y:z'>"
        "<circle cx='9' cy='9' r='5' fill='url(#g)'/></g><text x='9' font-family='Evil'>甲 &amp; 乙</text>"
        "<linearGradient id='g'><stop offset='0' stop-color='red'/></linearGradient><use xlink:href='#one' x='50'/>",
        "<?xml version='1.0'?><!DOCTYPE svg PUBLIC '-//W3C//DTD SVG 1.1//EN' 'http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd'>",
    )
    made, width, height = plain_drawing(source)
    assert (width, height) == (300, 200)
    text = made.decode()
    assert '<g id="one" fill="#f00">' in text
    assert '<use href="#one" x="50">' in text
    assert "甲 &amp; 乙" in text
    assert not any(word in text for word in ("metadata", "class", "style", "Evil", "DOCTYPE", "data-name"))
    assert plain_drawing(made)[0] == made


def test_too_many_bytes_are_refused_with_the_limit() -> None:
    with pytest.raises(Refused, match="500 KB"):
        picture_kind(bombs.drawing(" " * LARGEST[Kind.SVG]))


@pytest.mark.parametrize("work", ["bytearray(10**9)", "9**9**9"])
def test_a_child_that_exhausts_something_ends_and_is_refused(
    work: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the bounds: whatever the work is, the child ends."""
    module = f"from townhall.intake.bounded import child\nchild(lambda _: bytes({work} and 1))\n"
    (tmp_path / "exhausting_work.py").write_text(module, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(bombs.__file__).parents[2] / 'platform'}")
    with pytest.raises(Refused, match="超出限度"):
        worked("exhausting_work", b"", seconds=1)


def test_a_child_knows_nothing_of_this_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    module = "import os\nfrom townhall.intake.bounded import child\nchild(lambda _: ' '.join(os.environ).encode())\n"
    (tmp_path / "telling_work.py").write_text(module, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{Path(bombs.__file__).parents[2] / 'platform'}")
    monkeypatch.setenv("TOWNHALL_SECRET_KEY", "x" * 40)
    assert b"SECRET" not in worked("telling_work", b"")


def test_a_bitmap_survives_the_way_from_its_child() -> None:
    made = Bitmap("image/png", 3, 4, b"\n\n{}\n")
    assert Bitmap.unpacked(made.packed()) == made


def test_every_refusal_of_a_file_has_an_english_text() -> None:
    reasons = [text for name, text in vars(refusals).items() if name.isupper()]
    assert len(reasons) > 15
    assert [text for text in reasons if text not in catalogue()] == []
