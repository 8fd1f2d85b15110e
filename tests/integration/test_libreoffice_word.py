"""LibreOffice judges the Word files: it opens each, and its pages say what ours say, with our headings and numbers."""

import subprocess
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from tests.fixtures.libreoffice import converted
from tests.fixtures.papers import DRAFT, filled, unfilled
from tests.fixtures.soak import SOAK
from tests.fixtures.wordfiles import close, manuscript, opened, words_in
from townhall.documents.catalogue import subjects
from townhall.documents.word.manuscript import Manuscript, has_word
from townhall.script import SCRIPTS

pytestmark = pytest.mark.skipif(not SOAK, reason="starts LibreOffice: make soak")
KEYS = [document.key for document in filled().pack.documents if has_word(document.template)]


def papers(script: str) -> Iterator[Manuscript]:
    """Every paper of the sample centre, and a draft of each kind with its blanks."""
    sample = filled()
    for key in KEYS:
        found = subjects(sample.document(key), sample.centre)
        yield from (manuscript(sample, key, script, subject=subject.key) for subject in found)
        yield manuscript(unfilled(), key, script, issue=DRAFT)


def printed(pdf: Path) -> str:
    command = ["pdftotext", "-raw", pdf, "-"]
    return close(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def missing(words: str, printed: str) -> Counter[str]:
    """What a text lacks; where it stands is the layout's business, and heads and feet are there besides."""
    return _signs(words) - _signs(printed)


def _signs(text: Iterable[str]) -> Counter[str]:
    return Counter(sign for sign in text if sign.isalnum())


@pytest.mark.parametrize("script", SCRIPTS)
def test_libreoffice_prints_every_word_and_number_of_the_word_files(script: str, tmp_path: Path) -> None:
    files = {f"{number:03}": paper.written() for number, paper in enumerate(papers(script))}
    for name, data in files.items():
        (tmp_path / f"{name}.docx").write_bytes(data)
    made = converted(sorted(tmp_path.glob("*.docx")), "pdf", tmp_path / "pdf")
    assert [pdf.stem for pdf in made] == list(files)
    lacking = {pdf.stem: missing(words_in(opened(files[pdf.stem])), printed(pdf)) for pdf in made}
    print(
        f"{len(made)} Word files in {script}, {sum(not one for one in lacking.values())} with all their words"
    )
    assert {name: signs for name, signs in lacking.items() if signs} == {}


def test_control_a_word_that_libreoffice_does_not_print_is_missed(tmp_path: Path) -> None:
    data = manuscript(filled(), "regime-a4").written()
    (tmp_path / "paper.docx").write_bytes(data)
    (pdf,) = converted([tmp_path / "paper.docx"], "pdf", tmp_path / "pdf")
    assert missing(words_in(opened(data)) + "驫", printed(pdf)) == {"驫": 1}
