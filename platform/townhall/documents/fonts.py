"""Layer F: lean faces, built once from Debian's open fonts, kept by content hash, in their own fontconfig.

Faces are `$XDG_CACHE_HOME/townhall/fonts/<hash>/Townhall<Style><Script>-<Weight>.ttf`, with a `fonts.conf`
that knows no other font and a manifest. The hash covers the packaged files, the wanted characters and the
builder.
"""

import fcntl
import hashlib
import json
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from multiprocessing import get_context
from pathlib import Path

from townhall.documents.foundry import OWN, Cut, Source, cast, convert, plan_cuts
from townhall.documents.sources import PACKAGED, FontsMissing, cache_home, packaged_sources

BUILDER_VERSION = 4  # raise when the foundry's output changes
SUBSETTER_REMEDY = "apt-get install libharfbuzz-subset0"
CHUNK = 1500  # glyphs a conversion task: about a second
MANIFEST = "manifest.json"
FONTCONFIG = "fonts.conf"

# Beyond Big5 and GB2312: Latin-1, dashes and quotes, arrows, enclosed numbers, rules and boxes, symbols,
# CJK punctuation with 〇 and 〔〕, enclosed ideographs and units, vertical and full-width forms.
RANGES = (
    (0x0020, 0x007E), (0x00A0, 0x00FF), (0x2010, 0x2027), (0x2030, 0x205E), (0x2070, 0x20BF),
    (0x2100, 0x22FF), (0x2460, 0x24FF), (0x2500, 0x27BF),
    (0x3000, 0x303F), (0x3200, 0x33FF), (0xFE30, 0xFE4F), (0xFF00, 0xFFEF),
)  # fmt: skip

# Seven that Big5 was given later and everybody writes; 裏 is the mainland's traditional form.
ADDED = "碁銹裏墻恒粧嫺"

FONTS_CONF = """<?xml version="1.0"?>
<!DOCTYPE fontconfig SYSTEM "urn:fontconfig:fonts.dtd">
<fontconfig>
  <dir prefix="relative">.</dir>
  <cachedir prefix="xdg">fontconfig</cachedir>
  <alias><family>serif</family><prefer><family>Townhall Song TC</family></prefer></alias>
  <alias><family>sans-serif</family><prefer><family>Townhall Hei TC</family></prefer></alias>
</fontconfig>
"""

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Faces:
    """The built faces: their directory, a digest of their bytes, the code points that each of them covers."""

    directory: Path
    digest: str
    coverage: frozenset[int] = field(repr=False)

    def activate(self) -> None:
        """Make these the only fonts of this process; to be called before the first layout."""
        os.environ["FONTCONFIG_FILE"] = str(self.directory / FONTCONFIG)


def ensure_faces(
    extra: frozenset[str] = frozenset(), progress: Progress | None = None, *, packaged: Path = PACKAGED
) -> Faces:
    """The faces for Big5, GB2312, punctuation and the `extra` characters, built when the cache has none.

    `progress` receives steps done and steps in all; a build takes one to three minutes. Raises FontsMissing
    when a packaged collection is absent. Choose `extra` once (packs and place names): each new set is a new
    build.
    """
    sources = packaged_sources(packaged)
    wanted = base_coverage() | frozenset(map(ord, "".join(extra)))
    directory = cache_root() / _cache_key(sources, wanted)
    if not (directory / MANIFEST).exists():
        with _locked(directory.with_suffix(".lock")):
            if not (directory / MANIFEST).exists():
                _build(directory, sources, wanted, progress or _silent)
    return read_faces(directory)


def read_faces(directory: Path) -> Faces:
    """The faces of a finished cache directory."""
    manifest = json.loads((directory / MANIFEST).read_text(encoding="utf-8"))
    return Faces(directory, manifest["digest"], frozenset(manifest["coverage"]))


def require_subsetter() -> None:
    """Refuse to go on without HarfBuzz's subsetter: the fallback takes fifty times as long a document."""
    # Imported late: WeasyPrint loads the libraries, and the fontconfig directory must be set before.
    from weasyprint.text.ffi import harfbuzz_subset

    if not harfbuzz_subset:
        raise FontsMissing("libharfbuzz-subset", SUBSETTER_REMEDY)


