"""The configuration of one centre: what its rows say, as one value (design, "State")."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field
from pydantic.types import StrictInt

from provisioning.specs.item import ServiceItem
from provisioning.specs.values import (
    Colour,
    Count,
    Fen,
    Fillable,
    Flag,
    Key,
    Keyed,
    Label,
    Measure,
    Millimetres,
    Name,
    Part,
    Positive,
    Spec,
    Text,
    Wording,
)


class Profile(Spec):
    """Local facts of the centre. Initial values are blanks: no phone, address or person is ever invented.

    The last four are parts of documents in the township's own words (`provisioning.parts`); without a text nothing
    stands in their place.
    """

    hotline: Fillable[Text]
    complaint_phone: Fillable[Text]
    address: Fillable[Text]
    opening_hours: Fillable[Text]
    director: Fillable[Text]
    director_title: Text = "主任（由一名副職領導兼任）"
    slogan: Text = "便民、利民、規範、高效"
    guide_notice: Wording | None = None
    guide_closing: Wording | None = None
    card_notice: Wording | None = None
    regime_closing: Wording | None = None


class Window(Keyed):
    """A service window; `number` is its natural key (rule A4), `duties` are printed as 崗位職責."""

    number: Positive
    name: Name
    duties: tuple[Text, ...] = ()
    low_counter: Flag = False
    note: Text | None = None


class HallPlan(Spec):
    """The inner rectangle of the hall in millimetres; the origin is its north-west corner, y grows southwards."""

    width: Annotated[Millimetres, Field(ge=3_000)]
    depth: Annotated[Millimetres, Field(ge=3_000)]
    height: Annotated[Millimetres, Field(ge=2_200)]
    note: Text | None = None


class Zone(Keyed):
    """A functional area (諮詢引導區, 等候休息區 …), a rectangle in hall millimetres."""

    name: Name
    x: Millimetres
    y: Millimetres
    width: Annotated[Millimetres, Field(ge=300)]
    depth: Annotated[Millimetres, Field(ge=300)]


class ObjectKind(StrEnum):
    COUNTER = "櫃台"
    LOW_COUNTER = "低位櫃台"
    SEAT = "座椅"
    TABLE = "桌"
    CABINET = "櫃"
    WATER = "飲水機"
    SCREEN = "顯示屏"
    TERMINAL = "自助終端"
    DOOR = "門"
    OTHER = "其他"


class HallObject(Keyed):
    """A thing that stands in the hall; x, y is the north-west corner of its footprint, in millimetres."""

    kind: ObjectKind
    name: Name
    x: Millimetres
    y: Millimetres
    width: Annotated[Millimetres, Field(ge=50)]
    depth: Annotated[Millimetres, Field(ge=50)]
    zone: Key | None = None
    window: Key | None = None
    fixture: Key | None = None


class Wall(StrEnum):
    NORTH = "北牆"
    EAST = "東牆"
    SOUTH = "南牆"
    WEST = "西牆"


class WallSlot(Keyed):
    """A place on a wall for paper: left offset as seen from inside, lower edge above floor, size; millimetres.

    `shows` names what hangs there: `regime:<key>`, `document:<document type>`, `fixture:<key>` or nothing yet.
    """

    wall: Wall
    offset: Millimetres
    bottom: Millimetres
    width: Annotated[Millimetres, Field(ge=50)]
    height: Annotated[Millimetres, Field(ge=50)]
    shows: Text | None = None


class SignKind(StrEnum):
    CENTRE = "中心標牌"
    WINDOW = "窗口標識牌"
    ZONE = "分區標識牌"
    NOTICE = "公示版面"


class Sign(Keyed):
    """A sign standard. Text is derived from `text_rule`; style fields are locked by the prefecture (IV.1.2).

    `text_rule` may use {centre_name}, {unit_name}, {window_number}, {window_name}, {zone_name}, {slogan}.
    """

    kind: SignKind
    name: Name
    text_rule: Text
    per: Annotated[str, Field(pattern="^(centre|window|zone)$")]
    width: Annotated[Millimetres, Field(ge=50, le=5_000)]
    height: Annotated[Millimetres, Field(ge=30, le=5_000)]
    material: Text
    place: Text
    ground: Colour
    ink: Colour
    face: Annotated[str, Field(pattern="^(song|hei)$")]
    to_be_confirmed: Text | None = None


class Quantity(Spec):
    """How many: `times` for each of `per`, and `plus` more."""

    per: Annotated[str, Field(pattern="^(centre|window|zone)$")] = "centre"
    times: Count = 1
    plus: Count = 0


class Requirement(StrEnum):
    MANDATORY = "必備"
    CONDITIONAL = "有條件的配備"
    OPTIONAL = "選配"


class BudgetCategory(StrEnum):
    """The three uses that the source allows (黔西南州建設方案, funding paragraph; domain 1.5)."""

    SITE = "中心場地建設"
    FACILITIES_SIGNS = "辦公設施購置及標牌製作"
    COMPUTERS_FURNITURE = "電腦、辦公桌椅採購"


class Fixture(Keyed):
    """A line of the fixture checklist; the estimate is in fen and stays empty until somebody asked a price.

    `on_hand` is what the township itself reports to have, a local fact without evidence yet.
    """

    name: Name
    group: Label
    requirement: Requirement
    quantity: Quantity
    unit: Measure
    specification: Text
    category: BudgetCategory
    estimate: Fen | None = None
    on_hand: Count = 0
    note: Text | None = None


class Parameter(Part):
    """A number that a regime's text is generated from, so that wall and rule cannot disagree."""

    label: Text
    value: Annotated[StrictInt, Field(ge=0, le=100_000)]
    unit: Text


