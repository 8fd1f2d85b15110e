"""Which tenants a session may touch: one range of unit codes, given once, failing closed (security, 2a and T3).

Codes are a tree written as numbers: what lies below a unit begins with the digits that mean something in its own
code. So a scope is an inclusive range of 12-digit codes, the same in the ORM, in PostgreSQL's row-level security
and in a person's head: 黔西南州 is 522300000000 to 522399999999, 黃草街道 is 522301001000 to 522301001999.

Three walls stand one behind the other. `restrict` narrows every statement of the ORM; `inspect_statement` refuses
what reaches a connection without having been narrowed; PostgreSQL's policies hold when both have a hole.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, Executable, String, TextClause, event, false, func, select
from sqlalchemy.orm import (
    Mapped,
    ORMExecuteState,
    Session,
    mapped_column,
    with_loader_criteria,
)
from sqlalchemy.sql.util import find_tables

S = TypeVar("S", bound=Executable)
DIGITS = 12
_LEVELS = (2, 4, 6, 9, DIGITS)  # province, prefecture, county, township, village
_SCOPE, _NARROWED, _BOUND, _OWNED = "townhall_scope", "townhall_narrowed", "townhall_bound", "townhall_owned"
FIRST, LAST = "townhall.first", "townhall.last"  # PostgreSQL settings that the policies read


class ScopeMissing(RuntimeError):
    """A tenant's rows were asked for in a session that was not told which tenant it is for."""


class ScopeViolation(RuntimeError):
    """A statement would reach rows outside the session's scope, or could not be held to it."""


@dataclass(frozen=True, slots=True)
class Scope:
    """An inclusive range of unit codes, 12 digits each."""

    first: str
    last: str

    def covers(self, unit_id: object) -> bool:
        """Whether a unit's rows lie within."""
        return isinstance(unit_id, str) and len(unit_id) == DIGITS and self.first <= unit_id <= self.last

    def contains(self, other: "Scope") -> bool:
        return self.first <= other.first and other.last <= self.last


# For the command line and for jobs over the fleet: staff of the host, named as such where it is used.
HOST = Scope("0" * DIGITS, "9" * DIGITS)


def scope_of(code: str) -> Scope:
    """A unit and everything below it, by its 12-digit code. Raises `ValueError` for anything else."""
    if len(code) != DIGITS or not code.isascii() or not code.isdigit():
        raise ValueError(f"no unit code: {code!r}")
    own = code[: next(length for length in _LEVELS if not code[length:].strip("0"))]
    return Scope(own.ljust(DIGITS, "0"), own.ljust(DIGITS, "9"))


def spanning(codes: Iterable[str]) -> Scope:
    """The smallest range that holds some units: for what concerns a person who holds roles in several.

    Raises `ValueError` for no unit at all.
    """
    scopes = [scope_of(code) for code in codes]
    return Scope(min(scope.first for scope in scopes), max(scope.last for scope in scopes))


class Owned:
    """A table of rows that belong to a unit. `unit_id` leads every key, so that tables can be spread by tenant."""

    unit_id: Mapped[str] = mapped_column(String(DIGITS), primary_key=True)


def is_owned(table: Any) -> bool:
    """Whether the rows of a mapped table belong to a tenant."""
    return bool(getattr(table, "info", {}).get(_OWNED))


def enter(session: Session, scope: Scope) -> None:
    """Give a session its scope. Raises `ScopeViolation` when it has another one: one session, one tenant.

    The same session could hold rows of both in its identity map, where no statement is sent and none is narrowed.
    """
    standing = session.info.setdefault(_SCOPE, scope)
    if standing != scope:
        raise ScopeViolation(f"session is for {standing}, not for {scope}")
    if session.in_transaction():
        _bind(session.connection(), scope)


def current(session: Session) -> Scope:
    """The scope of a session. Raises `ScopeMissing`."""
    scope: Scope | None = session.info.get(_SCOPE)
    if scope is None:
        raise ScopeMissing("no tenant is set for this session")
    return scope


def scoped(scope: Scope) -> dict[str, Any]:
    """What to give to `sessionmaker(info=…)` so that each of its sessions has a scope from the start."""
    return {_SCOPE: scope}


def require(session: Session, unit_id: str) -> None:
    """Raises `ScopeViolation` unless a unit's rows may be touched; for statements that only we can judge."""
    if not current(session).covers(unit_id):
        raise ScopeViolation(f"{unit_id} is outside {current(session)}")


def judged(statement: S) -> S:
    """A statement that whoever wrote it answers for: it is neither narrowed nor refused."""
    return statement.execution_options(**{_NARROWED: True})


