"""Our pipeline on the same papers: layouts made once a shape, every township stamped (`content.contest`).

`naive` is what one writes first with the library and the system's fonts; `full` lays each paper out by itself.
"""

import os
import sys
from pathlib import Path
from typing import Any

sys.path[:0] = [
    str(Path(__file__).parent),
    *(str(Path(__file__).parents[3] / name) for name in ("platform", "")),
]

from content import Block, Paper, Values, contest, townships  # noqa: E402

SENTINELS = "亍亓仉佶偈龠阽邙"
TABLE = "table{table-layout:fixed;width:100%;border-collapse:collapse}td{border:.3mm solid;padding:1.5mm}"


def html(paper: Paper, values: Values) -> str:
    """The paper of a township as a page."""
    body = "".join(_block(block, values) for block in paper.blocks)
    return f'<!DOCTYPE html><html lang="zh-Hant"><head><title>{paper.key}</title></head><body>{body}</body></html>'


def _block(block: Block, values: Values) -> str:
    if block.kind != "table":
        name = {"title": "h1", "h2": "h2", "p": "p"}[block.kind]
        return f"<{name}>{values.put(block.text)}</{name}>"
    columns = "".join(f'<col style="width:{width}mm">' if width else "<col>" for width in block.columns)
    rows = "".join(f"<tr>{''.join(f'<td>{values.put(cell)}' for cell in row)}" for row in block.rows)
    return f"<table><colgroup>{columns}</colgroup>{rows}</table>"


def style(paper: Paper) -> str:
    """Its page and type."""
    top, right, bottom, left = paper.margins
    return (
        f"@page{{margin:{top}mm {right}mm {bottom}mm {left}mm}}"
        f"body{{font-size:{paper.size}pt;line-height:{paper.pitch}}}p{{margin:0;text-align:justify}}"
        f"h1{{font-size:{paper.heading}pt}}{TABLE}"
    )


def naive(paper: Paper, values: Values) -> bytes:
    """What one writes first."""
    from weasyprint import HTML

    own = f'@page{{size:{paper.width}mm {paper.height}mm}}body{{margin:0;font-family:"Noto Serif CJK TC"}}'
    page = html(paper, values).replace("</head>", f"<style>{style(paper)}{own}</style></head>")
    made: bytes = HTML(string=page).write_pdf()
    return made


class Ours:
    """One process of ours; layouts are kept in a folder."""

    def __init__(self, faces: str, kept: str, alphabet: frozenset[str]) -> None:
        os.environ["FONTCONFIG_FILE"] = str(Path(faces) / "fonts.conf")
        self._kept, self._faces, self._alphabet = Path(kept), faces, alphabet
        self._layouts: dict[tuple[str, int], Any] = {}
        self._renderer: Any = None

    def sheet(self, paper: Paper, values: Values) -> Any:
        from townhall.documents.sheet import Sheet

        return Sheet(html(paper, values), style(paper), paper.width, paper.height)  # type: ignore[arg-type]

    def full(self, paper: Paper, values: Values) -> bytes:
        """Laid out by itself."""
        made: bytes = self.renderer.render(self.sheet(paper, values))
        return made

    @property
    def renderer(self) -> Any:
        if self._renderer is None:
            from townhall.documents.fonts import read_faces
            from townhall.documents.pdf import Renderer

            self._renderer = Renderer(read_faces(Path(self._faces)))
        return self._renderer

    def stamped(self, paper: Paper, values: Values) -> bytes:
        """Stamped; a layout that is neither in memory nor on disk is made first."""
        key = (paper.key, len(values.name))
        layout = self._layouts.get(key) or self._loaded(key, paper, values)
        made: bytes = layout.stamped((values.name, values.phone, values.date))
        return made

    def _loaded(self, key: tuple[str, int], paper: Paper, values: Values) -> Any:
        from townhall.documents.stamping.layout import loaded

        path = self._kept / f"{key[0]}-{key[1]}"
        if not path.is_file():
            partial = path.with_suffix(f".{os.getpid()}")
            partial.write_bytes(self._compiled(paper, values))
            partial.rename(path)
        self._layouts[key] = loaded(path.read_bytes())
        return self._layouts[key]

    def _compiled(self, paper: Paper, values: Values) -> bytes:
        from townhall.documents.stamping.draft import Draft
        from townhall.documents.stamping.slots import Slot

        other = Values(SENTINELS[: len(values.name)], "7382-9164509", "9764年8月6日")
        numeric = {"name": False, "phone": True, "date": True}
        slots = [Slot(name, getattr(values, name), getattr(other, name), numeric[name]) for name in numeric]
        sheets = self.sheet(paper, other), self.sheet(paper, values)
        return Draft(paper.key, sheets, tuple(slots), self._alphabet, ()).made(self.renderer)


def peak() -> int:
    """KiB that this process has held at most."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:"))


def main() -> None:
    """Arguments: the folder of the faces, that of the layouts, and which of the three ways."""
    faces, kept, way = sys.argv[1:4]
    ours = Ours(faces, kept, frozenset("".join(values.name for values in townships(140))))
    make = {"naive": naive, "full": ours.full, "stamped": ours.stamped}[way]
    contest(lambda paper, values, _tagged: make(paper, values), lambda: {"peak": peak()})


if __name__ == "__main__":
    main()
