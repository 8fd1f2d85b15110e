"""Puts the plain tables under /data/, each of their views behind the same guards as every other page."""

from typing import Any, cast

from flask import Flask
from flask_admin import Admin, BaseView, expose  # type: ignore[import-untyped]

from townhall.accounts.models import Membership, User
from townhall.accounts.rights import Right
from townhall.admin.libraries import Holidays, Releases, Suppliers, Units
from townhall.admin.people import Accounts, Memberships
from townhall.admin.table import Table
from townhall.lookups.models import Holiday, Supplier
from townhall.standards.models import Release
from townhall.units.models import Unit
from townhall.web.guards import View, allowed, requires
from townhall.web.language import msgid

NAME, PREFIX = "data", "/data"


class Start(BaseView):
    """What tables there are, what each is for and how much is in it."""

    right = Right.LIBRARIES

    def is_accessible(self) -> bool:
        """Whether the reader has the right."""
        return allowed(self.right)

    @expose("/")
    def index(self) -> str:
        """The tables that the reader may open."""
        shown = [view for view in self.admin._views if isinstance(view, Table) and view.is_accessible()]
        counts = {view.endpoint: view.get_count_query().scalar() for view in shown}
        return str(self.render("data/start.html", tables=shown, counts=counts))


def mount(app: Flask) -> None:
    """Register the tables. Nothing static comes with them: they use what the shell has."""
    start = Start(name=msgid("資料維護"), endpoint=NAME, url=PREFIX)
    admin = Admin(app, url=PREFIX, endpoint=NAME, index_view=start)
    for view in _tables():
        admin.add_view(view)
    for view in admin._views:
        _guard(app, view)


def _tables() -> list[Table]:
    return [
        Accounts(User, msgid("賬號管理"), "accounts"),
        Memberships(Membership, msgid("角色分配"), "memberships"),
        Holidays(Holiday, msgid("節假日"), "holidays"),
        Suppliers(Supplier, msgid("供應商"), "suppliers"),
        Releases(Release, msgid("標準版本"), "releases"),
        Units(Unit, msgid("行政單位"), "units"),
    ]


def _guard(app: Flask, view: Any) -> None:
    """Behind the guard of its right, every function of a view; it says so as the other pages do."""
    for endpoint, function in app.view_functions.items():
        if endpoint.split(".")[0] == view.endpoint:
            app.view_functions[endpoint] = requires(view.right)(cast("View", function))
