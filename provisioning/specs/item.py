"""A service item with the element list of a 辦事指南 (domain 2.1: GB/T 36114, 2016 指引 附錄2)."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from provisioning.specs.values import (
    Count,
    Duration,
    Fillable,
    Flag,
    Key,
    Keyed,
    Label,
    Members,
    Name,
    Part,
    Spec,
    Text,
    Title,
    UnitKind,
)


class Category(StrEnum):
    CIVIL_AFFAIRS = "民政事務"
    SOCIAL_SECURITY = "社會保障"
    MEDICAL_INSURANCE = "醫療保障"
    AGRICULTURE = "農業農村"
    LAND_HOUSING = "國土住建"
    HEALTH_FAMILY = "衛生健康"
    MARKET_TAX = "市場稅務"
    PETITION_LEGAL = "信訪法務"
    GENERAL = "綜合服務"


class CaseType(StrEnum):
    """How a case ends (太湖鄉管理辦法 第十三條). 補辦 is a state and 代辦 a route, so neither is here."""

    IMMEDIATE = "即辦件"
    PROMISED = "承諾件"
    JOINT = "聯辦件"


class Route(StrEnum):
    DIRECT = "直接辦理"
    PROXY = "代辦"


class Target(StrEnum):
    PERSON = "自然人"
    ORGANISATION = "法人和其他組織"


class MaterialForm(StrEnum):
    ORIGINAL = "原件"
    COPY = "複印件"
    BOTH = "原件和複印件"
    FORM = "表格"


class MaterialNeed(StrEnum):
    REQUIRED = "必要"
    CONDITIONAL = "特定情形必要"
    OPTIONAL = "非必要"


class Material(Part):
    """One line of 申請材料: what, in which form, how many, from where."""

    name: Text
    form: MaterialForm = MaterialForm.ORIGINAL
    copies: Annotated[Count, Field(ge=1)] = 1
    need: MaterialNeed = MaterialNeed.REQUIRED
    condition: Text | None = None
    source: Text
    note: Text | None = None


class Step(Part):
    """One step of 辦理流程: what happens, who does it, how long it may take of the promised limit."""

    name: Text
    actor: Text
    action: Text
    limit: Duration | None = None


class Fee(Spec):
    """收費: `free` is a statement and needs no basis; a charge needs standard and basis (六公開)."""

    free: Flag
    standard: Fillable[Text] | None = None
    basis: Fillable[Text] | None = None


class Question(Part):
    question: Text
    answer: Text


class ServiceItem(Keyed):
    """A thing a citizen comes for. Fields follow the full guide; a Blank blocks printing of the guide."""

    name: Title
    former_names: Members[Text] = frozenset()
    category: Category
    windows: Members[Key] = frozenset()
    only_for: Members[UnitKind] = frozenset()
    code_scheme: Name | None = None
    code: Name | None = None
    item_type: Label
    review_type: Label | None = None
    targets: Annotated[Members[Target], Field(min_length=1)]
    scope: Text
    description: Text
    legal_basis: Fillable[Annotated[tuple[Text, ...], Field(min_length=1)]]
    accepting_body: Fillable[Text]
    deciding_body: Fillable[Text]
    quantity_limit: Text = "無數量限制"
    conditions: tuple[Text, ...] = ()
    prohibitions: tuple[Text, ...] = ()
    materials: tuple[Material, ...] = ()
    case_type: CaseType
    route: Route = Route.DIRECT
    joint_bodies: Members[Text] = frozenset()
    channels: Annotated[tuple[Text, ...], Field(min_length=1)] = ("窗口辦理",)
    steps: Annotated[tuple[Step, ...], Field(min_length=1)]
    legal_limit: Fillable[Duration] | None = None
    promised_limit: Fillable[Duration]
    fee: Fillable[Fee]
    result: Text
    delivery: Text
    rights: tuple[Text, ...] = ()
    duties: tuple[Text, ...] = ()
    remedies: Fillable[Text] | None = None
    visits: Annotated[Count, Field(le=9)] = 1
    visit_reason: Text | None = None
    questions: tuple[Question, ...] = ()
    optional: Flag = False
