"""Compares pinned packages with a snapshot of published advisories, offline, and says how old the snapshot is.

.tools/scan/bin/python scripts/advisories.py requirements/*.txt

The snapshot is the package safety-db, which is no longer renewed: it knows of nothing that was published after its
date. So this can show that an old fault has come back, and cannot show that a new one is absent; for that, ask a
service that is kept up to date before each release. Exit code 1 when a pin is in it, 2 when the snapshot does not
even know what is long known.
"""

import datetime as dt
import importlib.util
import json
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

PIN = re.compile(r"^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([^ ;\\]+)")
# Published in 2018: whoever does not find it finds nothing.
LONG_KNOWN = ("flask", "0.12")
Advisory = dict[str, Any]


def snapshot() -> tuple[dt.date, dict[str, list[Advisory]]]:
    """The day of the snapshot and its advisories by package."""
    # Read as a file: the package itself looks for its data in the current folder.
    package = importlib.util.find_spec("safety_db")
    if package is None or package.origin is None:
        raise SystemExit("safety-db is not installed: scripts/scan.sh prepare")
    content = json.loads(Path(package.origin).with_name("insecure_full.json").read_text(encoding="utf-8"))
    made = dt.datetime.fromtimestamp(content.pop("$meta")["timestamp"], dt.UTC).date()
    return made, {canonicalize_name(name): found for name, found in content.items()}


def pins(path: Path) -> Iterator[tuple[str, str]]:
    """The packages of a lock file with their versions."""
    for line in path.read_text(encoding="utf-8").splitlines():
        if found := PIN.match(line):
            yield canonicalize_name(found[1]), found[2]


def known(advisories: dict[str, list[Advisory]], name: str, version: str) -> list[str]:
    """The names of the advisories that hold for a version."""
    return [
        one["cve"] or one["id"]
        for one in advisories.get(name, [])
        if any(SpecifierSet(specifier).contains(version, prereleases=True) for specifier in one["specs"])
    ]


def main() -> int:
    made, advisories = snapshot()
    if not known(advisories, *LONG_KNOWN):
        print(f"the snapshot does not know {'=='.join(LONG_KNOWN)}: it is no use", file=sys.stderr)
        return 2
    pinned = {pin for name in sys.argv[1:] for pin in pins(Path(name))}
    hits = {pin: found for pin in sorted(pinned) if (found := known(advisories, *pin))}
    for (name, version), found in hits.items():
        print(f"{name}=={version}: {', '.join(found)}")
    listed = sum(name in advisories for name, _ in pinned)
    years = (dt.datetime.now(dt.UTC).date() - made).days / 365.25
    print(
        f"advisories: snapshot of {made}, {years:.1f} years old: {len(hits)} of {len(pinned)} pins are in it "
        f"(it has advisories on {listed} of these packages). What was published since is not known here."
    )
    return 1 if hits else 0


if __name__ == "__main__":
    sys.exit(main())
