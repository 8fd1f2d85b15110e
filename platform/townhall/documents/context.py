"""From the values of a centre to the plain facts of one document.

Pure functions. A context holds only texts, numbers, booleans, lists and dicts, every text already in the wanted
script, every date and limit written out; a template decides how things look, never what they say.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from provisioning.specs import CentreSpec, DocumentType, Header
from townhall.documents.book_facts import booklet
from townhall.documents.commission import Commission, Illustration, Issue, UnitFacts
from townhall.documents.elevation_facts import wall_elevation
from townhall.documents.errors import DocumentError, Overflow
from townhall.documents.fields import Pen, day
from townhall.documents.flow_facts import item_flow
from townhall.documents.form_facts import (
    attendance,
    duty_roster,
    form,
    notice,
    one_time_notice,
    opinion_book,
    proxy_register,
    rating_card,
    return_notice,
)
from townhall.documents.hall_facts import fixture_list, hall_plan
from townhall.documents.item_facts import guide, guide_brief
from townhall.documents.leaflet_facts import card_folded
from townhall.documents.official_facts import regime_notice
from townhall.documents.post_facts import post_board, post_sheet
from townhall.documents.poster_facts import regime_board
from townhall.documents.service_facts import service_flow
from townhall.documents.staff_facts import staff_board
from townhall.documents.wall_facts import card, centre_sign, regime_sheet, window_plate
from townhall.script import LANGUAGES

__all__ = ["Illustration", "Issue", "UnitFacts", "context"]

Facts = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """How the facts of a kind of document are gathered and how many pages it may have; 0: the text decides.

    Facts that were laid out for a number of pages say so themselves as `sheets`.
    """

    facts: Callable[[Commission], Facts]
    pages: int


# By the name of the template, so that a pack may offer one template in several sizes.
KINDS = {
    "guide.html": Kind(guide, 0),
    "guide-brief.html": Kind(guide_brief, 1),
    "card.html": Kind(card, 2),
    "card-sheet.html": Kind(card, 2),
    "card-folded.html": Kind(card_folded, 2),
    "regime-board.html": Kind(regime_board, 1),
    "regime-a4.html": Kind(regime_sheet, 0),
    "regime-notice.html": Kind(regime_notice, 0),
    "centre-sign.html": Kind(centre_sign, 1),
    "window-plate.html": Kind(window_plate, 1),
    "hall-plan.html": Kind(hall_plan, 1),
    "fixture-list.html": Kind(fixture_list, 0),
    "booklet.html": Kind(booklet, 0),
    "acceptance-form.html": Kind(fixture_list, 0),
    "post-board.html": Kind(post_board, 0),
    "post-a4.html": Kind(post_sheet, 0),
    "staff-board.html": Kind(staff_board, 0),
    "service-flow.html": Kind(service_flow, 1),
    "item-flow.html": Kind(item_flow, 0),
    "wall-elevation.html": Kind(wall_elevation, 4),
    "one-time-notice.html": Kind(one_time_notice, 0),
    "promise-notice.html": Kind(notice, 1),
    "return-notice.html": Kind(return_notice, 1),
    "case-register.html": Kind(form, 2),
    "proxy-register.html": Kind(proxy_register, 2),
    "seal-register.html": Kind(form, 2),
    "attendance.html": Kind(attendance, 0),
    "duty-roster.html": Kind(duty_roster, 0),
    "leave-slip.html": Kind(form, 1),
    "rating-card.html": Kind(rating_card, 1),
    "opinion-book.html": Kind(opinion_book, 8),
}


def context(
    document: DocumentType,
    subject_key: str | None,
    centre: CentreSpec,
    unit: UnitFacts,
    header: Header,
    issue: Issue,
    script: str,
    way: Illustration | None = None,
) -> Facts:
    """The facts of one document of one subject; `way` is the centre's map of how to get there.

    Raises `UnfilledBlank` with the labels of all blanks that this document prints and `NeedsReview` for a regime
    that no lawyer has seen, both only when the issue is no draft; `DocumentError` for an unknown subject or kind.
    """
    pen = Pen(script, unit.names)
    commission = Commission(document, subject_key, centre, unit, header, issue, pen, way)
    kind = _kind(document)
    try:
        facts = _common(commission) | kind.facts(commission)
    except Overflow:
        # What is too long is often the text of a blank; then the blank is what there is to say.
        if not issue.draft:
            pen.check()
        raise
    facts["page"]["pages"] = _pages(commission, facts.get("sheets", kind.pages))
    if not issue.draft:
        pen.check()
    return facts


def _kind(document: DocumentType) -> Kind:
    if document.template not in KINDS:
        raise DocumentError(f"沒有為模板「{document.template}」準備內容（文書「{document.title}」）")
    return KINDS[document.template]


def _pages(commission: Commission, laid_out: int) -> int:
    """How many pages there may be, 0 for any number: what a draft says of a blank is longer than what will stand there."""
    if commission.issue.draft:
        return 0
    return laid_out or int(commission.document.one_page)


def _common(commission: Commission) -> Facts:
    document, pen, unit = commission.document, commission.pen, commission.unit
    page = {name: getattr(document, name) for name in ("width", "height", "bleed", "slug")}
    names = {"name": unit.name, "county": unit.county, "prefecture": unit.prefecture}
    return {
        "lang": LANGUAGES[pen.script],
        "document": {"title": pen.text(document.title), "short_title": pen.text(document.short_title)},
        "page": page,
        "unit": {"code": unit.code} | {key: pen.text(name) for key, name in names.items()},
        "centre_name": pen.text(commission.centre_name),
        "issuer": pen.text(commission.header.issuer),
        "issue": _issue(commission.issue),
    }


def _issue(issue: Issue) -> Facts:
    return {
        "date": day(issue.date),
        "number": issue.number,
        "draft": issue.draft,
        "demonstration": issue.demonstration,
    }