@cache
def base_coverage() -> frozenset[int]:
    """Code points wanted in every build: both national sets and the punctuation and symbols around them."""
    symbols = {code for first, last in RANGES for code in range(first, last + 1)}
    return frozenset(symbols | set(map(ord, ADDED)) | _encoded("big5") | _encoded("gb2312"))


def _encoded(encoding: str) -> set[int]:
    pairs = (bytes((lead, trail)) for lead in range(0x81, 0xFF) for trail in range(0x40, 0xFF))
    decoded = (pair.decode(encoding, errors="ignore") for pair in pairs)
    return {ord(text) for text in decoded if len(text) == 1}


def cache_root() -> Path:
    """Where built faces are kept: the user's cache directory."""
    return cache_home() / "fonts"


def _cache_key(sources: Sequence[Source], wanted: frozenset[int]) -> str:
    files = [
        (source.path.name, source.path.stat().st_size, source.path.stat().st_mtime_ns) for source in sources
    ]
    facts = json.dumps([BUILDER_VERSION, files, sorted(wanted), FONTS_CONF])
    return hashlib.sha256(facts.encode()).hexdigest()[:32]


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    # A second process waits for the first one's build instead of making the same one.
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(directory: Path, sources: Sequence[Source], wanted: frozenset[int], progress: Progress) -> None:
    """Cast all faces in a temporary directory and rename it: a directory that exists is complete."""
    cuts = [cut for source in sources for cut in plan_cuts(source, wanted)]
    with tempfile.TemporaryDirectory(dir=directory.parent) as temporary:
        target = Path(temporary) / "faces"
        target.mkdir()
        with ProcessPoolExecutor(mp_context=get_context("forkserver")) as executor:
            _cast_all(executor, cuts, target, progress)
        (target / FONTCONFIG).write_text(FONTS_CONF, encoding="utf-8")
        _write_manifest(target, cuts)
        target.chmod(0o755)
        target.rename(directory)


def _cast_all(executor: Executor, cuts: Sequence[Cut], target: Path, progress: Progress) -> None:
    """Convert the glyphs of each font once, for all its cuts, then cast each cut."""
    conversions = {
        path: [executor.submit(convert, path, names) for names in _chunks(names)]
        for path, names in _names_by_font(cuts).items()
    }
    total = sum(map(len, conversions.values())) + len(cuts)
    steps = iter(range(1, total + 1))
    outlines: dict[Path, dict[str, bytes]] = {}
    for path, futures in conversions.items():
        outlines[path] = {}
        for future in futures:
            outlines[path] |= future.result()
            progress(next(steps), total)
    castings = {executor.submit(cast, cut, _outlines(cut, outlines)): cut for cut in cuts}
    for casting in as_completed(castings):
        cut = castings[casting]
        (target / cut.source.file_name(cut.script)).write_bytes(casting.result())
        progress(next(steps), total)


def _outlines(cut: Cut, outlines: dict[Path, dict[str, bytes]]) -> dict[str, bytes]:
    found = outlines[cut.source.collection] | outlines[cut.source.path]
    return {name: found[name] for name in cut.glyph_order}


def _names_by_font(cuts: Sequence[Cut]) -> dict[Path, list[str]]:
    names: dict[Path, dict[str, None]] = {}
    for cut in cuts:
        for name in cut.glyph_order:
            path = cut.source.path if name.startswith(OWN) else cut.source.collection
            names.setdefault(path, {})[name] = None
    return {path: list(found) for path, found in names.items()}


def _chunks(names: Sequence[str]) -> Iterator[Sequence[str]]:
    return (names[start : start + CHUNK] for start in range(0, len(names), CHUNK))


def _write_manifest(target: Path, cuts: Sequence[Cut]) -> None:
    digest = hashlib.sha256()
    for path in sorted(target.iterdir()):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    coverage = sorted(set.intersection(*(set(cut.cmap) for cut in cuts)))
    manifest = {"digest": digest.hexdigest(), "coverage": coverage}
    (target / MANIFEST).write_text(json.dumps(manifest), encoding="utf-8")


def _silent(done: int, total: int) -> None:
    """Progress for callers that show none."""
