"""What a signed token of an identity provider must be before it is believed. Pure: values in, claims out.

Sources: OpenID Connect Core 1.0 section 3.1.3.7, Back-Channel Logout 1.0 section 2.6, RFC 8725 (security, 2d).
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from joserfc.jws import JWSRegistry

# Asymmetric only: no `none`, and nothing that a public key could pass for the secret of.
ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA", "Ed25519"),
)
LEEWAY, FRESH = 60, 600  # seconds: between two clocks, and since a token was issued
LONGEST_TOKEN, LONGEST_NAME = 16_000, 255
LAST_MOMENT = 2**40
WEAKEST_RSA = 342  # characters of a modulus of 2048 bits
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
IDENTITY_TYPES, LOGOUT_TYPES = ("", "jwt"), ("logout+jwt", "application/logout+jwt")


class TokenRefused(ValueError):
    """A token or a set of keys that is not believed; the message is for the log, in English."""


@dataclass(frozen=True, slots=True)
class Expected:
    """Whose tokens are believed, for whom, signed how, and when that is asked.

    `drafts` takes logout tokens as the drafts of Back-Channel Logout had them: of the type of an ID token, without
    `exp`. What tells them from ID tokens is then `events`, which those must not have, and that they have no nonce.
    """

    issuer: str
    client_id: str
    algorithms: tuple[str, ...]
    moment: dt.datetime
    drafts: bool = False

    @property
    def second(self) -> int:
        """The moment as tokens count it."""
        return int(self.moment.timestamp())


@dataclass(frozen=True, slots=True)
class Notice:
    """A provider's word that somebody signed out there: one sign-in (`sid`) or all of a person's (`subject`)."""

    jti: str
    subject: str | None
    sid: str | None
    expires: dt.datetime


def usable_keys(document: object) -> KeySet:
    """The public signing keys of a JWK set. Raises `TokenRefused` when there is none to use."""
    listed = document.get("keys") if isinstance(document, dict) else None
    chosen = [key for key in listed if _usable(key)] if isinstance(listed, list) else []
    try:
        return KeySet.import_key_set({"keys": chosen})
    except (JoseError, ValueError, TypeError, KeyError) as fault:
        raise TokenRefused(f"no usable key: {fault}") from fault


def _usable(key: Any) -> bool:
    """Public, asymmetric, for signatures, and not weak."""
    if not isinstance(key, dict) or "d" in key or key.get("use", "sig") != "sig":
        return False
    if key.get("kty") == "RSA":
        return len(str(key.get("n", ""))) >= WEAKEST_RSA
    return key.get("kty") in {"EC", "OKP"}


def read_identity(
    token: object, keys: KeySet, expected: Expected, nonce: str, access: object
) -> dict[str, Any]:
    """The claims of an ID token. Raises `TokenRefused`, or joserfc's `InvalidKeyIdError` for an unknown key."""
    opened = _opened(token, keys, expected, IDENTITY_TYPES)
    bound = {"nonce": nonce, "client_id": expected.client_id, "access_token": access}
    options = {"iss": {"essential": True, "value": expected.issuer}}
    claims = CodeIDToken(opened.claims, opened.header, options, bound)
    try:
        claims.validate(now=expected.second, leeway=LEEWAY)
    except (JoseError, ValueError, TypeError, AttributeError) as fault:
        raise TokenRefused(f"ID token: {fault}") from fault
    judge_identity(claims, expected)
    return dict(claims)


def judge_identity(claims: Mapping[str, Any], expected: Expected) -> None:
    """What Authlib leaves open. Raises `TokenRefused`."""
    _judge_frame(claims, expected)
    _require(text(claims.get("sub")) is not None, "sub")
    _require(claims.get("azp", expected.client_id) == expected.client_id, "azp")
    _require("at_hash" not in claims or bool(claims["at_hash"]), "at_hash")
    _require("events" not in claims, "events in an ID token")


def read_logout(token: object, keys: KeySet, expected: Expected) -> Notice:
    """What a logout token says. Raises `TokenRefused`, or joserfc's `InvalidKeyIdError` for an unknown key."""
    types = (*LOGOUT_TYPES, *IDENTITY_TYPES) if expected.drafts else LOGOUT_TYPES
    claims = _opened(token, keys, expected, types).claims
    if expected.drafts and "exp" not in claims:
        claims = claims | {"exp": _seconds(claims, "iat") + FRESH}
    judge_logout(claims, expected)
    expires = dt.datetime.fromtimestamp(claims["exp"], dt.UTC)
    return Notice(str(claims["jti"]), text(claims.get("sub")), text(claims.get("sid")), expires)


def judge_logout(claims: Mapping[str, Any], expected: Expected) -> None:
    """Back-Channel Logout 1.0, 2.6, steps 2 to 7. Raises `TokenRefused`."""
    _judge_frame(claims, expected)
    events = claims.get("events")
    _require(isinstance(events, dict) and isinstance(events.get(LOGOUT), dict), "events")
    _require("nonce" not in claims, "nonce in a logout token")
    _require(text(claims.get("jti")) is not None, "jti")
    named = [name for name in ("sub", "sid") if name in claims]
    _require(bool(named) and all(text(claims[name]) for name in named), "sub or sid")


def text(value: object) -> str | None:
    """A name as a provider may give one: 1 to 255 printable ASCII characters (Core, section 2), else None."""
    good = (
        isinstance(value, str) and 0 < len(value) <= LONGEST_NAME and value.isascii() and value.isprintable()
    )
    return str(value) if good else None


def _opened(token: object, keys: KeySet, expected: Expected, types: tuple[str, ...]) -> jwt.Token:
    """A token whose signature holds, of the right kind; `typ` keeps one kind from passing for another."""
    if not isinstance(token, str) or len(token) > LONGEST_TOKEN:
        raise TokenRefused("no token, or too long a one")
    registry = JWSRegistry(algorithms=list(expected.algorithms), strict_check_header=False)
    registry.max_header_length = registry.max_payload_length = (
        LONGEST_TOKEN  # chains of certificates, many groups
    )
    try:
        opened = jwt.decode(token, keys, registry=registry)
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as fault:
        raise TokenRefused(f"{type(fault).__name__}: {fault}") from fault
    _require(opened.header.get("alg") in ALGORITHMS, "alg")
    _require(not {"crit", "b64"} & opened.header.keys(), "extensions of the header")
    _require(str(opened.header.get("typ", "")).lower() in types, "typ")
    return opened


def _judge_frame(claims: Mapping[str, Any], expected: Expected) -> None:
    """Who says it, to whom and when: the same for every kind of token."""
    _require(claims.get("iss") == expected.issuer, "iss")
    _require(claims.get("aud") in (expected.client_id, [expected.client_id]), "aud")
    issued, expires = _seconds(claims, "iat"), _seconds(claims, "exp")
    _require(expected.second - FRESH <= issued <= expected.second + LEEWAY, "iat")
    _require(max(issued, expected.second - LEEWAY) < expires, "exp")
    if "nbf" in claims:
        _require(_seconds(claims, "nbf") <= expected.second + LEEWAY, "nbf")


def _seconds(claims: Mapping[str, Any], name: str) -> float:
    """A moment; no truth value, no infinity and nothing that is no number, which would compare as it likes."""
    value = claims.get(name)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < LAST_MOMENT:
        raise TokenRefused(name)
    return value


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise TokenRefused(what)
