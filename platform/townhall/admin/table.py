"""One plain table in our own shell: listed by Flask-Admin, written by operations, held to the reader's scope.

`rows` is the one place that says which rows there are for the reader. The list, its count and every way to a single
row go through it. Of the routes of Flask-Admin only those exist that are offered here.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import abort, flash, redirect, request
from flask.typing import ResponseReturnValue
from flask_admin import expose  # type: ignore[import-untyped]
from flask_admin.contrib.sqla import ModelView  # type: ignore[import-untyped]
from flask_admin.model.base import ViewArgs  # type: ignore[import-untyped]
from sqlalchemy import String, cast, func, or_
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Query
from wtforms import Field, Form  # type: ignore[import-untyped]

from townhall.accounts.operations import AccountRefused
from townhall.accounts.rights import Right
from townhall.admin.forms import YES_NO, TableForm
from townhall.admin.seen import digest_of
from townhall.admin.session import RequestSession
from townhall.lookups.operations import EntryRefused
from townhall.units.models import Level
from townhall.web.edge import database
from townhall.web.guards import allowed, held_unit
from townhall.web.language import msgid, translate

LAST_PAGE = 9_999
LONGEST_SEARCH = 60
ADDED, SAVED = msgid("已新增。"), msgid("已保存。")
STALE = msgid("您打開頁面以後，他人已修改這一條。請核對後再保存。")
STALE_REMOVAL = msgid("您打開頁面以後，他人已修改這一條。請核對後再刪除。")
NONE: tuple[str, ...] = ()
CLASH = msgid("與他人剛保存的內容衝突，請刷新後再試。")


@dataclass(frozen=True, slots=True)
class Difference:
    """A field that somebody else has changed meanwhile: what stands there now, and what was typed."""

    label: str
    standing: str
    typed: str


class Table(ModelView):
    """The base of every plain table."""

    # What the subclass says.
    right: ClassVar[Right]
    levels: ClassVar[frozenset[Level]] = frozenset({Level.PREFECTURE})
    purpose: ClassVar[str] = ""
    nothing: ClassVar[str] = ""  # what an empty table says
    searched: ClassVar[tuple[Any, ...]] = ()
    search_hint: ClassVar[str] = ""
    adding: ClassVar[str] = ""  # what the button for a new row says
    removing, removed = msgid("刪除"), msgid("已刪除。")
    question = msgid("確定要刪除「{name}」嗎？刪除後不能恢復，審計中會保留記錄。")
    fields: ClassVar[type[TableForm]] = TableForm
    sealed: ClassVar[tuple[str, ...]] = ()  # the columns that a save or removal must have seen

    can_create = can_edit = can_delete = False
    can_view_details = True
    can_export = can_set_page_size = False
    page_size = 50
    list_template, details_template = "data/list.html", "data/details.html"
    create_template = edit_template = "data/form.html"
    column_type_formatters: ClassVar[dict[Any, Any]] = {}  # theirs draw with fonts that are not here
    # Not offered, so not there: Flask-Admin registers only what is a view.
    action_view = action_delete = export = ajax_lookup = ajax_update = None

    def __init__(self, model: type[Any], name: str, path: str) -> None:
        super().__init__(model, RequestSession(), name=name, endpoint=f"data_{path}", url=path)

    # Who and which

    def is_accessible(self) -> bool:
        """Whether the reader has the right, in a unit of a level that keeps such tables."""
        return allowed(self.right) and held_unit().level in self.levels

    def rows(self) -> Query[Any]:
        """The rows that there are for the reader."""
        found: Query[Any] = database().query(self.model)
        return found

    def get_query(self) -> Query[Any]:
        """The rows of the list and of every single page."""
        return self.rows()

    def get_count_query(self) -> Query[Any]:
        """How many of them there are."""
        return self.rows().with_entities(func.count(self._key())).order_by(None)

    def get_one(self, id: Any) -> Any:  # noqa: A002 - Flask-Admin's name
        """A row by what an address calls it, or None; locked for whoever is about to write it."""
        key = self.key_of(id)
        if key is None:
            return None
        wanted = self.get_query().filter(self._key() == key)
        if request.method == "POST":
            wanted = wanted.populate_existing().with_for_update(of=self.model)
        return wanted.one_or_none()

    def key_of(self, text: Any) -> Any:
        """The key that a text stands for, or None for what can be no key."""
        return int(text) if isinstance(text, str) and re.fullmatch("[0-9]{1,9}", text) else None

    def asked_for(self) -> Any:
        """The row of this request; any other is as unknown as one that does not exist."""
        given = request.args.getlist("id")
        row = self.get_one(given[0]) if len(given) == 1 else None
        return abort(404) if row is None else row

    def _key(self) -> Any:
        return getattr(self.model, self._primary_key)

    # What the subclass does

    def named(self, row: Any) -> str:
        """What a row is called, in headings and before it is removed."""
        return str(row.name)

    def add(self, form: Form) -> None:
        """Add what a form says, by an operation."""
        raise NotImplementedError

    def change(self, form: Form, row: Any) -> None:
        """Change a row to what a form says, by an operation."""
        raise NotImplementedError

    def remove(self, row: Any) -> None:
        """Remove a row, by an operation."""
        raise NotImplementedError

    def may_change(self, _row: Any) -> bool:
        """Whether the pages offer to change or remove a row."""
        return True

    # The list

    def init_search(self) -> bool:
        """Whether there is anything to search in."""
        return bool(self.searched)

    def _apply_search(self, query: Any, count: Any, joins: Any, count_joins: Any, search: str) -> Any:
        """Every word in some column, as it stands: no sign in it means anything else."""
        for word in search.split():
            met = or_(*(cast(column, String).icontains(word, autoescape=True) for column in self.searched))
            query, count = query.filter(met), count.filter(met)
        return query, count, joins, count_joins

    def _get_list_extra_args(self) -> ViewArgs:
        """Page, order, search and filters; nothing else of an address comes back in the links of the page."""
        asked = super()._get_list_extra_args()
        if not 0 <= asked.page <= LAST_PAGE:
            abort(404)
        words = "".join(sign for sign in asked.search or "" if sign.isprintable())[:LONGEST_SEARCH].strip()
        return ViewArgs(asked.page, 0, asked.sort, asked.sort_desc, words, asked.filters)

    def _get_list_filter_args(self) -> list[tuple[int, str, str]]:
        given = ((at, one, request.args.get(one.key, "")) for at, one in enumerate(self._filters or ()))
        return [(at, one.name, value) for at, one, value in given if one.validate(value)]

    def _get_filters(self, filters: Iterable[tuple[int, str, str]] | None) -> dict[str, str]:
        return {self._filters[at].key: value for at, _name, value in filters or ()}

    def _get_list_url(self, view_args: ViewArgs) -> str:
        known = {"page": view_args.page, "sort": view_args.sort, "search": view_args.search}
        known |= {"desc": 1 if view_args.sort_desc else None} | self._get_filters(view_args.filters)
        return str(self.get_url(".index_view", **{name: value or None for name, value in known.items()}))

    def get_list(self, page: int, *rest: Any, **options: Any) -> Any:
        """A page of rows and how many there are; a page past the last is not found."""
        count, found = super().get_list(page, *rest, **options)
        if page and not found:
            abort(404)
        return count, found

    # Forms and pages

    def scaffold_form(self) -> type[Form]:
        """The form as it is written, never one made from the columns."""
        return self.fields

    def _run_view(self, view: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        """As it is: Flask-Admin's own tries again with other arguments, and hides what was wrong."""
        return view(self, *args, **kwargs)

    @expose("/new/", methods=("GET", "POST"))
    def create_view(self) -> ResponseReturnValue:
        """The form for a new row."""
        if not self.can_create:
            abort(404)
        form, reasons = whole(self.create_form()), NONE
        if request.method == "POST" and form.validate():
            reasons = self._refusal(self.add, form)
            if not reasons:
                return self._done(ADDED)
        return self._answer(self.create_template, form=form, reasons=reasons, row=None, differences=())

    @expose("/edit/", methods=("GET", "POST"))
    def edit_view(self) -> ResponseReturnValue:
        """The form for a row; whoever saves what somebody else has changed meanwhile is shown both."""
        row = self.asked_for() if self.can_edit else abort(404)
        if not self.may_change(row):
            abort(403)
        form, reasons = whole(self.edit_form(obj=row)), NONE
        differences = self._differences(form, row)
        if request.method == "POST" and form.validate() and not differences:
            reasons = self._refusal(self.change, form, row)
            if not reasons:
                return self._done(SAVED)
        return self._answer(self.edit_template, form=form, reasons=reasons, row=row, differences=differences)

    @expose("/delete/", methods=("GET", "POST"))
    def delete_view(self) -> ResponseReturnValue:
        """A page that names what is to be removed and asks; it needs no script."""
        row = self.asked_for() if self.can_delete else abort(404)
        if not self.may_change(row):
            abort(403)
        reasons = NONE
        if request.method == "POST":
            reasons = (STALE_REMOVAL,) if self._stale(row) else self._refusal(self.remove, row)
            if not reasons:
                return self._done(self.removed)
        return self._answer("data/delete.html", row=row, reasons=reasons)

    @expose("/details/")
    def details_view(self) -> ResponseReturnValue:
        """Everything about a row that is shown at all."""
        return self._answer(self.details_template, row=self.asked_for())

    def seen(self, row: Any) -> str:
        """A digest of what a page shows of a row, which its form sends back."""
        return digest_of({name: getattr(row, name) for name in self.sealed})

    def _stale(self, row: Any) -> bool:
        return bool(request.form.get("seen") != self.seen(row))

    def _differences(self, form: Form, row: Any) -> tuple[Difference, ...]:
        """Where what is typed differs from what stands, when that is no longer what was seen."""
        if request.method != "POST" or not self._stale(row):
            return ()
        pairs = ((field, getattr(row, field.name)) for field in form)
        return tuple(
            Difference(field.label.text, worded(field, standing), worded(field, field.data))
            for field, standing in pairs
            if (standing or "") != (field.data or "")
        )

    def _refusal(self, act: Callable[..., None], *arguments: Any) -> tuple[str, ...]:
        """Do something by an operation; when it refuses, everything is undone and its reason given."""
        try:
            act(*arguments)
        except (EntryRefused, AccountRefused) as refusal:
            reasons = (str(refusal),)
        except IntegrityError:
            reasons = (CLASH,)
        else:
            return ()
        database().rollback()
        return reasons

    def _done(self, words: str) -> ResponseReturnValue:
        flash(words)
        return redirect(self.get_url(".index_view"), 303)

    def _answer(self, template: str, **values: Any) -> ResponseReturnValue:
        """The page; a form that is shown again was refused, and nothing of it is kept."""
        shown = self.render(template, get_value=self.get_detail_value, **values)
        return shown, 422 if request.method == "POST" else 200


def whole(form: Form) -> Form:
    """A form that sends less than its page has is not ours: what it left out must not be emptied."""
    asked = {field.name for field in form if field.type != "BooleanField"}
    if request.method == "POST" and not asked <= request.form.keys():
        abort(400)
    return form


def worded(field: Field, value: Any) -> str:
    """A value as the reader knows it from the form."""
    if isinstance(value, bool):
        return translate(YES_NO[value])
    if choices := getattr(field, "choices", None):
        return next((one.label for one in choices if one.value == value), "—")
    return str(value) if value not in (None, "") else "—"