class Article(Part):
    """One numbered article; `{parameter-key}` stands for a parameter with its unit."""

    text: Fillable[Text]


class Review(StrEnum):
    NONE = "無需審查"
    NEEDED = "需法制審查"
    PASSED = "已審查"


class Regime(Keyed):
    """A 制度: its articles, the numbers in them, where it comes from, and whether a lawyer must see it first."""

    title: Name
    source: Text
    purpose: Text
    parameters: tuple[Parameter, ...] = ()
    articles: Annotated[tuple[Article, ...], Field(min_length=1)]
    review: Review = Review.NONE


class Post(Keyed):
    """A 崗位 with its duties; `window` is set for window posts."""

    title: Name
    window: Key | None = None
    duties: Annotated[tuple[Text, ...], Field(min_length=1)]


class BudgetLine(Keyed):
    """The share of one category in the envelope, in basis points (10,000 = all).

    `amount` is its part in fen where a merger or a split of townships has fixed it: basis points are too coarse to
    keep every fen. Where all lines have one they count instead of the shares.
    """

    category: BudgetCategory
    share: Annotated[StrictInt, Field(ge=0, le=10_000)]
    origin: Text
    amount: Fen | None = None


class CentreSpec(Spec):
    """Everything that a centre has, by collection. Collections named in MANUAL keep the order they are given in."""

    profile: Profile
    envelope: Fen
    hall: HallPlan
    windows: tuple[Window, ...]
    items: tuple[ServiceItem, ...]
    zones: tuple[Zone, ...]
    objects: tuple[HallObject, ...]
    slots: tuple[WallSlot, ...]
    signs: tuple[Sign, ...]
    fixtures: tuple[Fixture, ...]
    regimes: tuple[Regime, ...]
    posts: tuple[Post, ...]
    budget: tuple[BudgetLine, ...]


def required(quantity: Quantity, centre: CentreSpec) -> int:
    """How many of a thing a centre needs by the rule of its quantity."""
    each = {"centre": 1, "window": len(centre.windows), "zone": len(centre.zones)}[quantity.per]
    return each * quantity.times + quantity.plus


RECORDS = ("profile", "envelope", "hall")
COLLECTIONS: dict[str, type[Keyed]] = {
    "windows": Window,
    "items": ServiceItem,
    "zones": Zone,
    "objects": HallObject,
    "slots": WallSlot,
    "signs": Sign,
    "fixtures": Fixture,
    "regimes": Regime,
    "posts": Post,
    "budget": BudgetLine,
}
# Rule D1: these collections are ordered by hand; the others by their key.
MANUAL = frozenset({"windows", "items", "regimes", "posts"})
