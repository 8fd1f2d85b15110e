"""The hand-over between composing a document and rendering it: finished HTML with the facts of its page."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sheet:
    """A composed document, complete and independent of any database.

    `html` is a whole page with `lang` and `title`; `stylesheet` is CSS text. `width` and `height` are the trim
    size in millimetres, `bleed` is added on every side, and `slug` outside it for marks that are cut off. `pages` is
    the exact number of pages that may result (1 for boards, cards and plates) or None when the text decides.
    """

    html: str
    stylesheet: str
    width: int
    height: int
    bleed: int = 0
    pages: int | None = None
    slug: int = 0
