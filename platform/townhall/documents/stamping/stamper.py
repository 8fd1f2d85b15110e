"""Which papers share a layout, and the layouts that there are: in memory, and on disk under a key of their own.

A paper is composed twice, in truth and in disguise. Where the two pages differ in the slots and nowhere else, the page
in disguise says everything that the layout depends on, and its hash is the key of the layout. So nothing needs to be
known of what a document reads, of what a template makes of it, or of which program wrote it.
"""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path
from typing import Any

from townhall.documents.errors import DocumentError
from townhall.documents.production import Binder, Order
from townhall.documents.public_facts import codes_in
from townhall.documents.sheet import Sheet
from townhall.documents.stamping.disguise import Disguise, NoDisguise, disguised
from townhall.documents.stamping.draft import Draft
from townhall.documents.stamping.layout import Layout, loaded
from townhall.documents.stamping.slots import Slot
from townhall.documents.stamping.splicing import Unknown
from townhall.documents.store import sheet_key, written

COMPILER_VERSION = 2  # raise when the same sheets compile to another layout
HELD = 512  # layouts in memory, some 100 MB


@dataclass(frozen=True, slots=True)
class Prepared:
    """A paper that may be stamped: the key of its layout, what that is made from, and the paper's own values."""

    key: str
    sheets: tuple[Sheet, Sheet]
    slots: tuple[Slot, ...]
    addresses: tuple[str, ...]

    @property
    def values(self) -> tuple[str, ...]:
        return tuple(slot.value for slot in self.slots)

    def draft(self, alphabet: frozenset[str]) -> Draft:
        return Draft(self.key, self.sheets, self.slots, alphabet, self.addresses)


class Township:
    """A centre whose papers in one script may share layouts with those of others."""

    def __init__(self, binder: Binder, script: str, faces: str) -> None:
        """`faces` is the digest of the faces. Raises `NoDisguise`."""
        self._binder, self._faces = binder, faces
        self._disguise: Disguise = disguised(binder, script)

    def prepared(self, order: Order) -> Prepared | None:
        """A paper with its layout's key; None for one that must be laid out by itself.

        Raises `DocumentError` for what stops the paper.
        """
        facts = self._binder.facts(order)
        real = self._binder.composed(order, facts)
        try:
            other_facts = self._disguise.other.facts(order)
            other = self._disguise.other.composed(order, other_facts)
        except DocumentError:
            return None
        slots = tuple(slot for slot in self._disguise.slots if slot.stands_in(other.html))
        pages = _without_codes(real.html, facts), _without_codes(other.html, other_facts)
        if replace(other, html="") != replace(real, html="") or not explained(*pages, slots):
            return None
        shapes = [[slot.name, slot.shape] for slot in slots]
        key = [COMPILER_VERSION, sheet_key(other, self._faces), shapes]
        addresses = dict.fromkeys(code["address"] for code in codes_in(other_facts))
        digest = hashlib.sha256(json.dumps(key).encode()).hexdigest()
        return Prepared(digest, (other, real), slots, tuple(addresses))


def _without_codes(html: str, facts: dict[str, Any]) -> str:
    """A page without the pictures of its QR codes, which are drawn anew for each address; the address is in its words."""
    for code in codes_in(facts):
        html = html.replace(code["image"], "")
    return html


def explained(real: str, other: str, slots: tuple[Slot, ...]) -> bool:
    """Whether two pages differ only where a slot stands in the second, and the first has the slot's value there."""
    if len(real) != len(other):
        return False
    meant = list(other)
    for place, character in _meant(other, slots):
        if real[place] == character:
            meant[place] = character
    return "".join(meant) == real


def _meant(other: str, slots: tuple[Slot, ...]) -> Iterator[tuple[int, str]]:
    letters = {
        slot.sentinel[at]: slot.value[at] for slot in slots if not slot.numeric for at in slot.replaced
    }
    yield from ((place, letters[one]) for place, one in enumerate(other) if one in letters)
    for slot in slots:
        at = other.find(slot.sentinel) if slot.numeric else -1
        while at >= 0:
            yield from ((at + inner, slot.value[inner]) for inner in slot.replaced)
            at = other.find(slot.sentinel, at + 1)


@dataclass
class Layouts:
    """The layouts of a directory; those that were used last stay in memory."""

    directory: Path
    _known: OrderedDict[str, Layout] = field(default_factory=OrderedDict)

    def get(self, key: str) -> Layout | None:
        """A layout that has been made before; what is not whole on disk counts as none."""
        if key not in self._known:
            try:
                self._hold(key, loaded(self._path(key).read_bytes()))
            except (OSError, ValueError):
                return None
        self._known.move_to_end(key)
        return self._known[key]

    def put(self, key: str, data: bytes) -> None:
        """Keep a layout, and take the place of an earlier one that could write fewer characters."""
        written(self._path(key), data)
        self._hold(key, loaded(data))

    def _hold(self, key: str, layout: Layout) -> None:
        self._known[key] = layout
        if len(self._known) > HELD:
            self._known.popitem(last=False)

    def _path(self, key: str) -> Path:
        return self.directory / "layouts" / key[:2] / key


@dataclass
class Stamper:
    """Stamps the papers of many townships. `alphabet` are the ideographs that their names and addresses have."""

    layouts: Layouts
    faces: str
    alphabet: frozenset[str] = frozenset()
    _townships: dict[str, tuple[Binder, Township | None]] = field(default_factory=dict)

    def prepared(self, binder: Binder, order: Order) -> Prepared | None:
        """A paper ready to be stamped, None for one that must be laid out by itself. Raises `DocumentError`."""
        known, township = self._townships.get(order.script, (None, None))
        if known is not binder:
            try:
                township = Township(binder, order.script, self.faces)
            except NoDisguise:
                township = None
            self._townships[order.script] = binder, township
        return township.prepared(order) if township else None

    def stamped(self, key: str, values: tuple[str, ...]) -> bytes | None:
        """A paper by its layout; None where there is none yet, or none that can write these values."""
        layout = self.layouts.get(key)
        try:
            return layout.stamped(values) if layout else None
        except Unknown as unknown:
            self.alphabet |= {*unknown.args, *chain.from_iterable(values)}
            return None
