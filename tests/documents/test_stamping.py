"""A stamped paper is the paper that a full layout gives: by its streams, tags, texts, fonts and pixels (layer L1)."""

import datetime as dt
import io
import os
import random
import re
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pypdf
import pypdfium2
import pytest
from pypdf.generic import ArrayObject, DictionaryObject, IndirectObject, StreamObject

from tests.fixtures.papers import ISSUE, filled, lean, renderer
from townhall.documents import batch
from townhall.documents.batch import FolderTarget, print_batch
from townhall.documents.commission import Illustration
from townhall.documents.errors import DocumentError, NotStampable
from townhall.documents.fonts import ensure_faces
from townhall.documents.production import Binder, Order
from townhall.documents.stamping.compiler import compiled
from townhall.documents.stamping.disguise import IDEOGRAPHS, NoDisguise, disguised
from townhall.documents.stamping.layout import Layout, dumped
from townhall.documents.stamping.splicing import Unknown
from townhall.documents.stamping.stamper import Layouts, Prepared, Stamper, Township
from townhall.documents.store import Store
from townhall.script import HANS, to_script

Where = tuple[str, str | None, str]  # a kind of document, its subject, its script

SOAK = bool(os.environ.get("TOWNHALL_SOAK"))
SAMPLES = 500 if SOAK else 24
DRAWN = 60 if SOAK else 4
ENDINGS = "鄉鎮"
# What names of places are written with, as far as they have a form of their own in each script.
LETTERS = "清溪黃草普坪魯礎營油邁瑤新橋萬峰湖龍山白碗窯雨樟木賈戛巴結樂旺馬嶺鄭屯頂效則捧"
ALPHABET = frozenset(LETTERS + ENDINGS + "縣" + to_script(LETTERS + ENDINGS + "縣", HANS))


def township(chance: random.Random, letters: int = 3) -> Binder:
    """The sample under another name, with other numbers, on another day."""
    sample = filled()
    name = "".join(chance.sample(LETTERS, letters - 1)) + chance.choice(ENDINGS)
    county = "".join(chance.sample(LETTERS, 2)) + "縣"
    unit = replace(
        sample.unit,
        code=f"{chance.randrange(10**8, 10**9)}000",
        name=name,
        name_hans=to_script(name, HANS),
        county=county,
        county_hans=to_script(county, HANS),
    )
    profile = sample.centre.profile.model_copy(
        update={
            "hotline": f"{chance.randrange(10**4):04}-{chance.randrange(10**7):07}（樣例）",
            "complaint_phone": f"{chance.randrange(10**4):04}-{chance.randrange(10**7):07}（樣例）",
            "address": f"{county}{name}樣例路1號（樣例）",
        }
    )
    date = dt.date(chance.randrange(2020, 2040), chance.randrange(1, 10), chance.randrange(10, 29))
    # From 5, for 4.7 stands for all numbers, and whoever has it shares no layout with the others.
    issue = replace(ISSUE, date=date, number=f"{chance.randrange(5, 10)}.{chance.randrange(1, 10)}")
    return Binder(unit, sample.centre.model_copy(update={"profile": profile}), sample.pack, issue)


def orders() -> list[Where]:
    """One subject of every kind of document, in both scripts; of booklets there is a test of its own."""
    made = [order for order in township(random.Random(1)).orders() if not order.document.bulky]
    first = {(order.document.key, order.script): order for order in reversed(made)}
    return [(order.document.key, order.subject.key, order.script) for order in first.values()]


def prepared(binder: Binder, where: Where) -> Prepared:
    """A document of a township, ready to be stamped."""
    paper = Township(binder, where[2], "faces").prepared(ordered(binder, where))
    assert paper is not None
    return paper


@cache
def layout(where: Where, letters: int = 3) -> Layout:
    """The layout of a document, made from one township and used for all others."""
    return compiled(renderer(), prepared(township(random.Random(1), letters), where).draft(ALPHABET))


def ordered(binder: Binder, where: Where) -> Order:
    order = binder.order(*where)
    assert order is not None
    return order


@cache
def stocked(seed: int, where: Where, letters: int = 3) -> tuple[bytes, bytes]:
    """A document stamped, and laid out in full."""
    binder = township(random.Random(seed), letters)
    paper = prepared(binder, where)
    assert paper.key == prepared(township(random.Random(1), letters), where).key
    return layout(where, letters).stamped(paper.values), renderer().render(
        binder.sheet(ordered(binder, where))
    )


