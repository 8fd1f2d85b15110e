"""The Nu checker, the conformance checker of the HTML standard, finds no error in any page (bar P3)."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fixtures.packages import installed
from tests.fixtures.soak import SOAK
from tests.fixtures.walk import addresses
from tests.fixtures.web import Site

SOURCE = Path(__file__).parents[1] / "markup"
pytestmark = pytest.mark.skipif(not SOAK, reason="starts a Java machine: make soak")

# What is not counted, each with why; nothing is at present.
FILTERED: dict[str, str] = {}


def checked(folder: Path) -> list[str]:
    """The errors of all pages in a folder, with the page and the line."""
    java = shutil.which("java")
    assert java, "no Java: make soak installs it"
    jar = installed(SOURCE, "vnu") / "node_modules" / "vnu-jar" / "build" / "dist" / "vnu.jar"
    command = [
        java,
        "-Xss8m",
        "-jar",
        str(jar),
        "--format",
        "json",
        "--stdout",
        "--exit-zero-always",
        str(folder),
    ]
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600)
    found = [one for one in json.loads(done.stdout)["messages"] if one["type"] == "error"]
    return [
        f"{Path(one['url']).name}:{one.get('lastLine', 0)}: {one['message']}"
        for one in found
        if not any(re.search(pattern, one["message"]) for pattern in FILTERED)
    ]


def pages(site: Site) -> Iterator[tuple[str, str]]:
    """Every page that is there, as the prefecture, the director and a citizen see it, in two languages."""
    for language in ("hant", "en"):
        for login in ("prefecture", "director", None):
            client = (site.browser(login, language) if login else site.browser(language=language)).client
            for endpoint, address in addresses(site.app):
                answer = client.get(address)
                if answer.mimetype == "text/html" and answer.status_code not in {302, 303}:
                    name = f"{language}-{login}-{endpoint}-{answer.status_code}-{re.sub(r'[^a-z0-9]+', '-', address)}"
                    yield name[:120], answer.get_data(as_text=True)
                answer.close()


def test_bar_p3_the_nu_checker_finds_no_error_in_any_page(site: Site, tmp_path: Path) -> None:
    (tmp_path / "pages").mkdir()
    for limiter in site.app.extensions["limiter"]:
        limiter.enabled = False
    for name, text in pages(site):
        (tmp_path / "pages" / f"{name}.html").write_text(text, encoding="utf-8")
    errors, count = checked(tmp_path / "pages"), len([*(tmp_path / "pages").iterdir()])
    print(f"P3: {count} pages, {len(errors)} errors by the Nu checker, {len(FILTERED)} kinds filtered")
    for error in sorted({error.partition(": ")[2] for error in errors}):
        print(
            f"  {sum(error in one for one in errors)} × {error}; e.g. {next(one for one in errors if error in one)[:100]}"
        )
    assert count > 150
    assert errors == []


def test_bar_p3_control_a_broken_page_is_noticed(tmp_path: Path) -> None:
    broken = "<!doctype html><html lang=zh-Hant><title>甲</title><p><div></p></div><img src=x><ul><p></ul>"
    (tmp_path / "broken.html").write_text(broken, encoding="utf-8")
    assert len(checked(tmp_path)) >= 3
