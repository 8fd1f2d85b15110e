"""The flow of one item on the wall: complete, in order, and never in letters too small for three metres."""

import re
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from provisioning.specs import Blank, ServiceItem
from tests.fixtures.papers import Sample, filled, printed
from tests.fixtures.soak import rounds
from townhall.documents.errors import Overflow, UnfilledBlank

LONG = "zhou:minimum-living-allowance"  # on two sheets
SHORT = "zhou:policy-consultation"  # nothing to bring, no limit by law


def item(key: str) -> ServiceItem:
    return next(item for item in filled().centre.items if item.key == key)


def with_item(key: str, **fields: Any) -> Sample:
    sample = filled()
    changed = item(key).model_copy(update=fields)
    return replace(sample, centre=sample.centre.model_copy(update={"items": (changed,)}))


def words(sample: Sample, key: str, folder: Path, page: int) -> str:
    path = folder / "flow.pdf"
    path.write_bytes(printed(sample.sheet("item-flow", key)))
    command = ["pdftotext", "-raw", "-f", str(page), "-l", str(page), path, "-"]
    return re.sub(r"\s", "", subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def test_no_flow_has_letters_below_ten_millimetres_or_more_than_two_sheets() -> None:
    flows = [filled().context("item-flow", item.key) for item in filled().centre.items]
    assert min(flow["size"] for flow in flows) >= 10
    assert {flow["sheets"] for flow in flows} == {1, 2}


@pytest.mark.parametrize("script", ["hant", "hans"])
def test_every_flow_is_printed_on_the_sheets_that_were_reckoned(script: str) -> None:
    for one in filled().centre.items[:: rounds(6, 1)]:
        printed(filled().sheet("item-flow", one.key, script))


def test_a_flow_says_who_does_what_in_which_time_in_the_order_of_its_steps(tmp_path: Path) -> None:
    text = words(filled(), LONG, tmp_path, 1) + words(filled(), LONG, tmp_path, 2)
    places = [text.find(part) for step in item(LONG).steps for part in (step.name + step.actor, step.action)]
    assert -1 not in places
    assert places == sorted(places)
    assert text.count("個工作日") == 2 + sum(step.limit is not None for step in item(LONG).steps)


def test_an_arrow_leads_from_each_box_to_the_next() -> None:
    assert filled().sheet("item-flow", LONG).html.count('class="arrow"') == len(item(LONG).steps) + 1


def test_the_second_sheet_says_what_it_goes_on_with(tmp_path: Path) -> None:
    assert words(filled(), LONG, tmp_path, 2).startswith("最低生活保障申請流程圖（續）")


def test_papers_that_not_everybody_needs_are_marked(tmp_path: Path) -> None:
    text = words(filled(), LONG, tmp_path, 1)
    assert "殘疾人證※" in text
    assert "戶口簿※" not in text


def test_an_item_without_papers_and_legal_limit_says_so_and_leaves_the_limit_out(tmp_path: Path) -> None:
    text = words(filled(), SHORT, tmp_path, 1)
    assert "不需要提交材料" in text
    assert "法定" not in text


def test_a_limit_that_nobody_has_filled_in_stops_the_flow() -> None:
    with pytest.raises(UnfilledBlank) as refused:
        with_item(LONG, legal_limit=Blank(blank="由縣級民政部門填寫")).context("item-flow", LONG)
    assert refused.value.fields == ("法定辦結時限",)


def test_a_telephone_that_is_not_printed_does_not_stop_the_flow() -> None:
    sample = filled().with_profile(hotline=Blank(blank="由本中心填寫"))
    assert sample.context("item-flow", LONG)["sheets"] == 2


def test_a_flow_too_long_for_two_sheets_is_refused_and_not_shrunk() -> None:
    steps = tuple(step.model_copy(update={"action": step.action * 6}) for step in item(LONG).steps)
    with pytest.raises(Overflow):
        with_item(LONG, steps=steps).context("item-flow", LONG)


def test_a_name_too_long_for_two_lines_is_refused() -> None:
    with pytest.raises(Overflow):
        with_item(LONG, name="困難群眾基本生活救助" * 7).context("item-flow", LONG)
