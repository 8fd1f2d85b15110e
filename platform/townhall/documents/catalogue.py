"""Which documents a centre has, and what their files are called.

A print shop gets one folder and must not have to ask: the name of a file says whose it is, what it is, how large it
is and which version (domain 3.6), in the manner of `522301001_黃草街道_制度牌03_600x900_v2.pdf`.
"""

import re
from typing import NamedTuple

from provisioning.specs import CentreSpec, DocumentType, Sign
from townhall.documents.commission import Issue, UnitFacts
from townhall.documents.wall_facts import plate_sign
from townhall.script import HANS, to_script

A4 = (210, 297)
_LONGEST = 60  # characters of a label in a file name; Windows counts the whole path up to 260
# Windows forbids these, and control characters; a name may not end in a dot or a space either.
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f]')


class Subject(NamedTuple):
    """What one document is about. `key` is None for the centre; `width` and `height` are the true size in mm.

    `number` counts from 1 in printed order (a window has its own number), `label` is in the canonical script.
    """

    key: str | None
    label: str
    number: int
    width: int
    height: int


def subjects(document: DocumentType, centre: CentreSpec) -> list[Subject]:
    """Every subject of a document type in printed order: the centre, or each window, item, regime or sign."""
    if document.per == "centre":
        return [Subject(None, "", 1, document.width, document.height)]
    if document.per == "sign":
        return _sign_subjects(document, centre)
    if document.per == "window":
        return _window_subjects(document, centre)
    entries: list[tuple[str, str]] = (
        [(item.key, item.name) for item in centre.items]
        if document.per == "item"
        else [(regime.key, regime.title) for regime in centre.regimes]
    )
    return [
        Subject(key, label, number, document.width, document.height)
        for number, (key, label) in enumerate(entries, 1)
    ]


def file_name(
    unit: UnitFacts, document: DocumentType, subject: Subject, script: str, issue: Issue, suffix: str = ".pdf"
) -> str:
    """The file's name, safe on Windows, unique among the documents of a unit; a draft says 草稿, not a version."""
    name = unit.name_hans if script == HANS else unit.name
    parts = [unit.code9, name, _what(document, subject, script), _size(subject), _version(issue, script)]
    return safe("_".join(part for part in parts if part)) + suffix


def folder_name(unit: UnitFacts, script: str) -> str:
    """The folder of a unit in one script: 522301001_黃草街道_繁體."""
    name, kind = (unit.name_hans, "简体") if script == HANS else (unit.name, "繁體")
    return safe(f"{unit.code9}_{name}_{kind}")


def safe(name: str) -> str:
    """The name without what Windows forbids; forbidden marks become a hyphen."""
    return _UNSAFE.sub("-", name).strip().rstrip(". ")


def _window_subjects(document: DocumentType, centre: CentreSpec) -> list[Subject]:
    size = (
        _sign_size(plate_sign(document, centre.signs)) if document.sign else (document.width, document.height)
    )
    windows = sorted(centre.windows, key=lambda window: window.number)
    return [Subject(window.key, window.name, window.number, *size) for window in windows]


def _sign_subjects(document: DocumentType, centre: CentreSpec) -> list[Subject]:
    """The sign that the document names, else every sign; one for each zone where the sign is per zone."""
    signs = [sign for sign in centre.signs if document.sign in {None, sign.key} and sign.per != "window"]
    entries = [entry for sign in signs for entry in _places(sign, centre)]
    return [
        Subject(key, label, number, *_sign_size(sign)) for number, (key, label, sign) in enumerate(entries, 1)
    ]


def _places(sign: Sign, centre: CentreSpec) -> list[tuple[str, str, Sign]]:
    if sign.per == "zone":
        return [(f"{sign.key}@{zone.key}", zone.name, sign) for zone in centre.zones]
    return [(sign.key, sign.name, sign)]


def _sign_size(sign: Sign) -> tuple[int, int]:
    return sign.width, sign.height


def _what(document: DocumentType, subject: Subject, script: str) -> str:
    """The short title, the number where there are several, and for items the name as well."""
    if document.per == "centre" or (document.per == "sign" and document.sign):
        return to_script(document.short_title, script)
    label = f"_{subject.label[:_LONGEST]}" if document.per in {"item", "window", "regime", "sign"} else ""
    return to_script(f"{document.short_title}{subject.number:02d}{label}", script)


def _size(subject: Subject) -> str:
    size = (subject.width, subject.height)
    return "" if size == A4 else f"{subject.width}x{subject.height}"


def _version(issue: Issue, script: str) -> str:
    return to_script("草稿", script) if issue.draft else f"v{issue.number}"
