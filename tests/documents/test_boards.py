"""What hangs on the walls besides regimes: posts, people, and the way of a visitor, on as few boards as can be read."""

from dataclasses import replace
from typing import Any

import pytest

from provisioning.specs import Post, Window
from provisioning.specs.item import Route
from tests.fixtures.papers import DRAFT, Sample, filled, unfilled
from townhall.documents.boards import laid_out, parted
from townhall.documents.errors import DocumentError, Overflow
from townhall.documents.service_facts import ARRIVAL, DEPARTURE, KINDS, UNACCEPTED


def with_centre(**collections: Any) -> Sample:
    sample = filled()
    return replace(sample, centre=sample.centre.model_copy(update=collections))


def posts(count: int, *duties: str) -> tuple[Post, ...]:
    return tuple(Post(key=f"zhou:post-{n}", title=f"崗位{n}", duties=duties) for n in range(count))


def windows(count: int, name: str = "綜合服務窗口") -> tuple[Window, ...]:
    return tuple(Window(key=f"zhou:window-{n}", number=n, name=name) for n in range(1, count + 1))


def test_sheets_are_as_few_as_can_be_and_none_is_much_fuller_than_another() -> None:
    assert parted([10, 10, 10, 10], 35) == [range(2), range(2, 4)]
    assert parted([30, 10, 10, 10], 35) == [range(1), range(1, 4)]
    assert parted([], 35) == []


def test_letters_are_as_large_as_the_fewest_sheets_allow() -> None:
    assert laid_out(lambda size: [10 * size] * 4, (5, 4, 3), 90, 3) == (4, [range(2), range(2, 4)])


@pytest.mark.parametrize(
    ("members", "most"), [([95.0], 3), ([50.0] * 4, 3)], ids=["one too high", "too many"]
)
def test_what_no_sheet_holds_is_refused(members: list[float], most: int) -> None:
    with pytest.raises(Overflow):
        laid_out(lambda _: members, (1,), 90, most)


def test_every_post_stands_on_the_boards_once_and_in_its_order() -> None:
    boards = filled().context("post-board")["boards"]
    shown = [(post["name"], post["duties"]) for board in boards for post in board["posts"]]
    assert shown == [(post.title, list(post.duties)) for post in filled().centre.posts]


def test_one_board_is_enough_for_few_posts() -> None:
    facts = with_centre(posts=posts(3, "接待群眾")).context("post-board")
    assert (facts["sheets"], facts["size"]) == (1, 14)


def test_letters_of_a_post_board_are_never_smaller_than_nine_millimetres() -> None:
    facts = with_centre(posts=posts(6, *["受理申請，一次告知全部材料" * 4] * 20)).context("post-board")
    assert facts["size"] == 9
    assert facts["sheets"] > 2


def test_a_post_that_no_board_holds_is_refused() -> None:
    with pytest.raises(Overflow):
        with_centre(posts=posts(1, *["受理申請，一次告知全部材料" * 4] * 60)).context("post-board")


@pytest.mark.parametrize("key", ["post-board", "post-a4"])
def test_a_centre_without_posts_gets_no_empty_board(key: str) -> None:
    with pytest.raises(DocumentError, match="還沒有設崗位"):
        with_centre(posts=()).context(key, issue=DRAFT)


def test_the_paper_of_the_posts_says_what_each_window_is_there_for() -> None:
    facts = {post["name"]: post["purposes"] for post in filled().context("post-a4")["posts"]}
    window = next(window for window in filled().centre.windows if window.key == "zhou:civil")
    assert facts["民政事務崗"] == list(window.duties)
    assert facts["中心主任"] == []


def test_nobody_is_named_on_the_staff_board_but_the_director() -> None:
    facts = filled().context("staff-board")
    assert facts["leader"]["name"] == "某某（樣例）"
    assert {place["name"] for board in facts["boards"] for place in board} == {""}


def test_a_director_who_is_not_known_leaves_a_line_to_be_written_on() -> None:
    sample = filled().with_profile(director=unfilled().centre.profile.director)
    assert sample.context("staff-board")["leader"]["name"] == ""


def test_every_window_has_a_place_on_the_staff_board_also_without_a_post() -> None:
    facts = with_centre(posts=()).context("staff-board")
    shown = [place["window"] for board in facts["boards"] for place in board]
    assert shown == [f"{window.number}號{window.name}" for window in filled().centre.windows]


def test_more_than_twelve_people_go_on_a_second_staff_board() -> None:
    boards = with_centre(windows=windows(14), posts=()).context("staff-board")["boards"]
    assert [len(board) for board in boards] == [7, 7]


def test_names_that_leave_no_room_for_a_face_are_refused() -> None:
    with pytest.raises(Overflow):
        with_centre(windows=windows(12, "群眾接待和諮詢監督法務調解服務窗口" * 3), posts=()).context(
            "staff-board"
        )


def kinds(sample: Sample) -> list[str]:
    return [kind["name"] for kind in sample.context("service-flow")["accepted"]]


def test_the_chart_shows_only_kinds_of_cases_that_the_centre_has() -> None:
    direct = tuple(item.model_copy(update={"route": Route.DIRECT}) for item in filled().centre.items)
    assert kinds(filled()) == ["即辦件", "承諾件", "聯辦件", "代辦件"]
    assert kinds(with_centre(items=direct)) == ["即辦件", "承諾件", "聯辦件"]


def test_the_chart_of_a_centre_without_items_shows_all_kinds() -> None:
    assert len(kinds(with_centre(items=()))) == 4


def test_the_chart_says_the_number_that_the_regime_has() -> None:
    regimes = tuple(
        regime.model_copy(
            update={
                "parameters": tuple(
                    one.model_copy(update={"value": 5}) if one.key == "proxy-days" else one
                    for one in regime.parameters
                )
            }
        )
        for regime in filled().centre.regimes
    )
    proxy = with_centre(regimes=regimes).context("service-flow")["accepted"][-1]
    assert "5個工作日內報送" in proxy["words"]


def test_the_chart_promises_no_number_that_no_regime_has() -> None:
    facts = with_centre(regimes=()).context("service-flow")
    told = [
        one["words"] for name in ("arrival", "accepted", "unaccepted", "departure") for one in facts[name]
    ]
    assert told == [stage.plain for stage in (*ARRIVAL, *KINDS, *UNACCEPTED, *DEPARTURE)]


def test_a_stage_is_placed_only_in_a_zone_that_the_hall_has() -> None:
    stages = with_centre(zones=()).context("service-flow")["arrival"]
    assert [stage["place"] for stage in stages] == ["", "", ""]
    assert filled().context("service-flow")["arrival"][1]["place"] == "填寫區"


@pytest.mark.parametrize(
    "crowd", [windows(17), windows(1, "群眾接待和諮詢監督法務調解服務窗口")], ids=["many", "long"]
)
def test_windows_that_the_strip_cannot_hold_are_refused(crowd: tuple[Window, ...]) -> None:
    with pytest.raises(Overflow):
        with_centre(windows=crowd, items=()).context("service-flow")
