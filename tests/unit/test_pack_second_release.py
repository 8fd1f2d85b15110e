"""What release 2 of the prefecture's standard changes, and that it invents as little as release 1."""

import re
from collections import Counter
from collections.abc import Iterator

import pytest

from provisioning.canonical import canonical, content_hash
from provisioning.load import load_sample
from provisioning.marks import MarkKind
from provisioning.planning import plan_centre
from provisioning.resolve import resolve, upstream
from provisioning.specs import Blank, Duration, Pack, Regime, UnitKind
from provisioning.specs.pack import Policy
from provisioning.validate import check_centre
from tests.fixtures.changes import UNIT, keys, part
from tests.fixtures.standards import SECOND_FOLDER

AB = "zhou:ab-post"


def texts(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for inner in value:
            yield from texts(inner)
    elif isinstance(value, str):
        yield value


def full_text(regime: Regime) -> str:
    values = {parameter.key: f"{parameter.value}{parameter.unit}" for parameter in regime.parameters}
    articles = [article.text for article in regime.articles if not isinstance(article.text, Blank)]
    return regime.purpose + re.sub(r"\{([^}]+)\}", lambda found: values[found[1]], "".join(articles))


@pytest.fixture
def regime(second_release: Pack) -> Regime:
    found: Regime = part(second_release.centre, "regimes", AB)
    return found


def test_one_regime_is_new_and_required(pack: Pack, second_release: Pack, regime: Regime) -> None:
    assert keys(second_release.centre, "regimes") == [*keys(pack.centre, "regimes"), AB]
    policy = next(rule for rule in second_release.policies if rule.path == f"regimes[{AB}]")
    assert policy.policy is Policy.MANDATORY
    check = next(check for check in second_release.checks if check.key == "software-regimes")
    assert set(check.subjects) == set(keys(second_release.centre, "regimes"))
    assert f"regime:{AB}" in {slot.shows for slot in second_release.centre.slots}
    assert "京什" in regime.source


def test_the_text_of_the_new_regime_is_made_from_numbers_and_what_no_source_says_is_blank(
    regime: Regime,
) -> None:
    assert 400 <= len(full_text(regime)) <= 1_200
    used = set(re.findall(r"\{([^}]+)\}", " ".join(str(article.text) for article in regime.articles)))
    assert used == {parameter.key for parameter in regime.parameters}
    assert [article.key for article in regime.articles if isinstance(article.text, Blank)] == ["authority"]


def test_no_sentence_stands_in_two_regimes(second_release: Pack) -> None:
    sentences = [
        sentence
        for regime in second_release.centre.regimes
        for sentence in re.split("[。；]", full_text(regime))
        if len(sentence) > 12
    ]
    assert [sentence for sentence, count in Counter(sentences).items() if count > 1] == []


@pytest.mark.parametrize(
    ("key", "before", "after"), [("zhou:full-help-proxy", 7, 5), ("zhou:home-visit-appointment", 3, 2)]
)
def test_promised_limits_are_tightened_and_never_the_legal_ones(
    pack: Pack, second_release: Pack, key: str, before: int, after: int
) -> None:
    old, new = (part(one.centre, "items", key) for one in (pack, second_release))
    assert (old.promised_limit, new.promised_limit) == (Duration(days=before), Duration(days=after))
    assert old.legal_limit == new.legal_limit
    assert old.legal_basis == new.legal_basis


def test_the_time_for_a_visit_at_home_is_one_in_the_regime_and_in_the_item(second_release: Pack) -> None:
    appointment = part(second_release.centre, "regimes", "zhou:appointment")
    days = next(parameter.value for parameter in appointment.parameters if parameter.key == "home-days")
    assert part(second_release.centre, "items", "zhou:home-visit-appointment").promised_limit.days == days


def test_rule_e4_the_tightened_bound_leaves_time_until_a_day(pack: Pack, second_release: Pack) -> None:
    path = "items[zhou:full-help-proxy].promised_limit"
    old, new = (next(rule for rule in one.policies if rule.path == path) for one in (pack, second_release))
    assert (old.maximum, new.maximum) == (7, 5)
    assert new.deadline is not None
    assert new.deadline > second_release.header.version_date


def test_nothing_else_is_different(pack: Pack, second_release: Pack) -> None:
    """Counted by item: what a reader of the release notes is told is all there is."""
    changed = {}
    for section in ("windows", "items", "zones", "objects", "slots", "signs", "fixtures", "regimes", "posts"):
        before = {item.key: item for item in getattr(pack.centre, section)}
        after = {item.key: item for item in getattr(second_release.centre, section)}
        same = sum(before.get(key) == item for key, item in after.items())
        changed[section] = (len(before) - same, len(after) - same)
    assert changed == {
        "windows": (1, 2),
        "items": (10, 9),
        "zones": (0, 0),
        "objects": (4, 5),
        "slots": (0, 1),
        "signs": (2, 2),
        "fixtures": (1, 1),
        "regimes": (1, 2),
        "posts": (1, 2),
    }
    assert (pack.centre.profile, pack.centre.hall) == (
        second_release.centre.profile,
        second_release.centre.hall,
    )


def test_old_names_still_find_the_renamed_item(pack: Pack, second_release: Pack) -> None:
    before = part(pack.centre, "items", "zhou:rural-cooperative-medical")
    after = part(second_release.centre, "items", "zhou:resident-medical-enrolment")
    assert {*before.former_names, before.name} == after.former_names


def test_no_text_names_the_window_that_is_no_more(second_release: Pack) -> None:
    plain = canonical(second_release.centre)
    assert [text for text in texts(plain) if "國土住建窗口" in text or text == "zhou:land"] == []


def test_nothing_is_invented_that_could_be_taken_for_law(pack: Pack, second_release: Pack) -> None:
    known = set(texts(canonical(pack.model_copy(update={"templates": {}}))))
    new = set(texts(canonical(second_release.model_copy(update={"templates": {}})))) - known
    invented = re.compile(r"《[^》]*(?:法|條例|規定)》|〔\d{4}〕\d+號|第[一二三四五六七八九十]+條(?!第4項)")
    assert [text for text in new if invented.search(text)] == []
    assert [text for text in new if re.search(r"\d{7,}|計劃生育|三個一個樣|雙代", text)] == []
    assert [sign for text in new for sign in text if "一" <= sign <= "鿿" and not _in_big5(sign)] == []


def _in_big5(character: str) -> bool:
    try:
        character.encode("big5")
    except UnicodeEncodeError:
        return False
    return True


def test_everything_in_the_hall_still_stands_inside_it_and_nothing_on_anything_else(
    second_release: Pack,
) -> None:
    centre = second_release.centre
    things = [thing for thing in centre.objects if thing.kind != "門"]
    assert all(thing.x + thing.width <= centre.hall.width for thing in things)
    overlapping = [
        (one.name, other.name)
        for place, one in enumerate(things)
        for other in things[place + 1 :]
        if one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.depth
        and other.y < one.y + one.depth
    ]
    assert overlapping == []
    windows = {window.key for window in centre.windows}
    assert {thing.window for thing in things if thing.window} == windows
    assert {post.window for post in centre.posts if post.window} == windows


def test_boards_on_one_wall_do_not_hang_on_one_another(second_release: Pack) -> None:
    slots = second_release.centre.slots
    new = part(second_release.centre, "slots", "zhou:slot-ab-post")
    beside = [slot for slot in slots if slot.wall is new.wall and slot is not new]
    assert beside
    assert all(
        slot.offset + slot.width <= new.offset or new.offset + new.width <= slot.offset for slot in beside
    )


@pytest.mark.parametrize("kind", UnitKind)
def test_the_sample_fills_every_blank_and_leaves_no_fault(second_release: Pack, kind: UnitKind) -> None:
    _, sample = load_sample(SECOND_FOLDER)
    centre = resolve(second_release, sample, kind)
    assert list(check_centre(centre)) == []
    assert '"blank"' not in centre.model_dump_json()


def test_a_centre_that_changed_nothing_follows_without_a_question(pack: Pack, second_release: Pack) -> None:
    base, target = (upstream(one, None, UnitKind.TOWN) for one in (pack, second_release))
    made = plan_centre(UNIT, base.centre, base, target)
    assert not made.errors
    assert not made.changes.guard
    assert content_hash(made.changes.after) == content_hash(target.centre)
    assert [mark for mark in made.changes.marks if mark.kind is MarkKind.CONFLICT] == []
    reasons = {action.reason.value for action in made.changes.actions}
    assert reasons == {"MOVED", "TEMPLATE_CHANGED", "TEMPLATE_REMOVED"}
