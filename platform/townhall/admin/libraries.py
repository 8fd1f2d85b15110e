"""What the prefecture keeps for all: holidays, suppliers, releases of the standard, the tree of units."""

import re
from typing import Any, ClassVar

from sqlalchemy.orm import Query, defer
from wtforms import Form  # type: ignore[import-untyped]

from townhall.accounts.rights import Right
from townhall.admin.cells import Choice, Formatter, dated, marked, said
from townhall.admin.forms import DAY_KINDS, HolidayForm, SupplierForm
from townhall.admin.table import Table
from townhall.lookups.models import DayKind, Holiday, Supplier
from townhall.lookups.operations import (
    HolidayEntry,
    SupplierEntry,
    add_holiday,
    add_supplier,
    change_holiday,
    change_supplier,
    remove_holiday,
    remove_supplier,
)
from townhall.standards.models import Release, Status
from townhall.tenancy import scope_of
from townhall.units.models import Level, Unit
from townhall.web.edge import database
from townhall.web.guards import acting, held_unit
from townhall.web.language import msgid
from townhall.web.shell import day, place

ACTIVE = {True: ("complete", "circle-check", msgid("在用")), False: ("closed", "x", msgid("已停用"))}
STATUS = {
    Status.DRAFT.value: ("open", "edit", msgid("草稿")),
    Status.PUBLISHED.value: ("complete", "circle-check", msgid("已發布")),
    Status.WITHDRAWN.value: ("closed", "x", msgid("已撤回")),
}
KIND = {
    DayKind.OFF.value: ("complete", "calendar-event", DAY_KINDS[DayKind.OFF.value]),
    DayKind.WORK.value: ("open", "door", DAY_KINDS[DayKind.WORK.value]),
}
LEVEL_NAMES = {
    Level.PREFECTURE.value: msgid("州"),
    Level.COUNTY.value: msgid("縣市"),
    Level.TOWNSHIP.value: msgid("鄉鎮街道"),
    Level.VILLAGE.value: msgid("村社區"),
}


class Holidays(Table):
    """Days off and weekend days worked for them."""

    right = Right.LIBRARIES
    purpose = msgid("放假和調休上班的日子，以國務院辦公廳的通知為準。")
    adding = msgid("新增節假日")
    nothing = msgid("還沒有節假日。請按國務院辦公廳每年的通知逐日填寫。")
    fields = HolidayForm
    sealed = ("date", "kind", "name", "source")
    can_create = can_edit = can_delete = True

    column_list = column_details_list = ("date", "kind", "name", "source")
    form_columns = sealed
    column_labels: ClassVar[dict[str, str]] = {
        "date": msgid("日期"),
        "kind": msgid("類別"),
        "name": msgid("名稱"),
        "source": msgid("依據"),
    }
    column_sortable_list = ("date", "kind", "name")
    column_default_sort = ("date", True)
    column_formatters: ClassVar[dict[str, Formatter]] = {"date": dated, "kind": marked(KIND)}
    searched = (Holiday.name, Holiday.source, Holiday.date)
    search_hint = msgid("名稱、依據或日期，如 2026-10")
    column_filters = (
        Choice(Holiday.kind, "kind", msgid("類別"), {key: (key, words) for key, words in DAY_KINDS.items()}),
    )

    def named(self, row: Holiday) -> str:
        """Name and date: the same name stands on several days."""
        return f"{row.name}（{row.date.isoformat()}）"

    def add(self, form: Form) -> None:
        """Raises `EntryRefused`."""
        act = acting()
        add_holiday(database(), act, act.held, _day_of(form))

    def change(self, form: Form, row: Holiday) -> None:
        """Raises `EntryRefused`."""
        act = acting()
        change_holiday(database(), act, act.held, row, _day_of(form))

    def remove(self, row: Holiday) -> None:
        """Take the day out of the table."""
        act = acting()
        remove_holiday(database(), act, act.held, row)


def _day_of(form: Form) -> HolidayEntry:
    return HolidayEntry(form.date.data, DayKind(form.kind.data), form.name.data, form.source.data)


