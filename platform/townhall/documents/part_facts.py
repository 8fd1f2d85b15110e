"""What a township wrote into a document itself, as it stands on one paper (`provisioning.parts`)."""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from provisioning.labels import FIELD
from provisioning.partlanguage import BadPart, jinja, mentioned
from provisioning.parts import BY_FIELD, read
from townhall.documents.booth import Templates, booth
from townhall.documents.commission import Commission
from townhall.documents.errors import DocumentError
from townhall.documents.fields import day

_Fill = Callable[[Commission], str]
_FILLED: Mapping[str, _Fill] = {
    "centre": lambda one: one.pen.text(one.centre_name),
    "unit": lambda one: one.pen.text(one.unit.name),
    "hotline": lambda one: one.pen.fill(one.centre.profile.hotline, "熱線電話"),
    "complaint_phone": lambda one: one.pen.fill(one.centre.profile.complaint_phone, "監督投訴電話"),
    "address": lambda one: one.pen.fill(one.centre.profile.address, "辦公地址"),
    "opening_hours": lambda one: one.pen.fill(one.centre.profile.opening_hours, "辦公時間"),
    "date": lambda one: day(one.issue.date),
}

# Where each part lies in the facts of its papers.
_PLACE: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "guide_notice": ("notice",),
        "guide_closing": ("closing",),
        "card_notice": ("card", "notice"),
        "regime_closing": ("regime", "closing"),
    }
)


def placed(field: str, facts: Any) -> list[str]:
    """The lines of a part as the facts of one of its papers (`context`) have them."""
    for name in _PLACE[field]:
        facts = facts[name]
    return list(facts)


def told(commission: Commission, field: str, **own: str) -> list[str]:
    """The lines of a part, in the script of the paper; none where the township has written nothing.

    `own` are the facts of this paper that no other has. A blank that is mentioned counts as met, so it keeps the
    paper from being printed. Raises `DocumentError` for a text that is not in the language of parts.
    """
    text = getattr(commission.centre.profile, field)
    if text is None:
        return []
    try:
        nodes = read(BY_FIELD[field], text)
    except BadPart as bad:
        raise DocumentError(f"「{FIELD[field]}」有誤：{bad}") from bad
    values = {key: own[key] if key in own else _FILLED[key](commission) for key in set(mentioned(nodes))}
    templates = Templates((("part", jinja(nodes, commission.pen.text)),), escaping=False)
    lines = booth().text(templates, "part", values).splitlines()
    return [line.strip() for line in lines if line.strip()]
