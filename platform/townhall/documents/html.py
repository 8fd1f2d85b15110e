"""A template and its facts become one self-contained page.

No clock, no files, no network. A template may come from anywhere, so it runs in a sandbox that can only read what the
context holds, in a process of its own (`booth`); a name that the context lacks is an error, never an empty place on
paper.
"""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from provisioning.specs import DocumentType
from townhall.documents.booth import Templates, booth
from townhall.documents.errors import DocumentError
from townhall.documents.sheet import Sheet
from townhall.script import to_script

BASE = "_base.css"


def compose(
    document: DocumentType, templates: Mapping[str, str], context: dict[str, Any], script: str
) -> Sheet:
    """The sheet of a document from its context (`townhall.documents.context`).

    Raises `DocumentError` when the pack lacks a template, the template is faulty or asks for a name that the
    context does not have.
    """
    page = context["page"]
    return Sheet(
        html=_page(document.template, templates, context, script),
        stylesheet=stylesheet(document, templates, script),
        width=page["width"],
        height=page["height"],
        bleed=page["bleed"],
        slug=page["slug"],
        pages=page["pages"] or None,
    )


def stylesheet(document: DocumentType, templates: Mapping[str, str], script: str) -> str:
    """The shared sheet, then the document's own; page size and faces are the renderer's (`basesheet`)."""
    return "\n".join(to_script(_text(templates, name), script) for name in (BASE, document.stylesheet))


def _page(name: str, templates: Mapping[str, str], context: dict[str, Any], script: str) -> str:
    return booth().text(in_script(_frozen(templates), script), name, context)


def _frozen(templates: Mapping[str, str]) -> tuple[tuple[str, str], ...]:
    """The HTML templates as a key that a cache can hold."""
    return tuple(sorted((name, text) for name, text in templates.items() if name.endswith(".html")))


@lru_cache(maxsize=16)
def in_script(sources: tuple[tuple[str, str], ...], script: str) -> Templates:
    """The templates of one pack, their own words in the wanted script."""
    return Templates(tuple((name, to_script(text, script)) for name, text in sources))


def _text(templates: Mapping[str, str], name: str) -> str:
    if name not in templates:
        raise DocumentError(f"模板包缺少樣式表「{name}」")
    return templates[name]
