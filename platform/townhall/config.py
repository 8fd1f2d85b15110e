"""Settings from the environment; every variable begins with TOWNHALL_."""

import json
import os
import secrets
import tempfile
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

SHORTEST_KEY = 32  # characters
LOOPBACK = {"127.0.0.1", "::1", "localhost"}


class GroupMembership(BaseModel):
    """What a group at the identity provider gives: a role, by its value, in a unit, by its code."""

    role: str
    unit: str = Field(pattern=r"^\d{6}(\d{3}){0,2}$")


class Settings(BaseSettings):
    """What an installation is told. All have defaults that work in an empty folder without any service."""

    model_config = SettingsConfigDict(env_prefix="TOWNHALL_", env_file=".env", extra="ignore")

    home: Path = Field(default=Path("townhall-data"), validate_default=True, description="資料目錄")
    database: str | None = Field(default=None, description="資料庫網址；不填即用資料目錄中的 SQLite")
    owner_database: str | None = Field(
        default=None, description="建表所用的資料庫網址；PostgreSQL 上須是另一個角色"
    )
    public_url: str | None = Field(default=None, description="群眾掃碼所到的網址；不填則不印二維碼")
    secret_key: str | None = Field(default=None, description="會話簽名密鑰；不填即在資料目錄生成")
    demo: bool = Field(default=False, description="演示模式：顯示演示賬號")
    secure_cookies: bool = Field(default=False, description="只在 HTTPS 下發送 Cookie")
    proxies: int = Field(default=0, ge=0, description="前面可信的反向代理層數")
    workers: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1, description="排版進程數")

    job_workers: int = Field(
        default=1, ge=0, description="網站自帶的後台任務進程數；0 即另行運行 townhall work"
    )
    job_lease: int = Field(default=60, ge=2, description="任務進程多少秒沒有音訊即視為已終止")
    broker: str | None = Field(default=None, description="消息代理的網址；填寫後任務由 Celery 分發")

    oidc_issuer: str | None = Field(default=None, description="統一身份認證的簽發者網址；不填則不啟用")
    oidc_client_id: str | None = Field(default=None, description="在身份認證服務登記的客戶端編號")
    oidc_client_secret: str | None = Field(default=None, description="客戶端密鑰；公開客戶端不填")
    oidc_scopes: str = Field(default="openid profile", description="所請求的範圍")
    oidc_draft_logout: bool = Field(
        default=False, description="接受按草案簽發的退出令牌（類型為 JWT、沒有 exp），如 Glewlwyd 2.7"
    )
    oidc_groups_claim: str = Field(default="groups", description="載有所屬組的聲明")
    # Decoded by us: pydantic-settings answers bad JSON with an exception of its own that names no setting.
    oidc_groups: Annotated[dict[str, GroupMembership], NoDecode] = Field(
        default_factory=dict, description="組與角色、單位的對應"
    )

    @field_validator("home")
    @classmethod
    def _from_where_it_starts(cls, home: Path) -> Path:
        """Flask takes a relative path to be beside its own code."""
        return home.absolute()

    @field_validator("oidc_groups", mode="before")
    @classmethod
    def _decoded(cls, given: Any) -> Any:
        if not isinstance(given, str):
            return given
        try:
            return json.loads(given) if given.strip() else {}
        except ValueError as fault:
            raise ValueError(f"不是 JSON：{fault}") from fault

    def oidc_origin(self) -> str | None:
        """Where the identity provider is, or None without one. Raises `SettingsInvalid` for settings of no use."""
        if not self.oidc_issuer:
            return None
        parts = urlsplit(self.oidc_issuer)
        if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in LOOPBACK):
            raise SettingsInvalid("TOWNHALL_OIDC_ISSUER 須為 https:// 開頭的網址")
        if not parts.hostname or parts.query or parts.fragment or parts.username:
            raise SettingsInvalid("TOWNHALL_OIDC_ISSUER 不是簽發者網址：不得帶賬號、參數或片段")
        if not self.oidc_client_id:
            raise SettingsInvalid("已填 TOWNHALL_OIDC_ISSUER，還須填 TOWNHALL_OIDC_CLIENT_ID")
        if "openid" not in self.oidc_scopes.split():
            raise SettingsInvalid("TOWNHALL_OIDC_SCOPES 須含 openid")
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def database_url(self) -> str:
        return self.database or f"sqlite:///{self.home / 'townhall.db'}"

    @property
    def documents(self) -> Path:
        """Where rendered documents are kept by the hash of their content."""
        return self.home / "documents"

    @property
    def archives(self) -> Path:
        """Where archived centres are kept, a file each."""
        return self.home / "archives"

    @property
    def packages(self) -> Path:
        """Where print packages wait to be fetched, a folder a unit."""
        return self.home / "packages"

    @property
    def key_file(self) -> Path:
        """Where the key is kept that no setting gives."""
        return self.home / "secret.key"

    def session_key(self) -> str:
        """The configured key, or one made once and kept readable to the owner only."""
        if self.secret_key is None:
            return _kept_key(self.key_file)
        if len(self.secret_key) < SHORTEST_KEY:
            raise SettingsInvalid(f"TOWNHALL_SECRET_KEY 過短：至少 {SHORTEST_KEY} 個字符的隨機值")
        return self.secret_key


class SettingsInvalid(ValueError):
    """A setting that cannot be used; the message says which and what to do, in Chinese."""


def _kept_key(path: Path) -> str:
    """The key in a file, made at the first start. Raises `SettingsInvalid` when the file holds no good one."""
    if not path.exists():
        _make_key(path)
    key = path.read_text(encoding="ascii").strip()
    if len(key) < SHORTEST_KEY:
        raise SettingsInvalid(f"{path} 中的會話密鑰過短或為空；請刪除該檔案後重新啟動，屆時所有人須重新登錄")
    return key


def _make_key(path: Path) -> None:
    """Written whole under another name, then given its own: of two that start at once the first one's key holds."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor, draft = tempfile.mkstemp(dir=path.parent)  # readable to the owner only
    try:
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        os.unlink(draft)
