"""The walls as they are seen from inside: true to scale, nothing mirrored, nothing that the values do not say."""

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from provisioning.specs import WallSlot
from provisioning.specs.centre import Wall
from tests.fixtures.papers import Sample, filled
from townhall.documents.elevation import Elevation, Panel, drawn
from townhall.documents.elevation_facts import elevation_of
from townhall.documents.errors import DocumentError, Overflow
from townhall.documents.fields import Pen


def with_centre(**changes: Any) -> Sample:
    sample = filled()
    return replace(sample, centre=sample.centre.model_copy(update=changes))


def wall(which: Wall) -> Elevation:
    return elevation_of(filled().centre, which, Pen("hant", {}))


def slots(count: int) -> tuple[WallSlot, ...]:
    return tuple(
        WallSlot(key=f"zhou:slot-{n}", wall=Wall.EAST, offset=100 * n, bottom=1000, width=90, height=90)
        for n in range(count)
    )


@pytest.mark.parametrize(
    ("which", "name", "x"),
    [
        (Wall.NORTH, "複印打印台", 11800),
        (Wall.EAST, "8號櫃台", 2400),
        (Wall.SOUTH, "大門", 14000 - 6200 - 1800),
        (Wall.WEST, "自助服務終端", 10000 - 4950 - 600),
    ],
)
def test_what_stands_at_a_wall_is_measured_from_the_left_of_who_faces_it(
    which: Wall, name: str, x: int
) -> None:
    assert {thing.name: thing.x for thing in wall(which).things}[name] == x


def test_what_stands_in_the_room_is_not_at_any_wall() -> None:
    names = {thing.name for which in Wall for thing in wall(which).things}
    assert "諮詢台" not in names
    assert "4號櫃台" not in names


def test_the_areas_of_the_hall_lie_along_the_wall_in_order() -> None:
    areas = sorted(wall(Wall.SOUTH).areas, key=lambda area: area.x)
    assert [area.name for area in areas] == ["公示區", "等候休息區", "諮詢引導區", "填寫區", "便民服務區"]
    assert sum(area.width for area in areas) == filled().centre.hall.width


def test_every_place_is_listed_once_on_the_page_of_its_wall() -> None:
    pages = filled().context("wall-elevation")["walls"]
    listed = [(page["title"][:2], row["left"], row["bottom"]) for page in pages for row in page["rows"]]
    expected = [(slot.wall.value, slot.offset, slot.bottom) for slot in filled().centre.slots]
    assert sorted(listed) == sorted(expected)


def test_all_walls_are_drawn_at_the_scale_that_is_written() -> None:
    facts = filled().context("wall-elevation")
    scale, hall = int(facts["scale"].removeprefix("1:")), filled().centre.hall
    for page, length in zip(facts["walls"], (hall.width, hall.depth) * 2, strict=True):
        assert f'width="{length / scale:g}" height="{hall.height / scale:g}"' in page["svg"]


def test_a_place_hangs_on_the_drawing_as_high_as_it_is_listed() -> None:
    panel = Panel("北1", "制度牌", 1000, 1200, 600, 900)
    drawing = drawn(Elevation(4000, 3000, (panel,), (), ()), 20, "sans-serif", "圖")
    ground, place = re.findall(
        r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"', drawing
    )[:2]
    floor = float(ground[1]) + float(ground[3])
    assert (floor - float(place[1]) - float(place[3])) * 20 == pytest.approx(1200)
    assert (float(place[0]) - float(ground[0])) * 20 == pytest.approx(1000)


def test_figures_of_levels_stand_apart_however_near_the_levels_are() -> None:
    panels = tuple(Panel(f"北{n}", "牌", 700 * n, 1000 + 10 * n, 600, 900) for n in range(4))
    drawing = drawn(Elevation(4000, 3000, panels, (), ()), 40, "sans-serif", "圖")
    heights = [float(y) for y in re.findall(r'y="([\d.]+)" font-size="2.6" text-anchor="end"', drawing)]
    assert len(heights) == 4
    assert min(a - b for a, b in pairwise(heights)) >= 3.5


def test_a_wall_without_places_says_so() -> None:
    html = with_centre(slots=()).sheet("wall-elevation").html
    assert html.count("這面牆沒有安排張貼位置") == 4


def test_a_hall_too_large_for_the_sheet_is_refused() -> None:
    hall = filled().centre.hall.model_copy(update={"width": 90_000})
    with pytest.raises(DocumentError, match="1:200"):
        with_centre(hall=hall).context("wall-elevation")


def test_more_places_than_a_page_lists_are_refused() -> None:
    with pytest.raises(Overflow):
        with_centre(slots=slots(40)).context("wall-elevation")


def test_a_thing_of_the_hall_that_hangs_in_a_place_is_named() -> None:
    (east,) = [
        page for page in filled().context("wall-elevation")["walls"] if page["title"].startswith("東牆")
    ]
    assert east["rows"][0]["shows"] == "公示版面"
