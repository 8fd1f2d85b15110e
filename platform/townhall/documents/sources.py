"""Which packaged fonts our faces are cut from, where they lie, and how to get those that are absent.

方正小標宋 and 仿宋_GB2312, which GB/T 9704 means, may not be shipped. In their place stand Noto Serif CJK Bold, cwTeX
FangSong (Traditional) and Fandol FangSong (Simplified); the document studio says so.
"""

import os
from pathlib import Path

from townhall.documents.foundry import Source

PACKAGED = Path("/usr/share/fonts")
NOTO, FANGSONG, KAI = (
    "opentype/noto",
    "truetype/cwtex/cwfs.ttf",
    "truetype/lxgw-wenkai/LXGWWenKai-Regular.ttf",
)
_REMEDIES = {
    NOTO: "apt-get install fonts-noto-cjk",
    FANGSONG: "apt-get install fonts-cwtex-fs",
    KAI: "apt-get install fonts-lxgw-wenkai",
}
FANDOL_REMEDY = "scripts/bootstrap.sh runtime"
_FANDOL_LICENCE = "GNU General Public License, version 3, with font exception"


class FontsMissing(RuntimeError):
    """Something of the font pipeline is not installed; `str()` names it and the command that installs it."""

    def __init__(self, what: str, remedy: str) -> None:
        self.remedy = remedy
        super().__init__(f"缺少 {what}；請安裝：{remedy}")


def cache_home() -> Path:
    """Where this program keeps what it can make or fetch again."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "townhall"


def unpacked() -> Path:
    """Where scripts/bootstrap.sh puts the one font that it takes out of a large package."""
    return cache_home() / "unpacked" / "FandolFang-Regular.otf"


def packaged_sources(packaged: Path = PACKAGED) -> tuple[Source, ...]:
    """All sources in a fixed order. Raises FontsMissing naming those that are absent."""
    song = packaged / NOTO / "NotoSerifCJK-Regular.ttc"
    sources = (
        *(
            Source(packaged / NOTO / f"Noto{kind}CJK-{weight}.ttc", style, weight)
            for style, kind in (("Song", "Serif"), ("Hei", "Sans"))
            for weight in ("Regular", "Bold")
        ),
        Source(packaged / FANGSONG, "Fang", "Regular", song, ("TC",)),
        Source(unpacked(), "Fang", "Regular", song, ("SC",), _FANDOL_LICENCE),
        Source(packaged / KAI, "Kai", "Regular", song),
    )
    absent = [source.path for source in sources if not source.path.is_file()]
    if absent:
        remedies = dict.fromkeys(_remedy(path, packaged) for path in absent)
        raise FontsMissing("、".join(path.name for path in absent), "；".join(remedies))
    return sources


def _remedy(path: Path, packaged: Path) -> str:
    within = path.relative_to(packaged).as_posix() if path.is_relative_to(packaged) else ""
    found = (remedy for start, remedy in _REMEDIES.items() if within.startswith(start))
    return next(found, FANDOL_REMEDY)
