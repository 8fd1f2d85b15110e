"""Forms that are filled in by hand: they quote the regimes of their centre, and leave room for a pen."""

import re
import subprocess
from dataclasses import replace
from io import BytesIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pypdf
import pytest

from provisioning.specs import Blank, Regime
from provisioning.specs.centre import Review
from tests.fixtures.papers import DRAFT, Sample, filled, printed
from tests.fixtures.standards import SECOND_FOLDER
from townhall.documents.catalogue import subjects
from townhall.documents.errors import NeedsReview, Overflow, UnfilledBlank
from townhall.documents.form_facts import RULES

FORMS = {d.template: d.key for d in filled().pack.documents if d.template in RULES}
ITEM = "zhou:resident-pension-termination"  # with eight papers, as many as any has
MILLIMETRE = 72 / 25.4


def subject(sample: Sample, key: str) -> str | None:
    return subjects(sample.document(key), sample.centre)[0].key


def form(sample: Sample, key: str, **more: Any) -> dict[str, Any]:
    return sample.context(key, subject(sample, key), **more)


def having(sample: Sample, **collections: Any) -> Sample:
    return replace(sample, centre=sample.centre.model_copy(update=collections))


def ruled(name: str, **fields: Any) -> Sample:
    """The sample with fields of one regime replaced."""
    regimes = (r.model_copy(update=fields) if r.key == f"zhou:{name}" else r for r in filled().centre.regimes)
    return having(filled(), regimes=tuple(regimes))


def regime(name: str) -> Regime:
    return next(r for r in filled().centre.regimes if r.key == f"zhou:{name}")


def numbered(name: str, parameter: str, value: int) -> Sample:
    """The sample with one number of a regime changed."""
    changed = [
        p.model_copy(update={"value": value}) if p.key == parameter else p for p in regime(name).parameters
    ]
    return ruled(name, parameters=tuple(changed))


def emptied(name: str, article: str) -> Sample:
    """The sample with one article of a regime left blank."""
    blank = Blank(blank="由州級填寫")
    articles = [
        a.model_copy(update={"text": blank}) if a.key == article else a for a in regime(name).articles
    ]
    return ruled(name, articles=tuple(articles))


def on_the_wall(name: str, article: str) -> dict[str, str]:
    """An article as the sheet of its regime has it."""
    found = filled().context("regime-a4", f"zhou:{name}")["regime"]
    at = [one.key for one in regime(name).articles].index(article)
    return {"regime": found["title"], **found["articles"][at]}


def test_each_article_that_a_form_asks_for_stands_in_the_standard() -> None:
    centre = filled(SECOND_FOLDER).centre
    known = {(r.key.removeprefix("zhou:"), a.key) for r in centre.regimes for a in r.articles}
    assert {quotation for wanted in RULES.values() for quotation in wanted} <= known


@pytest.mark.parametrize("template", RULES)
def test_a_form_says_word_for_word_what_the_wall_says(template: str) -> None:
    wanted = [keys for keys in RULES[template] if keys[0] != "ab-post"]  # of the second release
    said = form(filled(), FORMS[template])["rules"]
    assert said == [on_the_wall(*keys) for keys in wanted]


def test_the_register_of_proxies_says_the_limit_that_the_regime_has() -> None:
    plain = form(numbered("time-limit", "proxy-days", 5), "proxy-register")
    assert plain["limit"] == "5個工作日"
    assert "5個工作日內完成報送" in plain["rules"][0]["text"]


def test_a_form_promises_nothing_where_no_regime_does() -> None:
    plain = form(having(filled(), regimes=()), "proxy-register")
    assert (plain["rules"], plain["limit"], plain["notify"]) == ([], "", "")
    assert "報送期限" not in having(filled(), regimes=()).sheet("proxy-register").html


def test_an_article_that_is_taken_away_is_quoted_no_more() -> None:
    kept = tuple(a for a in regime("time-limit").articles if a.key != "proxy")
    said = form(ruled("time-limit", articles=kept), "proxy-register")["rules"]
    assert [rule["regime"] for rule in said] == ["服務承諾制"]


def test_a_blank_in_a_quoted_article_stops_the_form() -> None:
    with pytest.raises(UnfilledBlank, match="限時辦結制第七條"):
        form(emptied("time-limit", "proxy"), "proxy-register")


def test_a_blank_in_an_article_that_is_not_quoted_does_not() -> None:
    assert form(emptied("time-limit", "overdue"), "proxy-register")["rules"]


def test_a_form_that_quotes_an_unreviewed_regime_is_printed_only_as_a_draft() -> None:
    sample = ruled("time-limit", review=Review.NEEDED)
    with pytest.raises(NeedsReview, match="限時辦結制"):
        form(sample, "proxy-register")
    assert form(sample, "proxy-register", issue=DRAFT)["rules"]


def test_the_one_time_notice_offers_every_paper_of_the_item_on_each_leaf(tmp_path: Path) -> None:
    sample = filled()
    item = next(item for item in sample.centre.items if item.key == ITEM)
    leaves = texts(printed(sample.sheet("one-time-notice", ITEM)), tmp_path)
    assert ["申請人留存" in leaf for leaf in leaves] == [True, False]
    assert ["窗口留存" in leaf for leaf in leaves] == [False, True]
    assert all(material.name in leaf for leaf in leaves for material in item.materials)


