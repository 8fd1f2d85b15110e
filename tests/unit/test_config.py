"""Settings: the key that signs sessions is made once, whole, and never a weak one."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from townhall.config import Settings, SettingsInvalid


def test_all_who_start_at_once_get_the_same_key(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path / "data", secret_key=None)
    with ThreadPoolExecutor(16) as starters:
        keys = set(starters.map(lambda _: settings.session_key(), range(64)))
    assert len(keys) == 1
    assert len(keys.pop()) >= 32
    assert [path.name for path in (tmp_path / "data").iterdir()] == ["secret.key"]


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
