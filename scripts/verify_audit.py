#!/usr/bin/env python3
"""Checks an exported audit without any part of Townhall: Python's standard library and nothing else.

    python3 verify_audit.py EXPORT.jsonl [CHECKPOINT.json]

Exit code 0 when every chain holds and reaches what the checkpoint remembers, 1 otherwise; each break is named by
unit and number. How records are sealed is written down in docs/audit.md.
"""

import hashlib
import json
import sys

FIELDS = (
    *("unit_id", "number", "at", "login", "name", "role", "held", "action", "path"),
    *("changes", "reason", "basis", "correlation", "previous"),
)


def sealed(record):
    text = json.dumps(
        {name: record[name] for name in FIELDS}, ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    return hashlib.sha256(text.encode()).hexdigest()


def check(path):
    """The breaks of every chain, and where each unit's digests stand."""
    ends, breaks, digests, broken = {}, [], {}, set()
    with open(path, encoding="utf-8") as file:
        for line in file:
            record = json.loads(line)
            unit = record["unit_id"]
            number, previous = ends.get(unit, (0, "0" * 64))
            right = record["number"] == number + 1 and record["previous"] == previous
            if not (right and sealed(record) == record["digest"]) and unit not in broken:
                broken.add(unit)
                breaks.append(f"{unit} {number + 1}")
            ends[unit] = record["number"], record["digest"]
            digests[unit, record["number"]] = record["digest"]
    return breaks, digests


def main(arguments):
    breaks, digests = check(arguments[0])
    if len(arguments) > 1:
        with open(arguments[1], encoding="utf-8") as file:
            kept = json.load(file)["chains"]
        units = {unit for unit, _ in digests}
        breaks += [
            f"{unit} {number} (checkpoint)"
            for unit, (number, digest) in kept.items()
            if unit in units and digests.get((unit, number)) != digest
        ]
    for one in breaks:
        print("BROKEN", one)
    print(f"{len(digests)} records, {len(breaks)} breaks")
    return 1 if breaks else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
