"""The identity provider as this installation speaks to it: Authlib's client, with what it leaves open closed.

Authlib by default believes metadata of another issuer, unsigned tokens when the metadata says so, any `iss` of an
answer, and userinfo about somebody else (security, finding 7). Sources: OpenID Connect Core, Discovery 1.0, RFC 9207.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, cast
from urllib.parse import urlsplit

import requests
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.flask_client import FlaskIntegration, FlaskOAuth2App, OAuthError
from authlib.integrations.requests_client import OAuth2Session
from flask import Response, current_app, request, session
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet

from townhall.accounts.tokens import (
    ALGORITHMS,
    Expected,
    Notice,
    TokenRefused,
    read_identity,
    read_logout,
    usable_keys,
)
from townhall.clock import now
from townhall.config import Settings
from townhall.web.language import msgid

NAME = "provider"
STATE = f"_state_{NAME}_"  # how Authlib calls what it keeps between leaving and coming back
EXTENSION = "townhall.provider"
WELL_KNOWN = "/.well-known/openid-configuration"
PATIENCE, LARGEST = 5, 1_000_000  # seconds for an answer of the provider, and its bytes
HOUR = 3600.0
LONGEST_REASON, LONGEST_HINT = 300, 4_000  # characters, in the log and in an address
REQUIRED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
OPTIONAL = ("userinfo_endpoint", "end_session_endpoint")
UNFINISHED = msgid("登錄沒有完成：可能已取消、已過期，或不是從本頁開始的。請返回登錄頁再試一次。")
UNSOUND = msgid("身份認證服務的回應無法使用，沒有登錄。請稍後再試；如仍不行，請聯繫平台管理員。")


class ProviderFault(Exception):
    """A sign-in that comes to nothing: what to tell the person (a msgid), the status, and why, for the log."""

    def __init__(self, words: str, status: int, why: object) -> None:
        told = f"{type(why).__name__}: {why}"[:LONGEST_REASON]
        super().__init__("".join(sign if sign.isprintable() else " " for sign in told))
        self.words, self.status = words, status


@dataclass(frozen=True, slots=True)
class Answer:
    """What a completed sign-in brought: the claims, those of userinfo filling gaps, and the ID token itself."""

    claims: dict[str, Any]
    id_token: str


@contextmanager
def judging() -> Iterator[None]:
    """Turn whatever a provider or a forged answer can cause into a `ProviderFault`; no database within."""
    try:
        yield
    except OAuthError as fault:
        raise ProviderFault(UNFINISHED, 400, fault) from fault
    except (AuthlibBaseError, JoseError, requests.RequestException) as fault:
        raise ProviderFault(UNSOUND, 502, fault) from fault
    except (ValueError, TypeError, KeyError, AttributeError, RuntimeError) as fault:
        raise ProviderFault(UNSOUND, 502, fault) from fault


class Wire(OAuth2Session):
    """Requests to the provider: no redirect is followed, none waits for long, no answer is read without end."""

    def request(self, method: str, url: str, **options: Any) -> requests.Response:
        """As in requests. Raises `TokenRefused` for a redirect and for an answer that is too long."""
        options |= {"allow_redirects": False, "stream": True, "timeout": PATIENCE}
        response: requests.Response
        with super().request(method, url, **options) as response:
            if response.is_redirect:
                raise TokenRefused(f"a redirect from {url}")
            response._content = response.raw.read(LARGEST + 1, decode_content=True)
        if len(response.content) > LARGEST:
            raise TokenRefused(f"too long an answer from {url}")
        return response


class Provider(FlaskOAuth2App):
    """One provider. Raises `ProviderFault` from everything public."""

    client_cls = Wire

    def __init__(
        self, issuer: str, client_id: str, secret: str | None, scopes: str, *, drafts: bool = False
    ) -> None:
        flow = {"scope": scopes, "code_challenge_method": "S256"}
        super().__init__(
            FlaskIntegration(NAME), NAME, client_id=client_id, client_secret=secret, client_kwargs=flow
        )
        self.issuer, self.drafts = issuer, drafts
        self.server_metadata: dict[str, Any] = {}
        self._loaded = 0.0
        self._keys: KeySet | None = None

    def depart(self, back: str) -> Response:
        """The redirect to the provider, with state, nonce and PKCE; an attempt begun before in this browser ends."""
        for name in [name for name in session if name.startswith(STATE)]:
            session.pop(name)
        with judging():
            return cast("Response", self.authorize_redirect(back))

    def arrive(self) -> Answer:
        """What the browser brought back, exchanged and judged."""
        with judging():
            judge_answer(request.args.to_dict(flat=False), self.issuer, self.load_server_metadata())
            token = self.authorize_access_token()
            if "userinfo" not in token:
                raise TokenRefused("no ID token")
            return Answer(self._completed(token), token["id_token"])

    def notice(self, token: object) -> Notice:
        """What a logout token says."""
        with judging():
            return cast("Notice", self._with_keys(lambda keys, expected: read_logout(token, keys, expected)))

    def leaving(self, id_token: str, back: str) -> str | None:
        """The provider's page for signing out, or None when it has none at the issuer's own origin."""
        with judging():
            # Old metadata do: nobody waits long to leave.
            page = (self.server_metadata or self.load_server_metadata()).get("end_session_endpoint")
            if page is None or urlsplit(page)[:2] != urlsplit(self.issuer)[:2]:
                return None
            hint = id_token if len(id_token) <= LONGEST_HINT else None
            made = self.create_logout_url(back, hint, client_id=self.client_id)
            return str(made["url"])

    def load_server_metadata(self) -> dict[str, Any]:
        """The metadata, judged, fetched anew after an hour."""
        moment = now().timestamp()
        if moment - self._loaded > HOUR:
            fetched = judged_metadata(self._fetched(self.issuer.rstrip("/") + WELL_KNOWN), self.issuer)
            self.server_metadata, self._loaded, self._keys = fetched, moment, None
        return self.server_metadata

    def parse_id_token(self, token: dict[str, Any], nonce: str, **_: Any) -> dict[str, Any]:
        """Judge the ID token, in place of Authlib's own way."""
        if str(token.get("token_type", "")).lower() != "bearer" or not isinstance(
            token.get("access_token"), str
        ):
            raise TokenRefused("token_type or access_token")
        access, identity = token["access_token"], token["id_token"]
        read = self._with_keys(lambda keys, expected: read_identity(identity, keys, expected, nonce, access))
        return cast("dict[str, Any]", read)

    def _completed(self, token: dict[str, Any]) -> dict[str, Any]:
        """The claims with those of userinfo, which must be about the same person (Core, 5.3.2)."""
        claims: dict[str, Any] = token["userinfo"]
        address = self.load_server_metadata().get("userinfo_endpoint")
        if address is None:
            return claims
        # Without its times: Authlib takes a token that lives for a minute for one that has expired.
        bearer = {"access_token": token["access_token"], "token_type": "Bearer"}  # nosec B105 # a scheme's name
        more = self.get(address, token=bearer)
        more.raise_for_status()
        told: dict[str, Any] = more.json()
        judge_userinfo(told, claims)
        return told | claims

    def _with_keys(self, read: Any) -> Any:
        """Read a token; a key that is not known is looked for once more, together with where the keys are."""
        try:
            return read(self._key_set(), self._expected())
        except InvalidKeyIdError:
            self._loaded, self._keys = 0.0, None
            return read(self._key_set(), self._expected())

    def _expected(self) -> Expected:
        algorithms = self.load_server_metadata()["algorithms"]
        return Expected(self.issuer, self.client_id, algorithms, now(), self.drafts)

    def _key_set(self) -> KeySet:
        metadata, keys = self.load_server_metadata(), self._keys
        if keys is None:
            keys = self._keys = usable_keys(self._fetched(metadata["jwks_uri"]))
        return keys

    def _fetched(self, url: str) -> Any:
        with self._get_session() as wire:
            answer = wire.request("GET", url, withhold_token=True)
        answer.raise_for_status()
        return answer.json()