def cases() -> Iterator[tuple[int, Where]]:
    """Random documents, every kind in both scripts first."""
    chance, kinds = random.Random(20121231), orders()
    for number in range(max(SAMPLES, len(kinds))):
        yield 100 + number, kinds[number] if number < len(kinds) else chance.choice(kinds)


IGNORED = {"/FontFile2", "/ToUnicode", "/W", "/CIDSet", "/Length", "/Filter", "/DecodeParms"}


def differences(one: Any, other: Any, path: str, seen: set[tuple[int, int]]) -> Iterator[str]:
    """Where two objects of two documents say different things; fonts may hold more glyphs."""
    if isinstance(one, IndirectObject) and isinstance(other, IndirectObject):
        if (place := (one.idnum, other.idnum)) in seen:
            return
        seen.add(place)
    one, other = one.get_object(), other.get_object()
    if type(one) is not type(other):
        yield f"{path}: {type(one).__name__}, {type(other).__name__}"
    elif isinstance(one, DictionaryObject):
        if one.keys() - IGNORED != other.keys() - IGNORED:
            yield f"{path}: {sorted(one.keys() ^ other.keys())}"
        for name in sorted(one.keys() & other.keys() - IGNORED):
            yield from differences(one.raw_get(name), other.raw_get(name), f"{path}{name}", seen)
        if isinstance(one, StreamObject) and one.get_data().rstrip(b"\n") != other.get_data().rstrip(b"\n"):
            yield f"{path}: stream"
    elif isinstance(one, ArrayObject):
        if len(one) != len(other):
            yield f"{path}: {len(one)}, {len(other)}"
        for index in range(min(len(one), len(other))):
            inner = one[index] if not hasattr(one, "raw_get") else list.__getitem__(one, index)
            yield from differences(inner, list.__getitem__(other, index), f"{path}[{index}]", seen)
    elif one != other:
        yield f"{path}: {one!r}, {other!r}"


def differing(one: bytes, other: bytes) -> list[str]:
    mine, theirs = (
        pypdf.PdfReader(io.BytesIO(one), strict=True),
        pypdf.PdfReader(io.BytesIO(other), strict=True),
    )
    found = list(differences(mine.trailer.raw_get("/Root"), theirs.trailer.raw_get("/Root"), "", set()))
    found += differences(mine.trailer.raw_get("/Info"), theirs.trailer.raw_get("/Info"), "/Info", set())
    texts = [[page.extract_text() for page in each.pages] for each in (mine, theirs)]
    return found + ([] if texts[0] == texts[1] else ["text"])


@pytest.mark.parametrize(("seed", "where"), [*cases()])
def test_a_stamped_paper_has_the_streams_tags_and_texts_of_a_full_layout(seed: int, where: Where) -> None:
    stamped, stock = stocked(seed, where)
    assert differing(stamped, stock) == []


@pytest.mark.parametrize(("seed", "where"), [*cases()][:DRAWN])
def test_a_stamped_paper_looks_like_a_full_layout_to_the_pixel(seed: int, where: Where) -> None:
    stamped, stock = stocked(seed, where)
    with pypdfium2.PdfDocument(stamped) as mine, pypdfium2.PdfDocument(stock) as theirs:
        assert len(mine) == len(theirs)
        for page in range(len(mine)):
            scale = min(150 / 72, 2000 / max(mine[page].get_size()))
            pictures = [one[page].render(scale=scale).to_pil().tobytes() for one in (mine, theirs)]
            assert pictures[0] == pictures[1]


@pytest.mark.parametrize("where", orders(), ids=lambda where: f"{where[0]}-{where[2]}")
def test_a_stamped_file_is_sound(where: Where, tmp_path: Path) -> None:
    path = tmp_path / "stamped.pdf"
    path.write_bytes(layout(where).stamped(prepared(township(random.Random(100)), where).values))
    checked = subprocess.run(["qpdf", "--check", path], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, "")


@pytest.mark.parametrize("letters", [2, 5, 8, 12] if SOAK else [2, 12])
def test_names_of_two_to_twelve_characters_are_stamped_like_any_other(letters: int) -> None:
    where = next(one for one in orders() if one[0] == "regime-a4")
    assert differing(*stocked(7, where, letters)) == []


