"""Accounts and the roles they hold, as far as they lie within the unit in which the reader's own role is held."""

from typing import Any, ClassVar

from flask import abort, request
from flask.typing import ResponseReturnValue
from flask_admin import expose  # type: ignore[import-untyped]
from sqlalchemy import not_, select
from sqlalchemy.orm import Query, selectinload
from wtforms import Form, SelectChoice  # type: ignore[import-untyped]

from townhall.accounts.models import Membership, Role, User
from townhall.accounts.operations import AccountRefused, grant_role, rename, set_active, withdraw_role
from townhall.accounts.people import holds_within
from townhall.accounts.rights import LEVELS, Right, may_grant
from townhall.admin.cells import Choice, Formatter, marked
from townhall.admin.forms import AccountForm, GrantForm
from townhall.admin.libraries import ACTIVE
from townhall.admin.table import SAVED, STALE, Table
from townhall.tenancy import Scope, scope_of
from townhall.units.models import Level, Unit
from townhall.web.edge import database
from townhall.web.guards import acting, held_unit, here, holding
from townhall.web.language import msgid, translate
from townhall.web.shell import ROLES, day, place

OWN = msgid("不能停用自己的賬號。")
IN_USE = msgid("不能撤銷自己正在使用的角色。")
LAST = msgid("這是該賬號唯一的角色。請先授予新的角色，或者停用賬號。")
HELD = msgid("該賬號在這個單位已有這個角色。")
WRONG_LEVEL = msgid("這個角色不能設在這一級單位。")


def reach() -> Scope:
    """The units whose people the reader may see."""
    return scope_of(held_unit().code)


def _within(scope: Scope) -> Any:
    return Membership.unit_id.between(scope.first, scope.last)


class Accounts(Table):
    """The accounts of the people within reach; they are opened by invitations, not here."""

    right = Right.ACCOUNTS
    purpose = msgid("轄區內各單位的登錄賬號。新賬號由邀請鏈接開立，停用後立即退出登錄。")
    nothing = msgid("轄區內還沒有賬號。")
    fields = AccountForm
    sealed = ("name", "active")
    can_edit = True
    details_template = "data/account.html"

    column_list = ("login", "name", "active", "created_at")
    column_details_list = column_list
    form_columns = ("name",)
    column_labels: ClassVar[dict[str, str]] = {
        "login": msgid("賬號"),
        "name": msgid("姓名或崗位"),
        "active": msgid("狀態"),
        "created_at": msgid("開立日期"),
    }
    column_sortable_list = column_list
    column_default_sort = "login"
    column_formatters: ClassVar[dict[str, Formatter]] = {
        "active": marked(ACTIVE),
        "created_at": lambda _view, _context, row, _name: day(row.created_at),
    }
    searched = (User.login, User.name)
    search_hint = msgid("賬號或姓名")
    column_filters = (
        Choice(
            User.active, "active", msgid("狀態"), {"1": (True, msgid("在用")), "0": (False, msgid("已停用"))}
        ),
    )

    def rows(self) -> Query[Any]:
        """Whoever holds a role within reach, whatever else they hold."""
        return super().rows().filter(holds_within(reach()))

    def get_query(self) -> Query[Any]:
        """With the roles at once: each line of the list asks whether it may be changed."""
        return self.rows().options(selectinload(User.memberships))

    def named(self, row: User) -> str:
        """Name and login: people share names."""
        return f"{row.name}（{row.login}）"

    def held_within(self, row: User) -> list[Membership]:
        """The roles of an account that the reader may know of."""
        return [held for held in row.memberships if reach().covers(held.unit_id)]

    def may_change(self, row: User) -> bool:
        """An account that also acts elsewhere is not this unit's alone to change."""
        return len(self.held_within(row)) == len(row.memberships)

    def is_own(self, row: User) -> bool:
        """Whether it is the reader's own account."""
        return row.id == here().user.id

    def change(self, form: Form, row: User) -> None:
        """Raises `AccountRefused`."""
        rename(database(), acting(), row, form.name.data)

    @expose("/active/", methods=("GET", "POST"))
    def active_view(self) -> ResponseReturnValue:
        """Ask, then close an open account or open a closed one."""
        row = self.asked_for()
        if not self.may_change(row):
            abort(403)
        reasons: tuple[str, ...] = ()
        if request.method == "POST":
            reasons = (STALE,) if self._stale(row) else self._refusal(self._turn, row)
            if not reasons:
                return self._done(SAVED)
        return self._answer("data/active.html", row=row, reasons=reasons)

    def _turn(self, row: User) -> None:
        if self.is_own(row):
            raise AccountRefused(OWN)
        set_active(database(), acting(), row, not row.active)


