"""What officials read: one sentence for each difference, numbers and units as people write them."""

from typing import Any

import pytest

from provisioning.labels import FIELD, SECTION
from provisioning.planning import plan_centre
from provisioning.resolve import Upstream
from provisioning.schema import CENTRE, Node
from provisioning.sentences import shown
from provisioning.specs import CentreSpec, Duration

UNIT = "522301001000"


def sentences(standard: Upstream, **changes: Any) -> list[str]:
    ours = standard.centre.model_copy(update=changes)
    return [action.sentence for action in plan_centre(UNIT, ours, standard, standard).changes.actions]


def without(centre: CentreSpec, section: str, key: str) -> tuple[Any, ...]:
    return tuple(item for item in getattr(centre, section) if item.key != key)


def test_a_shorter_promise_is_told_with_both_limits(standard: Upstream) -> None:
    items = [
        item.model_copy(update={"promised_limit": Duration(days=3)})
        if item.key == "zhou:temporary-relief"
        else item
        for item in standard.centre.items
    ]
    assert sentences(standard, items=tuple(items)) == [
        "事項〔臨時救助申請〕的承諾時限：標準為 5 個工作日，本地為 3 個工作日，本地內容保留"
    ]


def test_every_place_of_a_configuration_has_a_name_for_people() -> None:
    assert fields_of(CENTRE) - set(FIELD) - set(SECTION) == set()


def fields_of(node: Node) -> set[str]:
    inner = [*node.fields.values(), *([node.item] if node.item else [])]
    return set(node.fields).union(*(fields_of(one) for one in inner))


def test_a_local_removal_is_told(standard: Upstream) -> None:
    fixtures = without(standard.centre, "fixtures", "zhou:screen")
    assert sentences(standard, fixtures=fixtures) == ["設施〔電子顯示屏〕已由本地刪去，保持刪去"]


def test_a_local_window_and_its_place_are_told(standard: Upstream) -> None:
    own = standard.centre.windows[0].model_copy(
        update={"key": "xiang:522301001:own", "number": 9, "name": "本地窗口"}
    )
    assert sentences(standard, windows=(*standard.centre.windows, own)) == [
        "窗口〔本地窗口〕為本地新增，保留"
    ]
    told = sentences(standard, windows=tuple(reversed(standard.centre.windows)))
    assert told[-1] == "窗口的排列次序為本地次序，保留"


def test_a_local_envelope_is_told(standard: Upstream) -> None:
    assert sentences(standard, envelope=1) == [
        "建設資金總額：標準為 2,000,000.00 元，本地為 0.01 元，本地內容保留"
    ]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "無"),
        ({"blank": "由縣填寫"}, "待填"),
        ({"days": 0, "unit": "工作日"}, "當場辦結"),
        ({"days": 15, "unit": "自然日"}, " 15 個自然日"),
        ({"free": True}, "不收費"),
        ({"free": False, "standard": "每份一元"}, "收費"),
        ({"other": 1}, "另一內容"),
        ({"per": "centre", "times": 8, "plus": 0}, "每個中心 8"),
        ({"per": "window", "times": 1, "plus": 2}, "每個窗口 1，另加 2"),
        (["甲", "乙"], "2 項"),
        (True, "是"),
        (7, " 7"),
        ("字" * 60, f"「{'字' * 39}…」"),
    ],
)
def test_values_are_shown_as_people_write_them(value: Any, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("measure", "text"), [("estimate", " 12.50 元"), ("share", " 12.5%"), ("width", " 1250 毫米")]
)
def test_numbers_are_told_in_their_unit(measure: str, text: str) -> None:
    assert shown(1250, measure) == text
