"""People from the command line: a whole prefecture invited at once, and lost accounts helped."""

import csv
import io
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from provisioning.specs import Pack
from tests.fixtures.host import host_on
from tests.fixtures.standards import TOWNSHIPS
from townhall.accounts import passes, second_factor
from townhall.accounts.models import Pass, User
from townhall.accounts.operations import authenticate
from townhall.audit.act import host_act
from townhall.audit.operations import broken, chained_units
from townhall.cli import console, main, people
from townhall.clock import now
from townhall.database import create_engine_for
from townhall.tenancy import HOST, scoped

DONE, BAD_INPUT = 0, 2
PASSWORD = "一個很長的口令 12345"
INVITE = ("user", "invite", "--units", str(TOWNSHIPS), "--role", "township_director")

Run = Callable[..., Result]


@pytest.fixture
def run(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """The command line on a database with the real townships, in an empty folder."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOWNHALL_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("TOWNHALL_DATABASE", database_url)
    monkeypatch.setenv("TOWNHALL_PUBLIC_URL", "https://example.org/")

    engines: list[Engine] = []  # a process lets go of its connections at its end; a test has to

    def noted(url: str) -> Engine:
        engines.append(create_engine_for(url))
        return engines[-1]

    def run_command(*arguments: str) -> Result:
        try:
            return CliRunner().invoke(main, arguments)
        finally:
            while engines:
                engines.pop().dispose()

    monkeypatch.setattr(console, "create_engine_for", noted)

    return run_command


@pytest.fixture
def opened(run: Run, database_url: str, pack: Pack) -> Run:
    host_on(database_url, pack).engine.dispose()
    return run


def links(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(path.read_bytes().decode("utf-8-sig"))))


@pytest.fixture
def session(database_url: str) -> Iterator[Session]:
    engine = create_engine_for(database_url)
    with Session(engine, info=scoped(HOST)) as session:
        yield session
    engine.dispose()


def token(line: dict[str, str]) -> str:
    return line["鏈接"].removeprefix("https://example.org/join/")


def accept(session: Session, given: str, login: str) -> None:
    passes.join(session, host_act(login, now()), given, login=login, name=login, password=PASSWORD)
    session.commit()


def test_all_140_townships_are_invited_at_once_and_once(
    opened: Run, session: Session, tmp_path: Path
) -> None:
    result = opened(*INVITE)
    assert result.exit_code == DONE, result.output
    path = tmp_path / "links.csv"
    assert path.read_bytes().startswith(b"\xef\xbb\xbf")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    lines = links(path)
    assert list(lines[0]) == ["代碼", "鄉鎮", "鏈接", "有效期至"]
    assert len({line["代碼"] for line in lines}) == len({line["鏈接"] for line in lines}) == 140
    assert lines[0]["鄉鎮"] == "黃草街道"
    assert all(passes.valid(session, token(line), now()) for line in lines)
    assert all(broken(session, unit) is None for unit in chained_units(session))
    session.close()
    again = opened(*INVITE)
    assert again.exit_code == DONE
    assert "無需邀請" in again.stdout
    assert links(path) == lines
    assert sorted(each.name for each in tmp_path.iterdir()) == ["links.csv"]


def test_renewing_spares_townships_that_are_served(opened: Run, session: Session, tmp_path: Path) -> None:
    opened(*INVITE)
    path = tmp_path / "links.csv"
    first, *others = links(path)
    accept(session, token(first), "zhuren")
    session.close()
    result = opened(*INVITE, "--renew")
    assert "139 個" in result.stdout, result.output
    renewed = links(path)
    assert first["代碼"] not in {line["代碼"] for line in renewed}
    assert not any(passes.valid(session, token(line), now()) for line in others)
    assert all(passes.valid(session, token(line), now()) for line in renewed)


def test_a_township_whose_director_left_is_invited_again(
    opened: Run, session: Session, tmp_path: Path
) -> None:
    opened(*INVITE)
    first = links(tmp_path / "links.csv")[0]
    accept(session, token(first), "zhuren")
    session.close()
    assert opened("user", "close", "zhuren").exit_code == DONE
    assert "已生成 1 個" in opened(*INVITE, "--out", "again.csv").stdout
    assert [line["代碼"] for line in links(tmp_path / "again.csv")] == [first["代碼"]]


def test_links_not_yet_sent_are_not_overwritten(opened: Run, session: Session, tmp_path: Path) -> None:
    (tmp_path / "links.csv").write_text("先前的鏈接", encoding="utf-8")
    result = opened(*INVITE)
    assert result.exit_code == BAD_INPUT
    assert "已存在" in result.stderr
    assert session.scalar(select(func.count()).select_from(Pass)) == 0


def test_without_a_public_address_nobody_is_invited(
    opened: Run, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TOWNHALL_PUBLIC_URL")
    for arguments in (INVITE, ("user", "reset", "nobody")):
        result = opened(*arguments)
        assert result.exit_code == BAD_INPUT
        assert "TOWNHALL_PUBLIC_URL" in result.stderr
    assert session.scalar(select(func.count()).select_from(Pass)) == 0


def test_a_list_that_cannot_be_written_leaves_no_invitation(
    opened: Run, session: Session, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert opened(*INVITE, "--out", "nowhere/links.csv").exit_code == BAD_INPUT
    monkeypatch.setattr(people, "_csv", lambda _lines: (_ for _ in ()).throw(OSError("磁碟已滿")))
    assert opened(*INVITE).exit_code == 1
    assert session.scalar(select(func.count()).select_from(Pass)) == 0
    assert list(tmp_path.iterdir()) == []


def test_townships_that_were_not_provisioned_are_named(run: Run) -> None:
    result = run(*INVITE)
    assert result.exit_code == BAD_INPUT
    assert "522301001000" in result.stderr
    assert "townhall provision" in result.stderr


def test_no_cell_of_the_list_is_a_formula() -> None:
    text = people._csv([("1", '=HYPERLINK("http://x")', "@x", "+1")]).decode("utf-8-sig")
    assert next(csv.reader(io.StringIO(text.splitlines()[1]))) == [
        "1",
        '\'=HYPERLINK("http://x")',
        "'@x",
        "'+1",
    ]


def test_a_lost_password_and_a_lost_phone_are_helped(opened: Run, session: Session, tmp_path: Path) -> None:
    opened(*INVITE)
    accept(session, token(links(tmp_path / "links.csv")[0]), "zhuren")
    user = session.scalars(select(User)).one()
    user.totp_secret = second_factor.fresh_secret()
    session.commit()
    session.close()
    assert "兩步驗證" in opened("user", "list").stdout
    result = opened("user", "reset", "zhuren", "--second-factor")
    given = result.stdout.strip().removeprefix("https://example.org/reset/")
    passes.reset(session, host_act("zhuren", now()), given, "另一個很長的口令 678")
    assert authenticate(session, "zhuren", "另一個很長的口令 678", demonstrations=False)
    assert session.scalars(select(User.totp_secret)).one() is None


def test_accounts_are_listed_and_closed(opened: Run) -> None:
    options = (
        "--name",
        "張三（虛構）",
        "--role",
        "county_officer",
        "--unit",
        "522301",
        "--password",
        PASSWORD,
    )
    opened("user", "create", "zhangsan", *options)
    assert "zhangsan\t張三（虛構）\t啟用\tcounty_officer@興義市" in opened("user", "list").stdout
    assert opened("user", "close", "zhangsan").exit_code == DONE
    assert "停用" in opened("user", "list").stdout
    refused = opened("user", "reset", "zhangsan")
    assert refused.exit_code == BAD_INPUT
    assert "已停用" in refused.stderr


@pytest.mark.parametrize("command", ["close", "reset"])
def test_an_unknown_account_is_named(opened: Run, command: str) -> None:
    result = opened("user", command, "nobody")
    assert result.exit_code == BAD_INPUT
    assert "沒有賬號 nobody" in result.stderr
