"""What PostgreSQL would refuse is refused by the specs, with words and a place, on every database."""

from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from sqlalchemy import BigInteger, Integer, String, Text

from provisioning.specs import Pack
from provisioning.specs.centre import COLLECTIONS, Window
from provisioning.specs.values import Name, TemplateText
from provisioning.wording import message
from townhall.centres.rows import MODELS
from townhall.database import table_of

LARGEST = {Integer: 2**31 - 1, BigInteger: 2**63 - 1}


def schema_of(section: str, field: str) -> dict[str, Any]:
    """The JSON Schema of a field, without the branch for an absent value."""
    whole = COLLECTIONS[section].model_json_schema()
    found = whole["properties"][field]
    found = next((branch for branch in found.get("anyOf", []) if branch.get("type") != "null"), found)
    name = found.get("$ref", "").rpartition("/")[2]
    return whole["$defs"][name] if name else found


def longest(schema: dict[str, Any]) -> int:
    """The most characters that a text of this schema can have."""
    if "enum" in schema:
        return max(map(len, schema["enum"]))
    pattern = schema.get("pattern", "")
    bare = {"^(centre|window|zone)$": 6, "^(song|hei)$": 4, "^#[0-9a-f]{6}$": 7}
    return int(schema["maxLength"]) if "maxLength" in schema else bare[pattern]


COLUMNS = [
    (section, column.name)
    for section, model in MODELS.items()
    for column in table_of(model).columns
    if column.name in COLLECTIONS[section].model_fields
]


@pytest.mark.parametrize(("section", "field"), COLUMNS)
def test_no_value_that_a_spec_allows_is_more_than_its_column_holds(section: str, field: str) -> None:
    column = table_of(MODELS[section]).columns[field]
    schema = schema_of(section, field)
    if isinstance(column.type, String) and not isinstance(column.type, Text):
        assert longest(schema) <= (column.type.length or 0)
    elif isinstance(column.type, Integer):
        assert schema["maximum"] <= LARGEST[type(column.type)]


def test_a_number_beyond_its_column_is_refused() -> None:
    with pytest.raises(ValidationError, match="less_than_equal"):
        Window(key="zhou:x", number=2**31, name="窗")


@pytest.mark.parametrize("text", ["窗\x00口", "窗\x1f口", "窗\x7f口", "窗\ud800口"])
@pytest.mark.parametrize("kind", [Name, TemplateText])
def test_control_characters_are_refused_in_words(kind: Any, text: str) -> None:
    with pytest.raises(ValidationError) as refused:
        TypeAdapter(kind).validate_python(text)
    (problem,) = refused.value.errors()
    assert message(problem).startswith("含有控制字符")


def test_equal_texts_are_equal_values_however_they_were_typed(pack: Pack) -> None:
    raw = pack.model_dump(mode="json")
    raw["header"]["title"] = "A\u030a"
    assert Pack.model_validate(raw).header.title == "\u00c5"
