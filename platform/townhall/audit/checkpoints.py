"""What is kept elsewhere so that a whole chain cannot be made anew: the newest number and digest of each unit.

A chain shows that no row in it was changed. That its end was cut off, or that all of it was written again, only
somebody can tell who remembers how far it had come (security, 2b): a checkpoint is that memory, for the auditors.
"""

import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from townhall.audit.chain import Break
from townhall.audit.models import AuditRecord


class CheckpointInvalid(ValueError):
    """A file that is no checkpoint; the message says so in Chinese."""


def checkpoint(session: Session, moment: dt.datetime) -> dict[str, Any]:
    """How far every chain within the session's scope has come, as plain data."""
    newest = select(AuditRecord.unit_id, func.max(AuditRecord.number).label("number"))
    ends = newest.group_by(AuditRecord.unit_id).subquery()
    same = (AuditRecord.unit_id == ends.c.unit_id) & (AuditRecord.number == ends.c.number)
    rows = select(AuditRecord.unit_id, AuditRecord.number, AuditRecord.digest).join(ends, same)
    chains = {
        row.unit_id: [row.number, row.digest] for row in session.execute(rows.order_by(AuditRecord.unit_id))
    }
    return {"at": moment.astimezone(dt.UTC).isoformat(), "chains": chains}


def parsed(text: str) -> dict[str, list[Any]]:
    """The chains of a checkpoint's text. Raises `CheckpointInvalid`."""
    try:
        chains = json.loads(text)["chains"]
        sound = all(isinstance(number, int) and len(digest) == 64 for number, digest in chains.values())
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise CheckpointInvalid("不是審計檢查點檔案") from error
    if not sound:
        raise CheckpointInvalid("不是審計檢查點檔案")
    return dict(chains)


def missed(session: Session, chains: dict[str, list[Any]]) -> Iterator[Break]:
    """Chains that no longer hold what a checkpoint remembers: cut off, made anew or gone."""
    for unit_id, (number, digest) in sorted(chains.items()):
        standing = session.get(AuditRecord, (unit_id, number))
        if standing is None:
            yield Break(unit_id, number, "檢查點所記的記錄已不存在（尾部被截去或整鏈被刪除）")
        elif standing.digest != digest:
            yield Break(unit_id, number, "與檢查點所記不符（整鏈被重寫）")
