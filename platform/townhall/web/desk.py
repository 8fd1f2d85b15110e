"""One township as the pages see it: its unit, its centre and the standard it is pinned to, read when needed."""

from dataclasses import dataclass
from functools import cached_property

from sqlalchemy.orm import Session

from provisioning.naming import bare
from provisioning.specs import CentreSpec, Pack
from townhall.centres.apply import Standard, pinned
from townhall.centres.models import Centre
from townhall.centres.readiness import Readiness, keep
from townhall.centres.rows import require_centre
from townhall.documents.commission import centre_name
from townhall.documents.production import Binder, binder
from townhall.script import to_script
from townhall.standards.operations import pack_of
from townhall.tenancy import Scope, enter, scope_of
from townhall.units.models import Level, Unit


@dataclass(eq=False)
class Desk:
    """`row` is None while the unit has no centre; everything that is derived from it then fails."""

    session: Session
    unit: Unit
    county: Unit
    row: Centre | None

    def forget(self) -> None:
        """Read anew what may have changed since it was read."""
        for name in ("spec", "standard", "pack"):
            self.__dict__.pop(name, None)

    @property
    def code(self) -> str:
        """The nine digits that stand in addresses."""
        return self.unit.short_code

    @property
    def centre(self) -> Centre:
        if self.row is None:
            raise LookupError(self.unit.code)
        return self.row

    @cached_property
    def prefecture(self) -> Unit:
        return self.session.get_one(Unit, self.county.parent_code)

    @cached_property
    def spec(self) -> CentreSpec:
        return require_centre(self.session, self.unit.code)

    @cached_property
    def standard(self) -> Standard:
        return pinned(self.session, self.unit)

    @cached_property
    def pack(self) -> Pack:
        return pack_of(self.standard.release)

    @property
    def readiness(self) -> Readiness:
        identity = (self.centre.content_hash, self.standard.release.content_hash)
        return keep(identity, self.spec, self.pack)

    @property
    def demonstration(self) -> bool:
        """Whether the county's layer is plainly invented."""
        overlay = self.standard.overlay
        return bool(overlay and overlay.content.get("demonstration"))

    def name(self, script: str) -> str:
        """The centre's name, from the stored form of the unit's name."""
        names = {bare(self.unit.name): bare(self.unit.name_hans)}
        return to_script(centre_name(self.unit.name, self.pack.header), script, names)

    def binder(self, public_url: str | None) -> Binder:
        """Everything that its documents are made from."""
        return binder(self.session, self.unit, public_url=public_url)


def find_desk(session: Session, code: str, within: Scope) -> Desk | None:
    """The township of a 9-digit code within what the reader holds, or None; the session is then for it alone."""
    unit = session.get(Unit, f"{code}000") if code.isascii() and code.isdigit() else None
    if unit is None or unit.level != Level.TOWNSHIP.value or not within.covers(unit.code):
        return None
    enter(session, scope_of(unit.code))
    return Desk(session, unit, session.get_one(Unit, unit.parent_code), session.get(Centre, unit.code))
