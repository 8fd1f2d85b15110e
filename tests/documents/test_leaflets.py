"""The folded card: all that the small one says and more, in letters of 3.8 mm, with a fold mark that is cut off."""

from dataclasses import replace

import pypdfium2
import pytest

from tests.documents.test_way import sketch
from tests.fixtures.papers import DRAFT, ISSUE, Sample, filled, printed
from townhall.documents.context import context
from townhall.documents.errors import Overflow

KEY = "card-folded"


def windows(count: int) -> Sample:
    sample = filled()
    first = sample.centre.windows[0]
    many = tuple(
        first.model_copy(update={"key": f"xiang:999999201:w{number}", "number": number})
        for number in range(1, count + 1)
    )
    return replace(sample, centre=sample.centre.model_copy(update={"windows": many}))


def test_every_window_is_listed_with_the_number_of_its_items() -> None:
    sample = filled()
    listed = {window["name"]: window["count"] for window in sample.context(KEY)["card"]["windows"]}
    items = sample.centre.items
    assert listed == {w.name: sum(w.key in item.windows for item in items) for w in sample.centre.windows}


def test_kinds_of_items_add_up_to_all_items() -> None:
    kinds = filled().context(KEY)["card"]["categories"]
    assert sum(kind["count"] for kind in kinds) == len(filled().centre.items)


def test_windows_that_do_not_fit_are_refused_and_not_set_smaller() -> None:
    assert len(windows(15).context(KEY)["card"]["windows"]) == 15
    with pytest.raises(Overflow):
        windows(18).context(KEY)
    assert windows(18).context(KEY, issue=DRAFT)


def test_the_map_is_on_the_card_where_there_is_one_and_lines_to_write_on_where_not() -> None:
    sample = filled()
    plain = context(
        sample.document(KEY), None, sample.centre, sample.unit, sample.pack.header, ISSUE, "hant", sketch()
    )
    assert plain["card"]["way"]["image"].startswith("data:image/")
    assert "辦事記錄" in sample.sheet(KEY).html


def test_the_code_leads_to_the_list_of_guides() -> None:
    assert filled().context(KEY)["qr"]["address"] == (
        "https://example.org/g/999999201/?v=1.2-card-folded-hant"
    )
    assert "掃碼" not in filled().sheet(KEY, issue=replace(ISSUE, public_url=None)).html


@pytest.mark.parametrize("side", [0, 1])
def test_the_fold_is_marked_outside_the_bleed_only(side: int) -> None:
    slug, fold = 8, 8 + 3 + 105
    with pypdfium2.PdfDocument(printed(filled().sheet(KEY))) as document:
        image = document[side].render(scale=10 * 25.4 / 72).to_pil().convert("L")
    strip = image.crop((fold * 10 - 4, 0, fold * 10 + 5, image.height))
    dark = [row / 10 for row in range(strip.height) if strip.crop((0, row, 9, row + 1)).getextrema()[0] < 160]
    marked = [row for row in dark if row < slug or row > 170 - slug]
    assert min(marked) < slug < 170 - slug < max(marked)
    assert side == 0 or marked == dark  # the ground of the cover begins at the fold
