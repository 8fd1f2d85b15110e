"""A document that stands in for another, as a poster in another size, is there for whoever asks for it, and only then."""

from dataclasses import replace

from tests.fixtures.papers import ISSUE, filled
from townhall.documents.production import Binder


def bound() -> Binder:
    """The sample with another size of the card."""
    sample = filled()
    other = sample.document("card").model_copy(update={"key": "card-large", "alternative_to": "card"})
    pack = sample.pack.model_copy(update={"documents": (sample.document("card"), other)})
    return Binder(sample.unit, sample.centre, pack, ISSUE)


def test_whoever_wants_all_documents_gets_no_alternative() -> None:
    assert [order.document.key for order in bound().orders(("hant",))] == ["card"]


def test_alternatives_are_listed_for_whoever_chooses() -> None:
    listed = bound().orders(("hant",), alternatives=True)
    assert [order.document.key for order in listed] == ["card", "card-large"]


def test_an_alternative_is_made_when_it_is_asked_for() -> None:
    order = bound().order("card-large", None, "hant")
    assert order is not None
    assert bound().sheet(order) == bound().sheet(replace(order, document=filled().document("card")))
