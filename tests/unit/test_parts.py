"""The language of parts: what is in it, where a fault is, and that it is a piece of Jinja and no larger one."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment, StrictUndefined, nodes

from provisioning import partlanguage, parts
from provisioning.labels import FIELD
from provisioning.partlanguage import BadPart, Choice, Node, Value, Words, jinja, mentioned, parsed
from provisioning.parts import BY_FIELD, PARTS, part_faults
from provisioning.specs import CentreSpec, Profile
from provisioning.validate import check_centre
from tests.fixtures.papers import filled
from tests.fixtures.payloads import ENDLESS_PAGES, ESCAPES, EXHAUSTING, RUNNING_AWAY, STATEMENTS
from townhall.script import to_script
from townhall.web.language import catalogue

NAMES = {"甲": "a", "乙": "b"}
VALUES = {"a": "子", "b": ""}
NOTICE = BY_FIELD["guide_notice"]
# The only things that may be in a template made from a part.
ALLOWED = (nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.If, nodes.Not)


def faults(text: str) -> list[tuple[int, int, str]]:
    with pytest.raises(BadPart) as refused:
        parsed(text, NAMES)
    return [(fault.line, fault.column, fault.words) for fault in refused.value.faults]


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("請打{{ 丙 }}", 1, 3, partlanguage.UNKNOWN),
        ("一\n請打{{ 甲 乙 }}", 2, 3, partlanguage.NO_NAME),
        ("{{ 甲|upper }}", 1, 1, partlanguage.NO_NAME),
        ("{{ 甲.乙 }}", 1, 1, partlanguage.NO_NAME),
        ("{{ }}", 1, 1, partlanguage.NO_NAME),
        ("請打{甲}", 1, 3, partlanguage.STRAY),
        ("請打{{ 甲 }", 1, 3, partlanguage.STRAY),
        ("{# 甲 #}", 1, 1, partlanguage.STRAY),
        ("{% for x in 甲 %}", 1, 1, partlanguage.NO_ORDER),
        ("{%- if 甲 %}{% endif %}", 1, 1, partlanguage.NO_ORDER),
        ("{% if 甲 and 乙 %}{% endif %}", 1, 1, partlanguage.NO_ORDER),
        ("{% if 甲 %}一", 1, 1, partlanguage.NOT_CLOSED),
        ("一{% endif %}", 1, 2, partlanguage.NOT_OPEN),
        ("一{% else %}", 1, 2, partlanguage.NOT_OPEN),
        ("{% if 甲 %}{% else %}{% else %}{% endif %}", 1, 21, partlanguage.SECOND_ELSE),
        ("{% if 甲 %}" * 4 + "{% endif %}" * 4, 1, 31, partlanguage.TOO_DEEP),
    ],
)
def test_a_fault_has_its_line_and_column(text: str, line: int, column: int, words: str) -> None:
    assert (line, column, words) in faults(text)


def test_every_fault_of_a_text_is_told_at_once() -> None:
    assert len(faults("{{ 丙 }}\n{{ 丁 }}\n{% if 戊 %}")) == 4


def tree(depth: int = 2) -> st.SearchStrategy[list[Node]]:
    words = st.text(st.characters(codec="utf-8", exclude_characters="{}\r"), min_size=1).map(Words)
    leaves = words | st.sampled_from(("a", "b")).map(Value)
    if not depth:
        return st.lists(leaves, max_size=4)
    inner = tree(depth - 1).map(tuple)
    return st.lists(
        leaves | st.builds(Choice, st.sampled_from(("a", "b")), st.booleans(), inner, inner), max_size=4
    )


def spoken(found: tuple[Node, ...] | list[Node]) -> str:
    """What a text says, without Jinja."""
    return "".join(said(node) for node in found)


def said(node: Node) -> str:
    match node:
        case Words(text):
            return text
        case Value(key):
            return VALUES[key]
        case Choice(key, wanted, then, otherwise):
            return spoken(then if bool(VALUES[key]) is wanted else otherwise)


@given(tree())
def test_jinja_says_what_the_language_means(found: list[Node]) -> None:
    environment = Environment(undefined=StrictUndefined, keep_trailing_newline=True)  # noqa: S701 - no HTML
    written = jinja(tuple(found), str)
    assert environment.from_string(written).render(VALUES) == spoken(found)
    assert spoken(parsed(written, {"a": "a", "b": "b"})) == spoken(found)


@given(
    st.lists(
        st.sampled_from(
            [
                "{{",
                "}}",
                "{%",
                "%}",
                "{#",
                "#}",
                "if",
                "not",
                "endif",
                "else",
                " ",
                "甲",
                "乙",
                "|e",
                "(",
                ".",
                "-",
                "{",
                "}",
                "%",
                "\n",
            ]
        ),
        max_size=14,
    )
)
def test_what_is_accepted_is_nothing_but_places_and_choices(tokens: list[str]) -> None:
    try:
        found = parsed("".join(tokens), NAMES)
    except BadPart:
        return
    made = Environment().parse(jinja(found, str))  # noqa: S701 - only taken apart
    assert all(isinstance(node, ALLOWED) for node in [made, *made.find_all(nodes.Node)])
    assert set(mentioned(found)) <= {"a", "b"}


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.field)
def test_bar_p1_no_hostile_template_is_in_the_language(part: parts.TextPart) -> None:
    hostile = [f"{{{{ {escape} }}}}" for escape in ESCAPES] + STATEMENTS + EXHAUSTING + RUNNING_AWAY
    looping = [page for page in ENDLESS_PAGES if "{" in page]
    accepted = [text for text in (*hostile, *looping) if not list(part_faults(part, text))]
    assert len(hostile) > 180
    assert accepted == []


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.field)
def test_a_text_longer_than_its_place_is_refused(part: parts.TextPart) -> None:
    assert not list(part_faults(part, "字" * part.longest))
    (fault,) = part_faults(part, "字" * (part.longest + 1))
    assert (fault.words, fault.column) == (parts.TOO_LONG, part.longest + 2)


def test_what_is_mentioned_counts_as_long_as_its_example() -> None:
    (fault,) = part_faults(NOTICE, "{{ 辦公時間 }}" * 6)
    assert fault.values["length"] == 6 * len("工作日9:00至12:00，13:30至17:30")


def test_more_lines_than_a_place_has_are_refused() -> None:
    assert [fault.line for fault in part_faults(NOTICE, "一\n二\n三\n四")] == [4]
    assert not list(part_faults(NOTICE, "一\n二\n三"))


def test_every_parameter_may_be_written_in_either_script() -> None:
    for part in PARTS:
        for mention in part.mentions:
            assert mention.name_hans == to_script(mention.name, "hans")
            both = (f"{{{{ {name} }}}}" for name in (mention.name, mention.name_hans))
            assert [[*mentioned(parts.read(part, text))] for text in both] == [[mention.key]] * 2


def test_every_part_is_a_field_of_the_profile_with_a_name() -> None:
    assert all(part.field in Profile.model_fields and part.field in FIELD for part in PARTS)


def test_every_word_of_the_editor_has_an_english_one() -> None:
    words = [FIELD[part.field] for part in PARTS] + [part.place for part in PARTS]
    words += [mention.meaning for part in PARTS for mention in part.mentions]
    for module in (partlanguage, parts):
        words += [text for name, text in vars(module).items() if name.isupper() and isinstance(text, str)]
    assert len(words) > 25
    assert [text for text in words if text not in catalogue()] == []


def test_a_centre_with_a_faulty_part_is_told_where() -> None:
    sample = filled().with_profile(card_notice="請打{{ 電話 }}")
    told = [text for path, text in check_centre(sample.centre) if path == ("profile", "card_notice")]
    assert len(told) == 1
    assert re.search(r"第 1 行第 3 字.*電話", told[0])


def test_a_part_that_is_not_there_does_not_change_what_a_centre_is() -> None:
    """Centres from before there were parts keep their hash."""
    without = filled().with_profile(**dict.fromkeys(BY_FIELD, None)).centre
    raw = without.model_dump(mode="json")
    for field in BY_FIELD:
        del raw["profile"][field]
    from provisioning.canonical import canonical, content_hash

    assert content_hash(CentreSpec.model_validate(raw)) == content_hash(without)
    assert not BY_FIELD.keys() & canonical(without)["profile"].keys()
