"""Saving what a form says: only what differs, against what the person was looking at."""

from collections.abc import Iterable
from typing import Any

from flask import request

from provisioning.canonical import canonical
from provisioning.specs import is_blank
from townhall.centres.edit import Edit, EditRefused, edit_centre
from townhall.web.desk import Desk
from townhall.web.guards import acting
from townhall.web.language import msgid

LONGEST = 4000  # characters of one field
TOO_LONG = msgid("內容過長，每格不得超過 4000 個字")
INVISIBLE = msgid("內容含有不可見的控制字符，請刪去後再保存")


def save(desk: Desk, edits: Iterable[Edit], reason: str, seen: str | None = None) -> tuple[str, ...]:
    """Apply edits; gives the reasons of a refusal, and then nothing has been written.

    `seen` is the content hash that the edits were made from, by default the one that the form brings.
    """
    try:
        edit_centre(
            desk.session,
            desk.unit,
            list(edits),
            seen=seen or request.form.get("seen") or "-",  # a form without it was not ours
            act=acting(reason),
        )
    except EditRefused as refusal:
        return refusal.reasons
    return ()


def entered(name: str) -> str:
    """A line or text as it was typed, without white space around it."""
    return request.form.get(name, "").replace("\r\n", "\n").strip()


def typed() -> dict[str, str]:
    """The form as it was sent, to show it again: without what no page may hold."""
    return {name: "".join(filter(_showable, entered(name))) for name in request.form}


def _showable(sign: str) -> bool:
    return sign.isprintable() or sign in "\n\u3000"


def faults(names: Iterable[str]) -> list[str]:
    """What no field may hold: texts beyond all measure, and control characters."""
    texts = [entered(name) for name in names]
    found = [TOO_LONG] if any(len(text) > LONGEST for text in texts) else []
    if any(not _showable(sign) for text in texts for sign in text):
        found.append(INVISIBLE)
    return found


def restored(standing: Any, standard: Any) -> Any:
    """What an emptied field becomes: what the standard says, which for a local fact is its blank again."""
    return canonical(standing) if is_blank(standing) else canonical(standard)
