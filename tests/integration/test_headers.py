"""Every answer forbids what a page does not need, whoever asks, whatever is asked, and when it fails (bar P3)."""

from collections.abc import Iterator
from http import HTTPMethod

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.fixtures.walk import VALUES
from tests.fixtures.web import HOME, Site
from townhall.web import headers

LOOSE = ("unsafe-inline", "unsafe-eval", "unsafe-hashes", "*", "http:", "https:", "blob:", "strict-dynamic")


def loose(answer: TestResponse) -> bool:
    """Whether an answer would let a page run what is written into it, or fetch from elsewhere."""
    policy = answer.headers.get("Content-Security-Policy", "")
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    return (
        rules.get("default-src") != "'none'"
        or rules.get("script-src") != "'self'"
        or any(word in policy for word in LOOSE)
        or answer.headers.get("X-Content-Type-Options") != "nosniff"
    )


def answers(site: Site, login: str | None) -> Iterator[tuple[str, str, TestResponse]]:
    """The answer of every route by every method that HTTP has, allowed there or not."""
    client = (site.browser(login) if login else site.browser()).client
    with site.app.test_request_context():
        addresses = [
            site.app.url_for(
                rule.endpoint,
                **{"filename": "mark.svg"} | {n: VALUES[n] for n in rule.arguments if n in VALUES},
            )
            for rule in site.app.url_map.iter_rules()
            if rule.endpoint not in HEAVY
        ]
    for address in [*sorted({*addresses}), "/nowhere", f"/t/{HOME}/nowhere"]:
        for method in METHODS:
            if (method, address) not in {("POST", "/logout"), ("POST", "/language")}:
                answer = client.open(address, method=method)
                yield method, address, answer
                answer.close()


METHODS = [method for method in HTTPMethod if method not in {HTTPMethod.CONNECT, HTTPMethod.TRACE}]
HEAVY = {
    "studio.pdf",
    "studio.word",
    "studio.page",
    "studio.archive",
    "studio.preview",
    "studio.show",
    "life.export",
}


@pytest.fixture
def open_site(site: Site) -> Site:
    for limiter in site.app.extensions["limiter"]:
        limiter.enabled = False
    return site


@pytest.mark.parametrize("login", [None, "director"])
def test_bar_p3_every_answer_has_the_policy(open_site: Site, login: str | None) -> None:
    found = [
        (method, address, answer.status_code, loose(answer))
        for method, address, answer in answers(open_site, login)
    ]
    assert [one[:3] for one in found if one[3]] == []
    assert len(found) > 400
    assert {404, 405} <= {status for _, _, status, _ in found}


def test_bar_p3_an_answer_that_failed_has_the_policy(site: Site) -> None:
    site.app.config["PROPAGATE_EXCEPTIONS"] = False
    site.app.view_functions["guide.index"] = lambda **_: 1 / 0
    answer = site.browser().client.get(f"/g/{HOME}/")
    assert (answer.status_code, loose(answer)) == (500, False)


def test_bar_p3_control_an_answer_without_the_policy_is_noticed() -> None:
    bare = Flask("bare")
    assert loose(bare.test_client().get("/"))
    careless = Flask("careless")
    headers.protect(careless, secure=False)
    careless.after_request_funcs[None].insert(0, _allow_inline)
    assert loose(careless.test_client().get("/"))


def _allow_inline(response: TestResponse) -> TestResponse:
    """Runs last: functions after a request run in reverse."""
    policy = response.headers["Content-Security-Policy"]
    response.headers["Content-Security-Policy"] = policy.replace(
        "script-src 'self'", "script-src 'self' 'unsafe-inline'"
    )
    return response