@event.listens_for(Owned, "after_mapper_constructed", propagate=True)
def _mark(mapper: Any, _model: type) -> None:
    mapper.local_table.info[_OWNED] = True


@event.listens_for(Session, "do_orm_execute")
def restrict(state: ORMExecuteState) -> None:
    """Narrow every select, update and delete of the ORM to the scope; judge every row of an insert."""
    if not state.is_orm_statement:
        return  # `inspect_statement` judges it
    scope = state.session.info.get(_SCOPE)
    touched = [mapper for mapper in state.all_mappers if issubclass(mapper.class_, Owned)]
    if touched and scope is None:
        raise ScopeMissing(f"no tenant is set for a statement on {touched[0].local_table}")
    if state.is_insert:
        return  # each row of it passes `inspect_statement`, as does each of an update by key in bulk
    if state.is_update:
        _refuse_moves(state.statement)
    state.statement = state.statement.options(_criteria(scope))
    state.update_execution_options(**{_NARROWED: True})


def _criteria(scope: Scope | None) -> Any:
    if scope is None:
        return with_loader_criteria(Owned, lambda _model: false(), include_aliases=True)
    first, last = scope.first, scope.last
    return with_loader_criteria(Owned, lambda model: model.unit_id.between(first, last), include_aliases=True)


def _refuse_moves(statement: Any) -> None:
    """No update takes a row to another tenant."""
    if any(getattr(column, "name", column) == "unit_id" for column in statement._values or ()):
        raise ScopeViolation("an update must not set unit_id")


@event.listens_for(Session, "before_attach")
def judge_attached(session: Session, item: object) -> None:
    """No object of another tenant is carried over from another session: refreshing it would not be narrowed."""
    if isinstance(item, Owned) and item.unit_id is not None:
        require(session, item.unit_id)


@event.listens_for(Session, "before_flush")
def judge_objects(session: Session, _context: object, _instances: object) -> None:
    """Every new, changed or deleted object of a tenant lies within the scope, before and after."""
    for item in (*session.new, *session.dirty, *session.deleted):
        if isinstance(item, Owned):
            require(session, item.unit_id)


@event.listens_for(Session, "after_begin")
def bind(session: Session, _transaction: object, connection: Connection) -> None:
    """Tell the connection, and on PostgreSQL the transaction, what this session may touch."""
    _bind(connection, session.info.get(_SCOPE))


def _bind(connection: Connection, scope: Scope | None) -> None:
    connection.execution_options(**{_BOUND: scope})
    if scope and connection.dialect.name == "postgresql":
        # Local to the transaction: a pooled connection must not remember it (security, 2a).
        connection.execute(
            select(func.set_config(FIRST, scope.first, True), func.set_config(LAST, scope.last, True))
        )


@event.listens_for(Engine, "before_execute")
def inspect_statement(
    _connection: Connection,
    statement: Any,
    multiparams: Iterable[Mapping[str, Any]],
    params: Mapping[str, Any],
    options: Mapping[str, Any],
) -> None:
    """Refuse statements on a tenant's tables that nobody narrowed: Core, text, bulk writes with foreign rows."""
    if options.get(_NARROWED):
        return
    if isinstance(statement, TextClause):
        if _BOUND in options:
            raise ScopeViolation("a session runs no SQL text")
    elif (table := _owned_table(statement)) is not None:
        _judge_rows(options.get(_BOUND), statement, table, [*multiparams] or ([params] if params else []))


def _owned_table(statement: Any) -> str | None:
    if is_owned(getattr(statement, "table", None)):
        return str(statement.table)
    if not hasattr(statement, "get_children"):
        return None
    flags = {"include_joins": True, "include_aliases": True, "include_selects": True, "include_crud": True}
    for table in find_tables(statement, **flags):
        if is_owned(table):
            return str(table)
    return None


def _units_in(row: Mapping[str, Any]) -> list[Any]:
    return [value for name, value in row.items() if name.endswith("unit_id")]


def _judge_rows(scope: Scope | None, statement: Any, table: str, rows: list[Mapping[str, Any]]) -> None:
    """Writes name their rows by key: every unit they name must be within, and each row must name one."""
    if scope is None:
        raise ScopeMissing(f"no tenant is set for a statement on {table}")
    if not (statement.is_dml and rows):
        raise ScopeViolation(f"a statement on {table} that was not narrowed to {scope}")
    for row in rows:
        # An insert says whose a row is in one place; an update also says whose it was.
        named = [row["unit_id"]] if statement.is_insert and "unit_id" in row else _units_in(row)
        if not named or not all(scope.covers(value) for value in named):
            raise ScopeViolation(f"a row of {table} outside {scope}")