class Memberships(Table):
    """The roles held within reach."""

    right = Right.ACCOUNTS
    purpose = msgid("誰在哪個單位擔任什麼角色。角色在該單位及其下級有效。")
    nothing = msgid("轄區內還沒有角色。")
    adding, removing, removed = msgid("授予角色"), msgid("撤銷"), msgid("已撤銷。")
    question = msgid("確定要撤銷「{name}」嗎？該賬號的下一次操作起不再有這個角色，審計中會保留記錄。")
    fields = GrantForm
    sealed = ("user_id", "role", "unit_id")
    can_create = can_delete = True

    column_list = ("user.name", "user.login", "role", "unit_id", "granted_at")
    column_details_list = (*column_list, "granted_by")
    column_labels: ClassVar[dict[str, str]] = {
        "user.name": msgid("姓名或崗位"),
        "user.login": msgid("賬號"),
        "role": msgid("角色"),
        "unit_id": msgid("單位"),
        "granted_at": msgid("授予日期"),
        "granted_by": msgid("授予人"),
    }
    column_sortable_list = ("user.name", "user.login", "role", "unit_id", "granted_at")
    column_default_sort = "unit_id"
    column_select_related_list = (Membership.user, Membership.unit)
    column_formatters: ClassVar[dict[str, Formatter]] = {
        "role": lambda _view, _context, row, _name: translate(ROLES[Role(row.role)]),
        "unit_id": lambda _view, _context, row, _name: place(row.unit),
        "granted_at": lambda _view, _context, row, _name: day(row.granted_at),
    }
    searched = (User.login, User.name, Unit.name, Unit.name_hans, Unit.code)
    search_hint = msgid("賬號、姓名或單位，繁簡均可")
    column_filters = (
        Choice(
            Membership.role,
            "role",
            msgid("角色"),
            {role.value: (role.value, words) for role, words in ROLES.items()},
        ),
    )

    def rows(self) -> Query[Any]:
        """The roles held within reach."""
        found = super().rows().join(User, Membership.user).join(Unit, Membership.unit)
        return found.filter(_within(reach()))

    def named(self, row: Membership) -> str:
        """Who, what and where."""
        return f"{row.user.name}：{translate(ROLES[Role(row.role)])}（{place(row.unit)}）"

    def may_change(self, row: Membership) -> bool:
        """Nobody takes away a role that they could not have given."""
        held = holding()
        return held is not None and may_grant(held.role, row.role)

    def create_form(self, obj: Any = None) -> Form:
        """The form with what this reader may choose from: own people, own units, roles one may hand on."""
        form, scope = super().create_form(obj), reach()
        form.account.choices = _accounts(scope)
        form.role.choices = _roles()
        form.unit.choices = _units(scope)
        return form

    def add(self, form: Form) -> None:
        """Raises `AccountRefused`. What the form offers was asked for again when it was sent: no other value gets here."""
        user = database().get_one(User, int(form.account.data))
        role, unit_id = Role(form.role.data), form.unit.data
        if any((held.role, held.unit_id) == (role.value, unit_id) for held in user.memberships):
            raise AccountRefused(HELD)
        if Level(database().get_one(Unit, unit_id).level) not in LEVELS[role]:
            raise AccountRefused(WRONG_LEVEL)
        grant_role(database(), acting(), user, role, unit_id)

    def remove(self, row: Membership) -> None:
        """Raises `AccountRefused` for the role in use and for the last one of an account."""
        used = holding()
        if used is not None and used.id == row.id:
            raise AccountRefused(IN_USE)
        if len(row.user.memberships) == 1:
            raise AccountRefused(LAST)
        withdraw_role(database(), acting(), row)


def _accounts(scope: Scope) -> list[SelectChoice]:
    """The open accounts that act within and nowhere else."""
    inside = holds_within(scope) & not_(User.memberships.any(not_(_within(scope))))
    found = database().scalars(select(User).where(inside, User.active).order_by(User.login))
    return [SelectChoice(str(user.id), f"{user.name}（{user.login}）") for user in found]


def _roles() -> list[SelectChoice]:
    """The roles that one may hand on."""
    held = holding()
    given = (role for role in ROLES if held is not None and may_grant(held.role, role))
    return [SelectChoice(role.value, translate(ROLES[role])) for role in given]


def _units(scope: Scope) -> list[SelectChoice]:
    """The units within, villages left out, each township under its county."""
    inside = Unit.code.between(scope.first, scope.last) & (Unit.level != Level.VILLAGE)
    found = {unit.code: unit for unit in database().scalars(select(Unit).where(inside).order_by(Unit.code))}
    above = {
        unit.code: (unit.parent_code or "") if unit.level == Level.TOWNSHIP else unit.code
        for unit in found.values()
    }
    return [
        SelectChoice(code, place(unit), optgroup=place(found.get(above[code], unit)))
        for code, unit in found.items()
    ]
