"""What every command shares: settings, sessions, progress and the way faults are told."""

import functools
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

import click
from alembic.util import CommandError
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session, sessionmaker

from provisioning.faults import PackInvalid
from provisioning.wording import message
from townhall.accounts.operations import AccountRefused
from townhall.config import Settings, SettingsInvalid
from townhall.database import create_engine_for, reading
from townhall.rollouts.operations import RolloutRefused
from townhall.standards.models import Release
from townhall.standards.operations import ReleaseRefused, StandardConflict, newest_release
from townhall.tenancy import HOST, Scope, scoped
from townhall.units.sheet import SheetInvalid
from townhall.walls import WallsBroken

BAD_INPUT, IN_PART = 2, 3

# Progress and remarks go to standard error, so that `--json` can be piped.
remarks = Console(stderr=True, highlight=False)


class Refused(click.ClickException):
    """Bad input: said in plain words, exit code 2."""

    exit_code = BAD_INPUT

    def show(self, file: Any = None) -> None:  # noqa: ARG002
        remarks.print(self.message, style="red", markup=False, soft_wrap=True)


def refuse(lines: Iterable[object]) -> NoReturn:
    raise Refused("\n".join(map(str, lines)))


def guarded(command: Callable[..., Any]) -> Callable[..., Any]:
    """Turn the faults that input can cause into messages with their place and exit code 2."""

    @functools.wraps(command)
    def run(*arguments: Any, **options: Any) -> Any:
        try:
            return command(*arguments, **options)
        except (PackInvalid, SheetInvalid) as error:
            refuse([*error.faults, f"共 {len(error.faults)} 處有誤，沒有寫入任何內容。"])
        except (ReleaseRefused, RolloutRefused) as error:
            refuse([*error.faults, "沒有寫入任何內容。"])
        except (AccountRefused, LookupError, StandardConflict) as error:
            refuse([error.args[0] if error.args else error])
        except WallsBroken as error:
            refuse([error])
        except (ArgumentError, SettingsInvalid, CommandError) as error:
            refuse([f"設定有誤：{error}"])
        except ValidationError as error:
            refuse(_setting(problem) for problem in error.errors(include_url=False))
        except DBAPIError as error:
            refuse([f"資料庫無法使用（{error.orig}）。若尚未建立，請先執行 townhall init。"])

    return run


def _setting(problem: Any) -> str:
    name = "_".join(str(part) for part in problem["loc"]).upper()
    return f"設定 TOWNHALL_{name} 有誤：{message(problem)}"


def sessions(settings: Settings, scope: Scope = HOST) -> sessionmaker[Session]:
    """Sessions of the host's staff on the configured database; objects stay readable after a commit."""
    return sessionmaker(create_engine_for(settings.database_url), expire_on_commit=False, info=scoped(scope))


def readers(settings: Settings, scope: Scope = HOST) -> sessionmaker[Session]:
    """Sessions that only read and keep nobody from writing."""
    engine = reading(create_engine_for(settings.database_url))
    return sessionmaker(engine, expire_on_commit=False, info=scoped(scope))


def required_release(session: Session, pack_id: str) -> Release:
    """The newest published release of a pack; says what to do when there is none."""
    release = newest_release(session, pack_id)
    if release is None:
        raise LookupError(f"資料庫中沒有模板包「{pack_id}」的已發布版本；請先執行 townhall init")
    return release


@contextmanager
def progress(title: str, total: int) -> Iterator[Callable[[], None]]:
    """A bar on standard error; gives the function that moves it by one."""
    with _bar() as bar:
        task = bar.add_task(title, total=total)
        yield lambda: bar.advance(task)


@contextmanager
def steps(title: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on standard error; gives the function that is told how many steps are done, and of how many."""
    with _bar() as bar:
        task = bar.add_task(title, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _bar() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=remarks)
