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

from townhall.documents.errors import DocumentError
from townhall.documents.fonts import ensure_faces
from townhall.documents.html import environment
from townhall.documents.pdf import Renderer
from townhall.documents.sandbox import LONGEST_RESULT, rendered
from townhall.documents.sheet import Sheet

SECRET = "秘密內容-4711"
CONTEXT: dict[str, Any] = {
    "name": "甲",
    "items": [{"key": "a", "name": "乙"}],
    "number": 3,
    "text": "丙" * 50,
}

# Ways to the classes, modules and functions behind a value.
ROOTS = ("name", "items", "number", "''", "[]", "{}", "()", "range", "namespace", "self", "items[0]", "1.5")
STEPS = (
    "{0}.__class__",
    "{0}.__class__.__mro__",
    "{0}['__class__']",
    "{0}|attr('__class__')",
    "{0}|map(attribute='__class__')|list",
    "{0}.__init__.__globals__",
    "{0}.__subclasshook__",
    "{0}.__reduce_ex__(2)",
    "{0}.__doc__",
)
ESCAPES = [step.format(root) for root, step in itertools.product(ROOTS, STEPS)] + [
    "''.__class__.__mro__[1].__subclasses__()",
    "cycler.__init__.__globals__.os.getcwd()",
    "lipsum.__globals__['os'].environ",
    "joiner.__init__.__globals__",
    "config",
    "request.application.__globals__",
    "url_for.__globals__",
    "get_flashed_messages.__globals__",
    "g",
    "session",
    "self._TemplateReference__context",
    "self.__init__.__globals__",
    "'{0.__class__}'.format(name)",
    "'{0.__class__}'.format_map({'0': name})",
    "('%s' % name)",
    "name.encode()",
    "name.upper()",
    "items.append(1)",
    "items.pop()",
    "items[0].update({'key': 'x'})",
    "items[0].clear()",
    "namespace(a=1).__dict__",
    "caller.__globals__",
    "().__class__.__base__",
    "[].__len__()",
    "(1).__add__(2)",
    "name|format('x')",
    "name|pprint",
    "name|xmlattr",
    "name|tojson",
    "items|groupby('key')",
    "items|selectattr('name')|list",
    "name|urlize",
    "name.__getattribute__('__class__')",
]
STATEMENTS = [
    "{% include '/etc/passwd' %}",
    "{% include 'file:///etc/passwd' %}",
    "{% import 'os' as os %}",
    "{% from '/proc/self/environ' import x %}",
    "{% extends '../../etc/passwd' %}",
    "{% set items[0].key = 'x' %}{{ items }}",
    "{% set x = namespace() %}{% set x.y = name.__class__ %}{{ x.y }}",
    "{% for x in name.__class__.__mro__ %}{{ x }}{% endfor %}",
    "{% if name.__class__ %}x{% endif %}",
    "{% call name.__class__() %}{% endcall %}",
    "{% filter attr('__class__') %}x{% endfilter %}",
    "{% debug %}",
    "{% do items.append(1) %}",
]
EXHAUSTING = [
    "{{ 'a' * 1000000000 }}",
    "{{ [0] * 1000000000 }}",
    "{{ text * 100000000 }}",
    "{{ 9 ** 9 ** 9 }}",
    "{{ 10 ** 100 }}",
    "{{ 2 ** 999999999 }}",
    "{{ '%999999999d' % 1 }}",
    "{{ '%*d' % (999999999, 1) }}",
    "{{ 'a'|center(1000000000) }}",
    "{{ 'a'|indent(1000000000) }}",
    "{{ 'a'.ljust(1000000000) }}",
    "{{ 'a'.zfill(1000000000) }}",
    "{{ 'a'.replace('', text).replace('', text).replace('', text) }}",
    "{% for x in range(1000000000) %}{{ x }}{% endfor %}",
    "{{ range(10001)|list }}",
    "{{ range(0, 100000000, 2)|sum }}",
    "{% for x in range(9999) %}{{ text }}{{ text }}{{ text }}{{ text }}{{ text }}{{ text }}{{ text }}{{ text }}{{ text }}{{ text }}{{ text }}{{ text }}{% endfor %}",
    "{{ lipsum(100000) }}",
    "{{ cycler(*range(99999999)) }}",
    "{{ dict(a='b' * 99999999) }}",
    "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
]


@pytest.fixture(scope="module")
def renderer() -> Renderer:
    return Renderer(ensure_faces())


def refused(source: str) -> bool:
    """Whether a template is refused as our documents refuse it; `_page` makes one error of all kinds."""
    from townhall.documents.html import _page

    try:
        _page("x.html", {"x.html": source}, CONTEXT, "hant")
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
    made = rendered(environment((("x.html", source),), "hant"), "x.html", CONTEXT)
    assert made == "2<b>乙</b>11[0, 1, 2]"
    assert LONGEST_RESULT > 1_000_000


def test_what_a_context_holds_is_escaped() -> None:
    made = rendered(environment((("x.html", "{{ name }}"),), "hant"), "x.html", {"name": "<script>&\"'"})
    assert "<" not in made


ATTRIBUTES = (
    '<img src="{0}" alt="">',
    '<object data="{0}"></object>',
    '<embed src="{0}">',
    '<link rel="stylesheet" href="{0}">',
    '<link rel="attachment" href="{0}">',
    '<a rel="attachment" href="{0}">a</a>',
    '<svg width="5" height="5"><image href="{0}" width="5" height="5"/></svg>',
    '<svg width="5" height="5"><use href="{0}#a"/></svg>',
    '<p style="background: url({0})">a</p>',
    '<p style="list-style-image: url({0}); display: list-item">a</p>',
    "<style>@import url({0});</style>",
    "<style>@font-face {{ font-family: x; src: url({0}) }} p {{ font-family: x }}</style><p>a</p>",
    "<style>p::before {{ content: url({0}) }}</style><p>a</p>",
    "<style>@page {{ background: url({0}) }}</style>",
)


def addresses(secret: Path, port: int) -> list[str]:
    return [
        secret.as_uri(),
        f"FILE://{secret}",
        f"file://localhost{secret}",
        str(secret),
        f"../../..{secret}",
        f"http://127.0.0.1:{port}/x",
        f"//127.0.0.1:{port}/x",
        "ftp://127.0.0.1/x",
    ]


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


def sheet(body: str) -> Sheet:
    html = f'<!doctype html><html lang="zh-Hant"><head><title>甲</title></head><body>{body}</body></html>'
    return Sheet(html=html, stylesheet="", width=210, height=297, bleed=0, pages=None)


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
