"""The seal of the audit: pure, and written down in docs/audit.md so that anybody can check it without us."""

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

START = "0" * 64
FIELDS = (
    *("unit_id", "number", "at", "login", "name", "role", "held", "action", "path"),
    *("changes", "reason", "basis", "correlation", "previous"),
)


def plain(record: Any) -> dict[str, Any]:
    """A record as it is sealed and exported: moments in UTC to the microsecond, everything else as it is."""
    values = {name: getattr(record, name) for name in FIELDS}
    moment: dt.datetime = values["at"]
    return values | {"at": moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")}


def digest_of(record: Mapping[str, Any]) -> str:
    """SHA-256 of the sealed fields as JSON: keys sorted, no spaces, characters as they are, UTF-8."""
    sealed = {name: record[name] for name in FIELDS}
    text = json.dumps(sealed, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Break:
    """The first place in a unit's chain that does not hold: its number and what is wrong, in Chinese."""

    unit_id: str
    number: int
    what: str

    def __str__(self) -> str:
        return f"{self.unit_id} 第 {self.number} 條：{self.what}"


def first_break(unit_id: str, records: Iterable[tuple[Mapping[str, Any], str]]) -> Break | None:
    """The first broken link of one chain, given its records with their digests by number; None when it holds."""
    previous = START
    for expected, (record, digest) in enumerate(records, start=1):
        for what in _faults(record, digest, expected, previous):
            return Break(unit_id, expected, what)
        previous = digest
    return None


def _faults(record: Mapping[str, Any], digest: str, expected: int, previous: str) -> Iterator[str]:
    if record["number"] != expected:
        yield f"缺少記錄（下一條是第 {record['number']} 條）"
    if record["previous"] != previous:
        yield "與前一條的封印不相接"
    if digest_of(record) != digest:
        yield "內容與封印不符"