def judged_metadata(document: Any, issuer: str) -> dict[str, Any]:
    """What is used of a provider's metadata. Raises `TokenRefused` when it is of another issuer or unsound."""
    if not isinstance(document, dict) or document.get("issuer") != issuer:
        raise TokenRefused("metadata of another issuer")
    offered = document.get("id_token_signing_alg_values_supported", ["RS256"])
    algorithms = tuple(name for name in ALGORITHMS if name in offered)
    if not algorithms or "S256" not in document.get("code_challenge_methods_supported", ["S256"]):
        raise TokenRefused("metadata without a signature or a challenge that we take")
    found = {name: _endpoint(document, name, issuer) for name in REQUIRED}
    found |= {name: _endpoint(document, name, issuer) for name in OPTIONAL if document.get(name)}
    method = _client_method(document.get("token_endpoint_auth_methods_supported"))
    announced = document.get("authorization_response_iss_parameter_supported") is True
    return found | method | {"issuer": issuer, "algorithms": algorithms, "announces_iss": announced}


def _endpoint(document: dict[str, Any], name: str, issuer: str) -> str:
    """An address of the provider, as well protected as the issuer's own."""
    address = document.get(name)
    parts = urlsplit(address) if isinstance(address, str) else None
    if parts is None or not parts.hostname or parts.scheme not in {"https", urlsplit(issuer).scheme}:
        raise TokenRefused(name)
    return str(address)


