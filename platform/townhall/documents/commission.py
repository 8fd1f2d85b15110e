"""What is asked for: one document of one subject, for one centre, in one script, as one edition."""

import base64
import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TypeVar

from provisioning.naming import bare
from provisioning.specs import CentreSpec, DocumentType, Header, Keyed
from townhall.documents.errors import DocumentError
from townhall.documents.fields import Pen, substitute

K = TypeVar("K", bound=Keyed)


@dataclass(frozen=True)
class UnitFacts:
    """A township-level unit; both scripts of every name are stored, none is ever converted.

    `code` is the 9-digit or 12-digit statistics code as text.
    """

    code: str
    name: str
    name_hans: str
    kind: str
    county: str
    county_hans: str
    prefecture: str
    prefecture_hans: str

    @property
    def code9(self) -> str:
        return self.code[:9]

    @property
    def names(self) -> Mapping[str, str]:
        """Each name with its stored Simplified form."""
        pairs = {
            self.name: self.name_hans,
            self.county: self.county_hans,
            self.prefecture: self.prefecture_hans,
        }
        return pairs | {bare(self.name): bare(self.name_hans)}


@dataclass(frozen=True)
class Issue:
    """The edition: its date and number are given, never asked from a clock.

    `public_url` is the address of the public site without a closing slash; without it no code is printed.
    """

    date: dt.date
    number: str
    draft: bool
    demonstration: bool
    public_url: str | None


@dataclass(frozen=True)
class Illustration:
    """A picture that papers bear, as we painted it: its type, its size in pixels, its bytes."""

    mime: str
    width: int
    height: int
    data: bytes

    @cached_property
    def address(self) -> str:
        """The picture as a `data:` address."""
        return f"data:{self.mime};base64,{base64.b64encode(self.data).decode()}"


@dataclass(frozen=True)
class Commission:
    """Everything that one document is made from, and the pen that writes it."""

    document: DocumentType
    subject: str | None
    centre: CentreSpec
    unit: UnitFacts
    header: Header
    issue: Issue
    pen: Pen
    way: Illustration | None = None  # how to get there

    @cached_property
    def centre_name(self) -> str:
        """The name in the canonical script, e.g. 黃草街道便民服務中心."""
        return centre_name(self.unit.name, self.header)

    def chosen(self, collection: tuple[K, ...]) -> K:
        """The item of a collection that this document is about.

        Raises `DocumentError` when the centre has none of this key.
        """
        for item in collection:
            if item.key == self.subject:
                return item
        raise DocumentError(f"「{self.document.title}」所指的「{self.subject or '（未指明）'}」不存在")


def centre_name(unit_name: str, header: Header) -> str:
    """The legal name of the centre by the standard's rule (黔西南州建設方案, hardware 2)."""
    return substitute(header.centre_name, {"unit_name": bare(unit_name)})
