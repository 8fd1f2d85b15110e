"""The acceptance form can be filled in: real fields with names and explanations, for every fixture."""

from functools import cache
from io import BytesIO
from typing import Any

import pypdf
import pytest

from tests.fixtures.papers import filled, printed
from townhall.documents.letters import typed
from townhall.script import to_script

KEY = "acceptance-form"


@cache
def fields(script: str = "hant") -> dict[str, Any]:
    return pypdf.PdfReader(BytesIO(printed(filled().sheet(KEY, None, script)))).get_fields() or {}


@pytest.mark.parametrize(("name", "kind"), [("on-hand", "/Tx"), ("passed", "/Btn"), ("remark", "/Tx")])
def test_every_fixture_has_its_fields(name: str, kind: str) -> None:
    found = {key for key, field in fields().items() if field["/FT"] == kind}
    assert {f"{name} {fixture.key}" for fixture in filled().centre.fixtures} <= found


@pytest.mark.parametrize("script", ["hant", "hans"])
def test_every_field_says_in_the_script_of_the_form_what_it_is_for(script: str) -> None:
    told = {name: field["/TU"] for name, field in fields(script).items()}
    assert told["on-hand zhou:cabinet"] == to_script("檔案櫃：現有件數", script)
    assert len(set(told.values())) == len(told)


def test_who_counts_accepts_and_witnesses_has_name_position_and_date() -> None:
    told = [field["/TU"] for name, field in fields().items() if name.partition(" ")[0] in {"name", "date"}]
    assert {words.partition("：")[0] for words in told} == {"清點人", "驗收人", "見證人"}
    assert len(told) == 6


def test_what_is_mandatory_conditional_and_optional_is_counted_apart() -> None:
    facts = filled().context(KEY)
    lines = {total["name"]: total["lines"] for total in facts["totals"]}
    requirements = [fixture.requirement.value for fixture in filled().centre.fixtures]
    assert lines == {name: requirements.count(name) for name in ("必備", "有條件的配備", "選配")}
    assert {f"passed-lines {number}" for number in (1, 2, 3)} <= fields().keys()


def test_a_fixture_tells_where_it_stands_in_the_hall() -> None:
    rows = {f["name"]: f["places"] for g in filled().context(KEY)["groups"] for f in g["fixtures"]}
    assert rows["飲水機"] == "便民服務區"


def test_letters_that_names_and_remarks_are_written_with_are_embedded_and_no_whole_face() -> None:
    pdf = printed(filled().sheet(KEY))
    form = pypdf.PdfReader(BytesIO(pdf)).trailer["/Root"]["/AcroForm"]
    wanted = {f"<{ord(one):04x}>" for one in "張驗签名0"}
    maps = [font["/ToUnicode"].get_data().decode() for font in map(resolved, form["/DR"]["/Font"].values())]
    assert any(all(one in each for one in wanted) for each in maps)
    assert len(pdf) < 2_000_000
    assert 9_000 > len(typed()) > 6_000


def resolved(font: Any) -> Any:
    return font.get_object()
