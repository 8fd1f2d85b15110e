"""Settings: the key that signs sessions is made once, whole, and never a weak one."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import ValidationError

from townhall.config import Settings, SettingsInvalid
from townhall.web.federation import mapping_of


def test_all_who_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "data", secret_key=None)
    with ThreadPoolExecutor(16) as starters:
        keys = set(starters.map(lambda _: settings.session_key(), range(64)))
    assert len(keys) == 1
    assert len(keys.pop()) >= 32
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret.key"]


def test_a_folder_is_meant_from_where_the_program_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files are handed out by Flask, for which a relative path lies beside its own code."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TOWNHALL_HOME", raising=False)
    assert Settings().home == tmp_path / "townhall-data"
    assert Settings(home=Path("data")).documents == tmp_path / "data" / "documents"


def test_the_key_is_readable_to_its_owner_only(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, secret_key=None)
    settings.session_key()
    assert settings.key_file.stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("kept", ["", "short\n"])
def test_an_empty_or_short_key_file_is_refused(tmp_path: Path, kept: str) -> None:
    (tmp_path / "secret.key").write_text(kept, encoding="ascii")
    with pytest.raises(SettingsInvalid, match="過短或為空"):
        Settings(home=tmp_path, secret_key=None).session_key()


def test_a_short_key_from_the_environment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SettingsInvalid, match="TOWNHALL_SECRET_KEY 過短"):
        Settings(home=tmp_path, secret_key="0123456789").session_key()


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"oidc_issuer": "http://login.example"}, "https"),
        ({"oidc_issuer": "login.example"}, "https"),
        ({"oidc_issuer": "https://login.example?tenant=1"}, "簽發者"),
        ({"oidc_issuer": "https://user:word@login.example"}, "簽發者"),  # pragma: allowlist secret
        ({"oidc_client_id": None}, "CLIENT_ID"),
        ({"oidc_scopes": "profile"}, "openid"),
    ],
)
def test_an_identity_provider_is_named_soundly_or_refused(given: dict[str, str | None], said: str) -> None:
    sound = {"oidc_issuer": "https://login.example", "oidc_client_id": "townhall"}
    assert Settings(**sound).oidc_origin() == "https://login.example"  # type: ignore[arg-type]
    with pytest.raises(SettingsInvalid, match=said):
        Settings(**(sound | given)).oidc_origin()  # type: ignore[arg-type]


def test_without_an_issuer_there_is_no_provider() -> None:
    assert Settings().oidc_origin() is None
    assert Settings(oidc_issuer="").oidc_origin() is None


def test_groups_are_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOWNHALL_OIDC_GROUPS", '{"auditors": {"role": "auditor", "unit": "522300"}}')
    assert Settings().oidc_groups["auditors"].role == "auditor"


@pytest.mark.parametrize(
    "text", ["{", "[]", '{"a": {"role": "auditor"}}', '{"a": {"role": "auditor", "unit": "5"}}']
)
def test_groups_that_cannot_be_read_are_refused_by_name(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("TOWNHALL_OIDC_GROUPS", text)
    with pytest.raises(ValidationError, match="oidc_groups"):
        Settings()


def test_a_group_with_an_unknown_role_is_refused() -> None:
    known = Settings(oidc_groups={"a": {"role": "mayor", "unit": "522300"}})  # type: ignore[dict-item]
    with pytest.raises(SettingsInvalid, match="mayor"):
        mapping_of(known)