def test_a_booklet_is_stamped_with_the_code_of_every_guide() -> None:
    one, other = (slim(township(random.Random(seed))) for seed in (1, 100))
    where = ("booklet-window", one.centre.windows[0].key, "hant")
    paper, asked = prepared(one, where), prepared(other, where)
    assert (paper.key, len(paper.addresses)) == (asked.key, 2)  # of its guide and of the list of guides
    stamped = compiled(renderer(), paper.draft(ALPHABET)).stamped(asked.values)
    assert differing(stamped, renderer().render(other.sheet(ordered(other, where)))) == []


def slim(binder: Binder) -> Binder:
    """A township with few windows and items."""
    few = lean(filled()).centre
    return replace(
        binder, centre=binder.centre.model_copy(update={"windows": few.windows, "items": few.items})
    )


def test_a_wrong_glyph_is_noticed() -> None:
    """The control: one glyph of one face exchanged."""
    where = orders()[0]
    good = layout(where)
    binder = township(random.Random(100))
    name = next(name for name in good.tables if name.isupper())
    letter = binder.unit.name[0] if where[2] != HANS else binder.unit.name_hans[0]
    table = {**good.tables[name], letter: good.tables[name]["草"]}
    wrong = replace(good, tables={**good.tables, name: table})
    stamped = wrong.stamped(prepared(binder, where).values)
    stock = renderer().render(binder.sheet(ordered(binder, where)))
    assert any(one.endswith("stream") for one in differing(stamped, stock))


def test_a_layout_that_gives_another_page_is_not_made() -> None:
    """The proof at compiling: what stands in the real sheet and not in the slots is no slot's."""
    binder = township(random.Random(1))
    where = next(one for one in orders() if one[0] == "card")
    draft = prepared(binder, where).draft(frozenset())
    sheet, real = draft.sheets
    for words in ("便民、利農", "便民、利"):
        html = real.html.replace("便民、利民", words)
        assert html != real.html
        with pytest.raises(NotStampable):
            compiled(renderer(), replace(draft, sheets=(sheet, replace(real, html=html))))


def test_a_character_that_was_not_foreseen_has_no_place_in_a_layout() -> None:
    where = orders()[0]
    values = [*prepared(township(random.Random(3)), where).values]
    values[0] = "龘" + values[0][1:]
    with pytest.raises(Unknown):
        layout(where).stamped(values)


def test_the_same_values_give_the_same_bytes_and_others_another_identifier() -> None:
    where = orders()[0]
    one, other = (prepared(township(random.Random(seed)), where).values for seed in (3, 4))
    made = [layout(where).stamped(values) for values in (one, one, other)]
    assert made[0] == made[1]
    identifiers = [re.findall(rb"/ID \[\(([0-9a-f]{32})\)", each) for each in made]
    assert len(identifiers[0]) == 1
    assert identifiers[0] != identifiers[2]


def test_a_page_that_differs_in_more_than_the_slots_is_laid_out_by_itself() -> None:
    """Whatever makes it differ: a template that asks for a name, a word that stands in a name, our own letters."""
    where = next(one for one in orders() if one[0] == "regime-a4" and one[2] == "hant")
    one = township(random.Random(5))
    asking = one.pack.templates | {
        "regime-a4.html": one.pack.templates["regime-a4.html"].replace(
            "</body>",
            f"{{% if centre_name == '{one.unit.name}便民服務中心' %}}<p>只此一處</p>{{% endif %}}</body>",
        )
    }
    curious = replace(one, pack=one.pack.model_copy(update={"templates": asking}))
    assert Township(curious, "hant", "faces").prepared(ordered(curious, where)) is None
    assert Township(one, "hant", "faces").prepared(ordered(one, where)) is not None
    ours = replace(one, unit=replace(one.unit, name=IDEOGRAPHS[0] + one.unit.name[1:]))
    with pytest.raises(NoDisguise):
        Township(ours, "hant", "faces")


def test_whoever_has_the_number_that_stands_for_all_gets_another_layout() -> None:
    where = next(one for one in orders() if one[0] == "card" and one[2] == "hant")
    one = township(random.Random(5))
    profile = one.centre.profile.model_copy(
        update={"hotline": disguised(one, "hant").other.centre.profile.hotline}
    )
    odd = replace(one, centre=one.centre.model_copy(update={"profile": profile}))
    paper, stock = prepared(odd, where), renderer().render(odd.sheet(ordered(odd, where)))
    assert paper.key != prepared(one, where).key
    assert differing(compiled(renderer(), paper.draft(ALPHABET)).stamped(paper.values), stock) == []


