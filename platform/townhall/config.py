"""Settings from the environment; every variable begins with TOWNHALL_."""

import os
import secrets
from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """What an installation is told. All have defaults that work in an empty folder without any service."""

    model_config = SettingsConfigDict(env_prefix="TOWNHALL_", env_file=".env", extra="ignore")

    home: Path = Field(default=Path("townhall-data"), description="資料目錄")
    database: str | None = Field(default=None, description="資料庫網址；不填即用資料目錄中的 SQLite")
    public_url: str | None = Field(default=None, description="群眾掃碼所到的網址；不填則不印二維碼")
    secret_key: str | None = Field(default=None, description="會話簽名密鑰；不填即在資料目錄生成")
    demo: bool = Field(default=False, description="演示模式：顯示演示賬號")
    secure_cookies: bool = Field(default=False, description="只在 HTTPS 下發送 Cookie")
    proxies: int = Field(default=0, ge=0, description="前面可信的反向代理層數")
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, description="排版進程數")

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{(self.home / 'townhall.db').resolve()}"

    @property
    def documents(self) -> Path:
        """Where rendered documents are kept by the hash of their content."""
        return self.home / "documents"

    def session_key(self) -> str:
        """The configured key, or one made once and kept readable to the owner only."""
        return self.secret_key or _kept_key(self.home / "secret.key")


def _kept_key(path: Path) -> str:
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
    return path.read_text(encoding="ascii")
