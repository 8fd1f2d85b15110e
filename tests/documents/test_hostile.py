"""Templates and drawings from people who mean harm: N of N refused, and nothing of this machine on paper (P1, P2)."""

import itertools
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from jinja2 import DictLoader, Environment
from weasyprint import HTML

from tests.fixtures.fetching import ATTRIBUTES, addresses, sheet
from tests.fixtures.payloads import ESCAPES, EXHAUSTING, STATEMENTS
from townhall.documents.booth import Templates, booth
from townhall.documents.errors import DocumentError
from townhall.documents.fonts import ensure_faces
from townhall.documents.pdf import Renderer
from townhall.documents.sandbox import LONGEST_RESULT

SECRET = "秘密內容-4711"
CONTEXT: dict[str, Any] = {
    "name": "甲",
    "items": [{"key": "a", "name": "乙"}],
    "number": 3,
    "text": "丙" * 50,
}


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(ensure_faces())


def made(source: str, context: dict[str, Any] = CONTEXT) -> str:
    """A template as our documents have it made into text."""
    return booth().text(Templates((("x.html", source),)), "x.html", context)


def refused(source: str) -> bool:
    """Whether a template is refused with an error of documents, and with no other."""
    try:
        made(source)
    except DocumentError:
        return True
    return False


@pytest.mark.parametrize("source", [f"{{{{ {escape} }}}}" for escape in ESCAPES] + STATEMENTS)
def test_bar_p1_a_way_out_of_the_sandbox_is_refused(source: str) -> None:
    kept = repr(CONTEXT)
    assert refused(source), source
    assert repr(CONTEXT) == kept


def test_bar_p1_the_corpus_is_large_and_dangerous_without_the_sandbox() -> None:
    """The control: plain Jinja answers many of the same templates with what they ask for."""
    assert len(ESCAPES) + len(STATEMENTS) >= 100
    assert sum(answered(escape) for escape in ESCAPES) > 40


def answered(escape: str) -> bool:
    """Whether Jinja without a sandbox makes text of it."""
    with suppress(Exception):
        return bool(Environment(autoescape=True).from_string(f"{{{{ {escape} }}}}").render(deepcopy(CONTEXT)))
    return False


@pytest.mark.parametrize("source", EXHAUSTING)
def test_bar_p1_what_would_fill_the_memory_is_refused_at_once(source: str) -> None:
    assert refused(source), source


def test_what_documents_need_is_allowed() -> None:
    source = (
        "{% macro row(one) %}<b>{{ one.name }}</b>{% endmacro %}"
        "{% for one in items %}{{ loop.index * 2 }}{{ row(one) }}{% endfor %}"
        "{% set n = namespace(x=0) %}{% set n.x = n.x + 1 %}{{ n.x % 2 }}{{ items|length }}{{ range(3)|list }}"
    )
    assert made(source) == "2<b>乙</b>11[0, 1, 2]"
    assert LONGEST_RESULT > 1_000_000


def test_what_a_context_holds_is_escaped() -> None:
    assert "<" not in made("{{ name }}", {"name": "<script>&\"'"})


@contextmanager
def listening() -> Iterator[tuple[int, list[str]]]:
    """A port that notes who comes; nobody should."""
    came: list[str] = []
    server = socket.create_server(("127.0.0.1", 0))
    server.settimeout(0.2)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                connection, _ = server.accept()
            except TimeoutError:
                continue
            with connection:
                came.append("x")
                connection.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield server.getsockname()[1], came
    finally:
        stop.set()
        thread.join()
        server.close()


def test_bar_p2_no_document_reads_a_file_or_reaches_a_server(tmp_path: Path, renderer: Renderer) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET, encoding="utf-8")
    count = 0
    with listening() as (port, came):
        for markup, address in itertools.product(ATTRIBUTES, addresses(secret, port)):
            count += 1
            try:
                pdf = renderer.render(sheet(markup.format(address)))
            except DocumentError:
                continue
            assert SECRET.encode() not in pdf
            assert b"/EmbeddedFile" not in pdf, (markup, address)
        assert not came
    assert count >= 60
    print(f"fetching: {count} of {count} payloads reached nothing")


def test_bar_p2_the_control_reads_the_file_and_reaches_the_server(tmp_path: Path) -> None:
    """The same payloads with WeasyPrint's own fetcher: at least one file is embedded, at least one server asked."""
    secret = tmp_path / "secret.txt"
    secret.write_text(SECRET, encoding="utf-8")
    embedded = 0
    with listening() as (port, came):
        for address in (secret.as_uri(), f"http://127.0.0.1:{port}/x"):
            for markup in ATTRIBUTES[:6]:
                pdf = HTML(string=sheet(markup.format(address)).html).write_pdf(uncompressed_pdf=True)
                embedded += SECRET.encode() in pdf
        assert came
    assert embedded


def test_plain_jinja_would_have_included_a_template_of_another_name() -> None:
    """What keeps includes inside a pack is that the loader knows nothing else."""
    loader = DictLoader({"a.html": "{% include 'b.html' %}", "b.html": "乙"})
    assert Environment(loader=loader, autoescape=True).get_template("a.html").render() == "乙"
    assert refused("{% include 'b.html' %}")
