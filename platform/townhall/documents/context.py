"""From the values of a centre to the plain facts of one document.

Pure functions. A context holds only texts, numbers, booleans, lists and dicts, every text already in the wanted
script, every date and limit written out; a template decides how things look, never what they say.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from provisioning.specs import CentreSpec, DocumentType, Header
from townhall.documents.commission import Commission, Illustration, Issue, UnitFacts
from townhall.documents.errors import DocumentError, Overflow
from townhall.documents.fields import Pen, day
from townhall.documents.hall_facts import fixture_list, hall_plan
from townhall.documents.item_facts import guide, guide_brief
from townhall.documents.wall_facts import card, centre_sign, regime_board, regime_sheet, window_plate
from townhall.script import LANGUAGES

__all__ = ["Illustration", "Issue", "UnitFacts", "context"]

Facts = dict[str, Any]


@dataclass(frozen=True)
class Kind:
    """How the facts of a kind of document are gathered and how many pages it may have; 0: the text decides.

    `reads` are the parts of a centre, besides its profile, that the facts come from; of items and regimes a document
    about one of them reads that one only.
    """

    facts: Callable[[Commission], Facts]
    pages: int
    reads: tuple[str, ...]


# By the name of the template, so that a pack may offer one template in several sizes.
KINDS = {
    "guide.html": Kind(guide, 0, ("items", "windows")),
    "guide-brief.html": Kind(guide_brief, 1, ("items", "windows")),
    "card.html": Kind(card, 2, ("windows",)),
    "card-sheet.html": Kind(card, 2, ("windows",)),
    "regime-board.html": Kind(regime_board, 1, ("regimes",)),
    "regime-a4.html": Kind(regime_sheet, 0, ("regimes",)),
    "centre-sign.html": Kind(centre_sign, 1, ("signs", "zones")),
    "window-plate.html": Kind(window_plate, 1, ("windows", "signs")),
    "hall-plan.html": Kind(
        hall_plan, 1, ("hall", "zones", "objects", "slots", "windows", "regimes", "fixtures")
    ),
    "fixture-list.html": Kind(fixture_list, 0, ("fixtures", "windows", "zones")),
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
    facts["page"]["pages"] = _pages(commission, kind)
    if not issue.draft:
        pen.check()
    return facts


def reads(document: DocumentType) -> tuple[str, ...]:
    """The parts of a centre, besides its profile, that a document comes from. Raises as `context`."""
    return _kind(document).reads


def _kind(document: DocumentType) -> Kind:
    if document.template not in KINDS:
        raise DocumentError(f"沒有為模板「{document.template}」準備內容（文書「{document.title}」）")
    return KINDS[document.template]


def _pages(commission: Commission, kind: Kind) -> int:
    """How many pages there may be, 0 for any number: what a draft says of a blank is longer than what will stand there."""
    if commission.issue.draft:
        return 0
    return kind.pages or int(commission.document.one_page)


def _common(commission: Commission) -> Facts:
    document, pen, unit = commission.document, commission.pen, commission.unit
    page = {"width": document.width, "height": document.height, "bleed": document.bleed}
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