def _client_method(offered: Any) -> dict[str, str]:
    """How this client proves itself: by Authlib's default unless the provider takes the secret in the form only."""
    taken = offered if isinstance(offered, list) else ["client_secret_basic"]
    other = "client_secret_basic" not in taken and "client_secret_post" in taken
    return {"token_endpoint_auth_method": "client_secret_post"} if other else {}  # nosec B105 # a method's name


def judge_answer(given: dict[str, list[str]], issuer: str, metadata: dict[str, Any]) -> None:
    """The parameters that a browser brings back: each once, and from this issuer (RFC 9207). Raises `OAuthError`."""
    if any(len(values) != 1 for values in given.values()) or not {"code", "error"} & given.keys():
        raise OAuthError("invalid_request", "a parameter stands twice, or none that answers")
    named = given.get("iss", [None if metadata["announces_iss"] else issuer])
    if named != [issuer]:
        raise OAuthError("invalid_request", "the answer is not from the issuer")


def judge_userinfo(document: Any, claims: dict[str, Any]) -> None:
    """Raises `TokenRefused` unless userinfo is about whom the ID token is about."""
    if not isinstance(document, dict) or document.get("sub") != claims["sub"]:
        raise TokenRefused("userinfo about somebody else")


def provider_of(settings: Settings) -> Provider | None:
    """The provider that the settings name, or None. Raises `SettingsInvalid`."""
    if settings.oidc_origin() is None:
        return None
    issuer, client_id = str(settings.oidc_issuer), str(settings.oidc_client_id)
    secret, drafts = settings.oidc_client_secret or None, settings.oidc_draft_logout
    return Provider(issuer, client_id, secret, settings.oidc_scopes, drafts=drafts)


def provider() -> Provider | None:
    """The provider of this installation, or None when there is none."""
    return cast("Provider | None", current_app.extensions[EXTENSION])


def farewell(id_token: str | None, back: str) -> str | None:
    """Where to sign out at the provider (RP-Initiated Logout 1.0), or None: not from there, or it has no such page.

    The page must be at the issuer's own origin; the policy of our pages lets forms lead nowhere else.
    """
    found = provider()
    if found is None or id_token is None:
        return None
    try:
        return found.leaving(id_token, back)
    except ProviderFault as fault:
        current_app.logger.warning("sign-out at the identity provider left out: %s", fault)
        return None