def test_each_paper_of_the_one_time_notice_has_a_box_for_missing_and_one_for_wrong() -> None:
    sample = filled()
    papers = sum(len(item.materials) for item in sample.centre.items if item.key == ITEM)
    assert sample.sheet("one-time-notice", ITEM).html.count('class="box"') == 2 * 2 * papers


def test_a_third_leaf_names_nobody_who_keeps_it() -> None:
    plain = numbered("one-time-notice", "copies", 3).context("one-time-notice", ITEM)
    assert [leaf["keeper"] for leaf in plain["leaves"]] == ["申請人", "窗口", ""]


@pytest.mark.parametrize("script", ["hant", "hans"])
def test_a_leaf_with_the_most_papers_is_one_page(script: str) -> None:
    sample = filled()
    assert max(len(item.materials) for item in sample.centre.items) == 8
    assert pages(printed(sample.sheet("one-time-notice", ITEM, script))) == 2


def test_a_list_of_papers_too_long_for_a_page_goes_on_and_loses_none(tmp_path: Path) -> None:
    item = next(item for item in filled().centre.items if item.key == ITEM)
    materials = tuple(m.model_copy(update={"name": f"材料{n:02}"}) for n, m in enumerate(item.materials * 4))
    sample = having(filled(), items=(item.model_copy(update={"materials": materials}),))
    whole = "".join(texts(printed(sample.sheet("one-time-notice", ITEM)), tmp_path))
    assert [whole.count(f"材料{n:02}") for n in range(32)] == [2] * 32


def test_posts_that_do_not_fit_one_day_sheet_get_a_second() -> None:
    many = tuple(p.model_copy(update={"key": f"zhou:p{n}"}) for n, p in enumerate(filled().centre.posts * 2))
    sample = having(filled(), posts=many)
    assert pages(printed(sample.sheet("attendance"))) == 2
    rows = [row["title"] for leaf in form(sample, "attendance")["leaves"] for row in leaf]
    assert [title for title in rows if title] == [post.title for post in many]


def test_the_sign_in_book_has_room_for_people_without_a_post() -> None:
    posts = tuple(filled().centre.posts[0].model_copy(update={"key": f"zhou:p{n}"}) for n in range(12))
    rows = [row for leaf in form(having(filled(), posts=posts), "attendance")["leaves"] for row in leaf]
    assert sum(not row["title"] for row in rows) >= 2


def test_a_rating_card_that_cannot_hold_its_article_is_refused() -> None:
    articles = tuple(
        a.model_copy(update={"text": "自願評價。" * 60}) for a in regime("service-promise").articles
    )
    with pytest.raises(Overflow):
        form(ruled("service-promise", articles=articles), "rating-card")


def test_what_stands_lowest_on_a_rating_card_stays_above_its_edge(tmp_path: Path) -> None:
    """The phone and article that just pass the check end inside the card, so the check measures what is printed."""
    text = "自願評價。" * 22
    articles = tuple(a.model_copy(update={"text": text}) for a in regime("service-promise").articles)
    sample = ruled("service-promise", articles=articles)
    with pytest.raises(Overflow):
        form(ruled("service-promise", articles=longer(articles)), "rating-card")
    lowest = sorted(
        y for word, y in bottoms(printed(sample.sheet("rating-card")), tmp_path) if word == "版本"
    )
    assert lowest[1] < 148.5 - 3
    assert lowest[3] < 287 - 3


def longer(articles: Any) -> Any:
    return tuple(a.model_copy(update={"text": a.text + "自願評價。" * 6}) for a in articles)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("attendance", [post.title for post in filled().centre.posts]),
        ("duty-roster", [window.name for window in filled().centre.windows]),
    ],
)
def test_rows_are_at_least_eight_millimetres_high(key: str, words: list[str], tmp_path: Path) -> None:
    found = [y for word, y in bottoms(printed(filled().sheet(key)), tmp_path) if word in words]
    assert len(found) == len(words)
    assert min(below - above for above, below in pairwise(found)) >= 8


def test_the_back_of_a_register_is_bound_on_the_other_side(tmp_path: Path) -> None:
    path = tmp_path / "register.pdf"
    path.write_bytes(printed(filled().sheet("seal-register")))
    lefts = [words_left(path, page) for page in (1, 2)]
    assert lefts == pytest.approx([24, 14], abs=0.5)


def words_left(path: Path, page: int) -> float:
    """How far the leftmost word of a page is from its edge, in millimetres."""
    command = ["pdftotext", "-bbox", "-f", str(page), "-l", str(page), path, "-"]
    boxes = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return min(float(x) for x in re.findall(r'xMin="(\S+)"', boxes)) / MILLIMETRE


def bottoms(pdf: bytes, folder: Path) -> list[tuple[str, float]]:
    """Each word with the place of its lower edge, in millimetres from the top of its page."""
    path = folder / "form.pdf"
    path.write_bytes(pdf)
    command = ["pdftotext", "-bbox", path, "-"]
    boxes = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [(word, float(y) / MILLIMETRE) for y, word in re.findall(r'yMax="(\S+)">([^<]*)</word>', boxes)]


def texts(pdf: bytes, folder: Path) -> list[str]:
    """The text of each page without its spaces."""
    path = folder / "form.pdf"
    path.write_bytes(pdf)
    command = ["pdftotext", "-raw", path, "-"]
    whole = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [re.sub(r"\s", "", page) for page in whole.split("\f")[:-1]]


def pages(pdf: bytes) -> int:
    return len(pypdf.PdfReader(BytesIO(pdf)).pages)
