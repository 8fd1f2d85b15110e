"""The centre and the rows that are the truth about it (design, "State"). Columns carry the names of the specs."""

import datetime as dt
from typing import Any

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    ForeignKey,
    ForeignKeyConstraint,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import Mapped, mapped_column

from townhall.database import Base, Canonical, Ordered, TenantOwned
from townhall.tenancy import Owned


class Centre(Owned, Base):
    """The tenant: one township's centre, pinned to a release and its county's overlay.

    `revision` counts applied changes from 1; `content_hash` is that of the configuration the rows say.
    """

    __tablename__ = "centre"
    __table_args__ = (
        CheckConstraint("envelope >= 0", name="envelope_not_negative"),
        CheckConstraint("revision >= 1", name="revision_counts_from_one"),
        CheckConstraint(
            "status IN ('preparing', 'active', 'suspended', 'archived', 'ended')", name="status_known"
        ),
    )

    unit_id: Mapped[str] = mapped_column(ForeignKey("unit.code"), primary_key=True)
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"), index=True)
    overlay_id: Mapped[int | None] = mapped_column(ForeignKey("county_overlay.id"))
    revision: Mapped[int]
    status: Mapped[str] = mapped_column(String(12))
    content_hash: Mapped[str] = mapped_column(String(64))
    created_at: Mapped[dt.datetime]
    updated_at: Mapped[dt.datetime]
    profile: Mapped[dict[str, Any]]
    hall: Mapped[dict[str, Any]]
    envelope: Mapped[int] = mapped_column(BigInteger)


class Window(TenantOwned, Ordered, Base):
    """A service window."""

    __tablename__ = "window"
    __table_args__ = (UniqueConstraint("unit_id", "number"),)

    unit_id: Mapped[str] = mapped_column(ForeignKey("centre.unit_id"), primary_key=True)
    number: Mapped[int]
    name: Mapped[str] = mapped_column(String(60))
    duties: Mapped[list[Any] | None]
    low_counter: Mapped[bool]
    note: Mapped[str | None] = mapped_column(Text)


class ServiceItem(TenantOwned, Ordered, Base):
    """A service item with the elements of its guide; composite elements are kept in canonical form."""

    __tablename__ = "service_item"

    unit_id: Mapped[str] = mapped_column(ForeignKey("centre.unit_id"), primary_key=True)
    name: Mapped[str] = mapped_column(String(120))
    former_names: Mapped[list[Any] | None]
    category: Mapped[str] = mapped_column(String(20))
    windows: Mapped[list[Any] | None]
    only_for: Mapped[list[Any] | None]
    code_scheme: Mapped[str | None] = mapped_column(String(60))
    code: Mapped[str | None] = mapped_column(String(80))
    item_type: Mapped[str] = mapped_column(String(30))
    review_type: Mapped[str | None] = mapped_column(String(30))
    targets: Mapped[list[Any] | None]
    scope: Mapped[str] = mapped_column(Text)
    description: Mapped[str] = mapped_column(Text)
    legal_basis: Mapped[Any] = mapped_column(Canonical)
    accepting_body: Mapped[Any] = mapped_column(Canonical)
    deciding_body: Mapped[Any] = mapped_column(Canonical)
    quantity_limit: Mapped[str] = mapped_column(Text)
    conditions: Mapped[list[Any] | None]
    prohibitions: Mapped[list[Any] | None]
    materials: Mapped[list[Any] | None]
    case_type: Mapped[str] = mapped_column(String(12))
    route: Mapped[str] = mapped_column(String(12))
    joint_bodies: Mapped[list[Any] | None]
    channels: Mapped[list[Any] | None]
    steps: Mapped[list[Any]]
    legal_limit: Mapped[Any | None] = mapped_column(Canonical)
    promised_limit: Mapped[Any] = mapped_column(Canonical)
    fee: Mapped[Any] = mapped_column(Canonical)
    result: Mapped[str] = mapped_column(Text)
    delivery: Mapped[str] = mapped_column(Text)
    rights: Mapped[list[Any] | None]
    duties: Mapped[list[Any] | None]
    remedies: Mapped[Any | None] = mapped_column(Canonical)
    visits: Mapped[int]
    visit_reason: Mapped[str | None] = mapped_column(Text)
    questions: Mapped[list[Any] | None]
    optional: Mapped[bool]


