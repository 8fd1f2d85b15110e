"""Which papers share a layout, and the layouts that there are: in memory, and on disk under a key of their own.

A layout is kept under a hash of everything that its document says and how it looks, but for the slots. What a kind of
document reads of a centre stands in `context.KINDS`, so a township that has changed one item shares all its other
papers with everybody else.
"""

import hashlib
import json
from dataclasses import astuple, dataclass, field
from functools import cached_property, lru_cache
from itertools import chain
from pathlib import Path

from provisioning.canonical import canonical_text
from provisioning.memory import Remembered
from provisioning.specs import DocumentType
from townhall.documents.context import reads
from townhall.documents.production import Binder, Order
from townhall.documents.stamping.disguise import Disguise, NoDisguise, disguised
from townhall.documents.stamping.draft import Draft
from townhall.documents.stamping.layout import Layout, loaded
from townhall.documents.stamping.splicing import Unknown
from townhall.documents.store import RENDERER_VERSION, written

COMPILER_VERSION = 1  # raise when the same sheets compile to another layout


class Township:
    """A centre whose papers in one script may share layouts with those of others."""

    def __init__(self, binder: Binder, script: str, faces: str) -> None:
        """`faces` is the digest of the faces. Raises `NoDisguise`."""
        self.binder, self.script, self._faces = binder, script, faces
        self.disguise: Disguise = disguised(binder, script)
        self._digests: dict[str, str] = {}

    @property
    def values(self) -> tuple[str, ...]:
        return self.disguise.values

    def key(self, order: Order) -> str:
        """64 hexadecimal digits: papers with the same key have the same layout."""
        document = order.document
        facts = [
            self._common,
            _of_document(document),
            order.subject.key,
            *(self._digest(section) for section in reads(document) if section != _OWN.get(document.per)),
            self._subject(document, order.subject.key),
        ]
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()

    def draft(self, order: Order, alphabet: frozenset[str]) -> Draft:
        """What the layout of a paper is made from. Raises `DocumentError` for what stops the paper itself."""
        real, other = self.binder.sheet(order), self.disguise.other
        facts = other.facts(order)
        address = facts.get("qr", {}).get("address")
        sheets = other.composed(order, facts), real
        return Draft(self.key(order), sheets, self.disguise.slots, alphabet, (address,) if address else ())

    @cached_property
    def _common(self) -> str:
        other = self.disguise.other
        issue = other.issue
        facts = [
            COMPILER_VERSION,
            RENDERER_VERSION,
            self._faces,
            self.script,
            self.disguise.shape,
            astuple(other.unit),
            [issue.draft, issue.demonstration, issue.public_url],
            canonical_text(other.pack.header),
            canonical_text(other.centre.profile),
            _of_templates(tuple(sorted(other.pack.templates.items()))),
            other.way.address if other.way else None,
        ]
        return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()

    def _digest(self, section: str) -> str:
        if section not in self._digests:
            value = getattr(self.binder.centre, section)
            texts = [*map(_text, value)] if isinstance(value, tuple) else [canonical_text(value)]
            self._digests[section] = hashlib.sha256("\0".join(texts).encode()).hexdigest()
        return self._digests[section]

    def _subject(self, document: DocumentType, key: str | None) -> str | None:
        section = _OWN.get(document.per)
        if section is None or section not in reads(document):
            return None
        return next((_text(one) for one in getattr(self.binder.centre, section) if one.key == key), None)


# Of these a document reads its subject only.
_OWN = {"item": "items", "regime": "regimes"}
_text: Remembered[str] = Remembered(lambda item: hashlib.sha256(canonical_text(item).encode()).hexdigest())
_of_document: Remembered[str] = Remembered(canonical_text)


@lru_cache(maxsize=16)
def _of_templates(templates: tuple[tuple[str, str], ...]) -> str:
    return hashlib.sha256(json.dumps(templates, ensure_ascii=False).encode()).hexdigest()


@dataclass
class Layouts:
    """The layouts of a directory; those that were used stay in memory."""

    directory: Path
    _known: dict[str, Layout] = field(default_factory=dict)

    def get(self, key: str) -> Layout | None:
        """A layout that has been made before."""
        if key not in self._known:
            path = self._path(key)
            if not path.is_file():
                return None
            self._known[key] = loaded(path.read_bytes())
        return self._known[key]

    def put(self, key: str, data: bytes) -> Layout:
        """Keep a layout, and take the place of an earlier one that could write fewer characters."""
        written(self._path(key), data)
        self._known[key] = loaded(data)
        return self._known[key]

    def _path(self, key: str) -> Path:
        return self.directory / "layouts" / key[:2] / key


@dataclass
class Stamper:
    """Stamps the papers of many townships. `alphabet` are the ideographs that their names and addresses have."""

    layouts: Layouts
    faces: str
    alphabet: frozenset[str] = frozenset()
    _townships: dict[str, tuple[Binder, Township | None]] = field(default_factory=dict)

    def township(self, binder: Binder, script: str) -> Township | None:
        """The centre in disguise, None for one whose texts cannot be replaced. The last of each script is kept."""
        known, township = self._townships.get(script, (None, None))
        if known is not binder:
            try:
                township = Township(binder, script, self.faces)
            except NoDisguise:
                township = None
            self._townships[script] = binder, township
        return township

    def stamped(self, key: str, values: tuple[str, ...]) -> bytes | None:
        """A paper by its layout; None where there is none yet, or none that can write these values."""
        layout = self.layouts.get(key)
        try:
            return layout.stamped(values) if layout else None
        except Unknown as unknown:
            self.alphabet |= {*unknown.args, *chain.from_iterable(values)}
            return None

    def draft(self, township: Township, order: Order) -> Draft:
        """What the layout of a paper is made from; its alphabet never shrinks. Raises `DocumentError`."""
        return township.draft(order, self.alphabet)
