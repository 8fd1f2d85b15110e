"""Layer L0: finished PDFs by what they were made from. What must be reprinted is what has a new key."""

import hashlib
import json
import os
import tempfile
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Final

from townhall.documents.basesheet import BASE_CSS, page_css
from townhall.documents.sheet import Sheet

RENDERER_VERSION: Final = "weasyprint 70.0, townhall 1"  # raise when an equal sheet renders to other bytes


def sheet_key(sheet: Sheet, faces_digest: str) -> str:
    """64 hexadecimal digits that follow from everything a PDF's bytes depend on."""
    facts = [RENDERER_VERSION, faces_digest, BASE_CSS, page_css(sheet), *astuple(sheet)]
    return hashlib.sha256(json.dumps(facts, ensure_ascii=False).encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class Store:
    """PDF files in a directory, one a key; writing is atomic, so several processes may share it."""

    directory: Path

    def path(self, key: str) -> Path:
        """Where the PDF of a key is or would be."""
        return self.directory / key[:2] / f"{key}.pdf"

    def get(self, key: str) -> Path | None:
        """The file of a key, or None when it has not been rendered yet."""
        path = self.path(key)
        return path if path.is_file() else None

    def put(self, key: str, data: bytes) -> Path:
        """Keep the bytes of a key and return their file."""
        return written(self.path(key), data)


def written(path: Path, data: bytes) -> Path:
    """A file that appears whole or not at all, whoever else may write it just now."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".part")
    try:
        with open(handle, "wb") as file:
            file.write(data)
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise
    return path