class Sign(TenantOwned, Base):
    """A sign standard of the prefecture as it applies here; sizes in millimetres."""

    __tablename__ = "sign"

    unit_id: Mapped[str] = mapped_column(ForeignKey("centre.unit_id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(60))
    text_rule: Mapped[str] = mapped_column(Text)
    per: Mapped[str] = mapped_column(String(12))
    width: Mapped[int]
    height: Mapped[int]
    material: Mapped[str] = mapped_column(Text)
    place: Mapped[str] = mapped_column(Text)
    ground: Mapped[str] = mapped_column(String(7))
    ink: Mapped[str] = mapped_column(String(7))
    face: Mapped[str] = mapped_column(String(8))
    to_be_confirmed: Mapped[str | None] = mapped_column(Text)


class Regime(TenantOwned, Ordered, Base):
    """A 制度; its text is generated from articles and parameters."""

    __tablename__ = "regime"

    unit_id: Mapped[str] = mapped_column(ForeignKey("centre.unit_id"), primary_key=True)
    title: Mapped[str] = mapped_column(String(60))
    source: Mapped[str] = mapped_column(Text)
    purpose: Mapped[str] = mapped_column(Text)
    parameters: Mapped[list[Any] | None]
    articles: Mapped[list[Any]]
    review: Mapped[str] = mapped_column(String(12))


class Post(TenantOwned, Ordered, Base):
    """A 崗位 with its duties."""

    __tablename__ = "post"

    unit_id: Mapped[str] = mapped_column(ForeignKey("centre.unit_id"), primary_key=True)
    title: Mapped[str] = mapped_column(String(60))
    window: Mapped[str | None] = mapped_column(String(80))
    duties: Mapped[list[Any]]


class Revision(Owned, Base):
    """The configuration after an apply or an edit, as its difference from the standard it is pinned to.

    Releases and overlays are immutable, so the difference is enough to rebuild the whole (rule M4), and a centre
    that has changed nothing costs nothing. `marks` are what the rows cannot say (`provisioning.marks`): those of
    the newest revision are in force. `plan_hash` makes applying a plan idempotent (rule I3).
    """

    __tablename__ = "revision"
    __table_args__ = (UniqueConstraint("unit_id", "plan_hash"),)

    unit_id: Mapped[str] = mapped_column(ForeignKey("centre.unit_id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    release_id: Mapped[int] = mapped_column(ForeignKey("release.id"))
    overlay_id: Mapped[int | None] = mapped_column(ForeignKey("county_overlay.id"))
    content_hash: Mapped[str] = mapped_column(String(64))
    changes: Mapped[list[Any]]
    marks: Mapped[list[Any] | None]
    plan_hash: Mapped[str | None] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(120))
    actor: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[dt.datetime]


class Question(Owned, Base):
    """An open conflict of a centre, so that the fleet's can be found and counted without opening centres.

    Written together with the revision whose marks it repeats. `question` is equal for all centres that have the
    same one (rule G6).
    """

    __tablename__ = "question"

    unit_id: Mapped[str] = mapped_column(ForeignKey("centre.unit_id"), primary_key=True)
    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    question: Mapped[str] = mapped_column(String(16), index=True)
    place: Mapped[str] = mapped_column(Text)
    code: Mapped[str] = mapped_column(String(12))
    until: Mapped[dt.date | None]
    opened_at: Mapped[dt.datetime]


class Outbox(Owned, Base):
    """What is to be done about a revision once it is committed, at least once (rule I5)."""

    __tablename__ = "outbox"
    __table_args__ = (ForeignKeyConstraint(["unit_id", "revision"], ["revision.unit_id", "revision.number"]),)

    unit_id: Mapped[str] = mapped_column(primary_key=True)
    revision: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(20), primary_key=True)
    created_at: Mapped[dt.datetime]
    done_at: Mapped[dt.datetime | None]


class DecisionRule(Base):
    """A standing answer to questions at a place, of a unit for itself and all below it (rule G7).

    `path` is a pattern as policies write it, `choice` one that needs no value. One that has ended decides nothing
    any more; what it decided stays.
    """

    __tablename__ = "decision_rule"
    __table_args__ = (CheckConstraint("choice IN ('留本地', '用模板')", name="choice_known"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    unit_code: Mapped[str] = mapped_column(ForeignKey("unit.code"), index=True)
    path: Mapped[str] = mapped_column(String(160))
    choice: Mapped[str] = mapped_column(String(12))
    reason: Mapped[str] = mapped_column(String(200))
    actor: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[dt.datetime]
    ended_at: Mapped[dt.datetime | None]