class Suppliers(Table):
    """Whoever things are bought from."""

    right = Right.LIBRARIES
    purpose = msgid("設施、標牌和印製的供應單位名錄。")
    adding = msgid("新增供應商")
    nothing = msgid("還沒有供應商。")
    fields = SupplierForm
    sealed = ("name", "credit_code", "contact", "phone", "note", "active")
    can_create = can_edit = can_delete = True

    column_list = ("name", "credit_code", "contact", "phone", "active")
    column_details_list = form_columns = sealed
    column_labels: ClassVar[dict[str, str]] = {
        "name": msgid("名稱"),
        "credit_code": msgid("統一社會信用代碼"),
        "contact": msgid("聯繫人"),
        "phone": msgid("電話"),
        "note": msgid("備註"),
        "active": msgid("狀態"),
    }
    column_sortable_list = ("name", "credit_code", "active")
    column_default_sort = "name"
    column_formatters: ClassVar[dict[str, Formatter]] = {"active": marked(ACTIVE)}
    searched = (Supplier.name, Supplier.credit_code, Supplier.contact, Supplier.phone)
    search_hint = msgid("名稱、代碼、聯繫人或電話")
    column_filters = (
        Choice(
            Supplier.active,
            "active",
            msgid("狀態"),
            {"1": (True, msgid("在用")), "0": (False, msgid("已停用"))},
        ),
    )

    def add(self, form: Form) -> None:
        """Raises `EntryRefused`."""
        act = acting()
        add_supplier(database(), act, act.held, SupplierEntry(**form.data))

    def change(self, form: Form, row: Supplier) -> None:
        """Raises `EntryRefused`."""
        act = acting()
        change_supplier(database(), act, act.held, row, SupplierEntry(**form.data))

    def remove(self, row: Supplier) -> None:
        """Take the supplier out of the table."""
        act = acting()
        remove_supplier(database(), act, act.held, row)


class Releases(Table):
    """The releases of the standard, to look at."""

    right = Right.LIBRARIES
    purpose = msgid("州標準的各個版本。版本發布後不再改動，只能查看。")
    nothing = msgid("還沒有發布任何標準。")

    column_list = ("title", "number", "pack", "status", "content_hash", "published_at")
    column_details_list = column_list
    column_labels: ClassVar[dict[str, str]] = {
        "number": msgid("版本號"),
        "title": msgid("標題"),
        "pack": msgid("標準包"),
        "status": msgid("狀態"),
        "content_hash": msgid("內容摘要（前 12 位）"),
        "published_at": msgid("發布日期"),
    }
    column_sortable_list = ("number", "pack", "status", "published_at")
    column_default_sort = ("number", True)
    column_formatters: ClassVar[dict[str, Formatter]] = {
        "content_hash": lambda _view, _context, row, _name: row.content_hash[:12],
        "published_at": lambda _view, _context, row, _name: day(row.published_at) if row.published_at else "",
        "status": marked(STATUS),
    }
    searched = (Release.title, Release.pack)
    search_hint = msgid("標題或標準包")

    def get_query(self) -> Query[Any]:
        """Without what they consist of: a list of releases would read all the standards there ever were."""
        return self.rows().options(defer(Release.content))

    def named(self, row: Release) -> str:
        """Title and number."""
        return f"{row.title}（{row.number}）"


class Units(Table):
    """The tree of units from the reader's own downwards, to look at."""

    right = Right.LIBRARIES
    purpose = msgid("轄區內的行政單位，代碼按國家統計局的統計用區劃代碼。由開通名冊維護，只能查看。")
    nothing = msgid("還沒有單位。請先導入名冊。")

    column_list = ("name", "code", "level", "kind", "parent_code")
    column_details_list = ("name", "name_hans", "code", "level", "kind", "parent_code", "ethnic")
    column_labels: ClassVar[dict[str, str]] = {
        "name": msgid("名稱"),
        "name_hans": msgid("簡體名稱"),
        "code": msgid("代碼"),
        "level": msgid("層級"),
        "kind": msgid("類型"),
        "parent_code": msgid("上級代碼"),
        "ethnic": msgid("民族"),
    }
    column_sortable_list = ("name", "code", "level", "parent_code")
    column_default_sort = "code"
    column_formatters: ClassVar[dict[str, Formatter]] = {
        "level": said(LEVEL_NAMES),
        "name": lambda _view, _context, row, _name: place(row),
    }
    searched = (Unit.name, Unit.name_hans, Unit.code)
    search_hint = msgid("名稱或代碼，繁簡均可")
    column_filters = (
        Choice(Unit.level, "level", msgid("層級"), {key: (key, words) for key, words in LEVEL_NAMES.items()}),
    )

    def rows(self) -> Query[Any]:
        """The reader's own unit and what lies below it."""
        scope = scope_of(held_unit().code)
        return super().rows().filter(Unit.code.between(scope.first, scope.last))

    def key_of(self, text: Any) -> str | None:
        """A unit is known by its code of 12 digits."""
        return text if isinstance(text, str) and re.fullmatch("[0-9]{12}", text) else None

    def named(self, row: Unit) -> str:
        """The stored name in the reader's script."""
        return place(row)
