"""What the browser gets from us: vendored files as they were published, and every word in English too."""

import ast
import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from townhall.jobs import operations as jobs
from townhall.jobs import packages, provisioning, runner
from townhall.lookups import operations
from townhall.web.language import catalogue

WEB = Path(__file__).parents[2] / "platform" / "townhall" / "web"
CODE = (WEB, WEB.parent / "admin")
VENDOR = WEB / "static" / "vendor"
CALL = re.compile(r"""_\(\s*(?:"((?:[^"\\]|\\.)*)"|'((?:[^'\\]|\\.)*)')""")
HAN = re.compile("[一-鿿]")


def listed() -> dict[str, str]:
    """SHA-256 by path for every file that the manifest names."""
    manifest = json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8"))
    return {
        f"{name}/{file}": digest
        for name, entry in manifest.items()
        for file, digest in entry["files"].items()
    }


def test_every_vendored_file_is_in_the_manifest_and_unchanged() -> None:
    present = [path for path in VENDOR.rglob("*") if path.is_file() and path.name != "manifest.json"]
    digests = {
        str(path.relative_to(VENDOR)): hashlib.sha256(path.read_bytes()).hexdigest() for path in present
    }
    assert digests == listed()


def test_everything_vendored_has_its_version_and_licence() -> None:
    for name, entry in json.loads((VENDOR / "manifest.json").read_text(encoding="utf-8")).items():
        assert entry["version"], name
        assert entry["licence"], name
        assert "LICENSE" in entry["files"], name


def messages() -> Iterator[tuple[str, str]]:
    """Every text of the interface with the file it stands in: `_("…")` in templates, `msgid("…")` in code."""
    for path in WEB.rglob("*.html"):
        for double, single in CALL.findall(path.read_text(encoding="utf-8")):
            yield path.name, double or single
    for path in (path for folder in CODE for path in folder.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"msgid", "translate"}:
                yield from ((path.name, a.value) for a in node.args if isinstance(a, ast.Constant))


def test_every_text_of_the_interface_has_an_english_one() -> None:
    missing = [(file, text) for file, text in messages() if HAN.search(text) and text not in catalogue()]
    assert missing == []


@pytest.mark.parametrize("module", [operations, jobs, packages, provisioning, runner])
def test_every_refusal_that_a_page_shows_has_an_english_text(module: ModuleType) -> None:
    texts = [text for name, text in vars(module).items() if name.isupper() and isinstance(text, str)]
    refusals = [text for text in texts if HAN.search(text) and text != jobs.STAFF]
    assert refusals
    assert [text for text in refusals if text not in catalogue()] == []


def test_an_english_text_keeps_the_places_for_values() -> None:
    for chinese, english in catalogue().items():
        assert set(re.findall(r"\{(\w+)", chinese)) == set(re.findall(r"\{(\w+)", english)), chinese


@pytest.mark.parametrize("path", sorted(WEB.rglob("*.html")), ids=lambda path: path.name)
def test_no_template_writes_chinese_past_the_translator(path: Path) -> None:
    text = re.sub(r"\{#.*?#\}", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
    outside = re.sub(r"\{\{.*?\}\}|\{%.*?%\}", "", text, flags=re.DOTALL)
    assert HAN.findall(outside) == []