def test_what_full_layout_refuses_is_not_stamped() -> None:
    """A picture that cannot be drawn."""
    where = next(one for one in orders() if one[0] == "guide" and one[2] == "hant")
    binder = replace(township(random.Random(5)), way=Illustration("image/png", 40, 30, b"no picture"))
    with pytest.raises(DocumentError, match="未能載入"):
        compiled(renderer(), prepared(binder, where).draft(ALPHABET))


def test_a_layout_that_is_not_whole_counts_as_none(tmp_path: Path) -> None:
    kept = Layouts(tmp_path)
    kept.put("ab" * 32, dumped(layout(orders()[0])))
    (path,) = (one for one in tmp_path.rglob("*") if one.is_file())
    assert Layouts(tmp_path).get("ab" * 32) == layout(orders()[0])
    for broken in (b"", path.read_bytes()[:-1000], path.read_bytes() + b"x"):
        path.write_bytes(broken)
        assert Layouts(tmp_path).get("ab" * 32) is None


def test_papers_share_a_layout_as_long_as_nothing_that_they_read_differs() -> None:
    one, other = (slim(township(random.Random(seed))) for seed in (5, 6))
    item = other.centre.items[0]
    changed = item.model_copy(update={"scope": "本鄉另有規定"})
    edited = replace(
        other, centre=other.centre.model_copy(update={"items": (changed, *other.centre.items[1:])})
    )
    keys = [
        {
            order.identity: prepared(each, (order.document.key, order.subject.key, "hant")).key
            for order in each.orders(("hant",))
        }
        for each in (one, edited)
    ]
    apart = {identity for identity in keys[0] if keys[0][identity] != keys[1][identity]}
    told = {f"guide/{item.key}/hant", "booklet-centre//hant"}  # the concise guide does not tell the scope
    assert apart == told | {f"booklet-window/{window}/hant" for window in item.windows}


@pytest.mark.parametrize("waiting", [1, 50])
def test_a_fleet_is_stamped_and_says_what_it_says_when_laid_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, waiting: int
) -> None:
    """However many may wait for a layout."""
    monkeypatch.setattr(batch, "MOST_WAITING", waiting)
    fleet = [township(random.Random(seed)) for seed in range(200, 203)]
    fleet.append(township(random.Random(203), 4))  # another shape
    wanted = [
        (binder, order)
        for binder in fleet
        for order in binder.orders(("hant",))
        if order.document.key in {"card", "window-plate"}
    ]
    texts = []
    for name, stamper in (("stamped", True), ("laid-out", False)):
        faces = ensure_faces()
        made = print_batch(
            wanted,
            FolderTarget(tmp_path / name),
            workers=1,
            store=Store(tmp_path / "store"),
            faces=faces,
            stamper=Stamper(Layouts(tmp_path / "store"), faces.digest) if stamper else None,
        )
        assert (made.made, made.failures) == (len(wanted), [])
        files = sorted((tmp_path / name).rglob("*.pdf"))
        texts.append([(file.name, pypdf.PdfReader(file).pages[0].extract_text()) for file in files])
    assert texts[0] == texts[1]
    layouts = [path for path in (tmp_path / "store" / "layouts").rglob("*") if path.is_file()]
    assert len(layouts) < len(wanted)


def test_what_cannot_be_stamped_is_laid_out_and_what_cannot_be_made_is_told(tmp_path: Path) -> None:
    """A name of our own characters, a board without room and a clean paper, in one batch."""
    good, odd = township(random.Random(301)), township(random.Random(302))
    odd = replace(odd, unit=replace(odd.unit, name=IDEOGRAPHS * 2, name_hans=IDEOGRAPHS * 2))
    fleet = [good, odd, township(random.Random(303))]
    wanted = [
        (binder, order)
        for binder in fleet
        for order in binder.orders(("hant",))
        if order.document.key == "card"
    ]
    faces = ensure_faces()
    stamper = Stamper(Layouts(tmp_path), faces.digest)
    made = print_batch(
        wanted, FolderTarget(tmp_path / "out"), workers=1, store=None, faces=faces, stamper=stamper
    )
    assert made.made == 2
    assert [failure.code for failure in made.failures] == ["OVERFLOW"]
    with pytest.raises(DocumentError):
        odd.sheet(wanted[1][1])
