"""What a schema cannot say: references, uniqueness, sums and the rules of a well-made guide."""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any

from provisioning.following import Following
from provisioning.itemrules import item_faults
from provisioning.memory import Remembered
from provisioning.moves import move_faults
from provisioning.overlay import lay_over, overlay_faults
from provisioning.parts import profile_faults
from provisioning.policy import loosened, pattern_fault
from provisioning.specs import CentreSpec, DocumentType, Keyed, Overlay, Pack, Profile, Regime, Sign, is_blank
from provisioning.specs.centre import COLLECTIONS
from provisioning.specs.pack import Probe
from provisioning.yamlfile import Path, dotted

Finding = tuple[Path, str]

_HALF_WIDTH = re.compile(r"[一-鿿][,:;()]|[,:;()][一-鿿]")
_PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_LAYERS = {"zhou": "州", "xian": "縣", "xiang": "鄉"}
_SHOWN = {"regime": ("regimes", "制度"), "fixture": ("fixtures", "設施")}  # what a slot points at
_SIGN_WORDS = {"centre_name", "unit_name", "window_number", "window_name", "zone_name", "slogan"}


def check_pack(pack: Pack) -> Iterator[Finding]:
    """Every finding in a pack that parsed, as (path of the assembled pack, Chinese sentence)."""
    yield from check_centre(pack.centre)
    yield from _namespaces(pack.centre)
    for section in ("checks", "milestones", "documents"):
        yield from _duplicates((section,), getattr(pack, section))
    yield from _documents(pack)
    yield from _checks(pack)
    for index, rule in enumerate(pack.policies):
        if text := pattern_fault(rule.path):
            yield ("policies", index, "path"), text
    yield from ((("moves", index), text) for index, text in _moves(pack))
    yield from _texts((), pack.model_dump(exclude={"templates"}, mode="json"))


def _moves(pack: Pack) -> Iterator[tuple[int, str]]:
    return move_faults(pack.moves, pack.centre, pack.header.release)


def item_at(centre: CentreSpec, path: Path) -> Keyed | None:
    """The item that a finding is about, or None where it is about no item."""
    place = path[1] if len(path) > 1 else None
    return getattr(centre, str(path[0]))[place] if isinstance(place, int) else None


def by_key(centre: CentreSpec, path: Path) -> str:
    """Where a finding is, by key and not by position (rule C7), so that it is the same one on another day."""
    item = item_at(centre, path)
    if item is None:
        return dotted(path)
    inside = f".{dotted(path[2:])}" if path[2:] else ""
    return f"{path[0]}[{item.key}]{inside}"


def check_centre(centre: CentreSpec) -> Iterator[Finding]:
    """Findings in one configuration, whatever layer it came from."""
    yield from collisions(centre)
    yield from references(centre)
    yield from contradictions(centre)


def collisions(centre: CentreSpec) -> Iterator[Finding]:
    """Two of what may be there once only (rule A4)."""
    for section in COLLECTIONS:
        yield from _duplicates((section,), getattr(centre, section))
    yield from _shared(centre, "windows", "number", "窗口號")
    yield from _shared(centre, "items", "code", "事項編碼")


def contradictions(centre: CentreSpec) -> Iterator[Finding]:
    """What is well-formed and present, but beyond what it may be or at odds with itself."""
    yield from _phones(centre.profile)
    yield from profile_faults(centre.profile)
    for index, item in enumerate(centre.items):
        yield from ((("items", index, *path), text) for path, text in _in_item(item))
    for index, regime in enumerate(centre.regimes):
        yield from ((("regimes", index, *path), text) for path, text in _in_regime(regime))
    for index, sign in enumerate(centre.signs):
        yield from ((("signs", index, *path), text) for path, text in _in_sign(sign))
    total = sum(line.share for line in centre.budget)
    if total != 10_000:
        yield ("budget",), f"各類份額合計應為 10000（萬分之），實為 {total}"


def check_overlay(pack: Pack, overlay: Overlay) -> Iterator[Finding]:
    """Findings in a county overlay: what it points at, whether it fits, whether it loosens (rule E1)."""
    faults = list(overlay_faults(pack, overlay))
    yield from faults
    if overlay.marks:
        yield ("marks",), "待決定和停用的內容由平台記錄，檔案不得書寫"
    if overlay.county not in {county.code for county in pack.header.counties}:
        yield ("county",), f"模板包中沒有代碼為 {overlay.county} 的縣（市）"
    yield from _texts((), overlay.model_dump(mode="json"))
    if not faults:
        yield from (
            (("change",), f"合成後：{text}")
            for _, text in check_centre(lay_over(pack.centre, overlay, pack.moves))
        )
    for index, rule in enumerate(overlay.tighten):
        if text := pattern_fault(rule.path):
            yield ("tighten", index, "path"), text
    to = Following(pack.moves)
    for index, rule in enumerate(overlay.tighten):
        wider = loosened(pack.policies, to.rule(rule))
        yield from ((("tighten", index, "policy"), text) for _, text in wider)


def _phones(profile: Profile) -> Iterator[Finding]:
    """A complaint must not land on the desk it is about (太湖鄉管理辦法 第二十二條; domain 2.1)."""
    hotline, complaint = (_dialled(number) for number in (profile.hotline, profile.complaint_phone))
    if hotline and hotline == complaint:
        yield ("profile", "complaint_phone"), "監督投訴電話不得與熱線電話相同：投訴須由被投訴人以外的人接聽"


def _dialled(number: object) -> str:
    """Digits only, whatever their width and what stands between them; nothing for a blank."""
    text = "" if is_blank(number) else unicodedata.normalize("NFKC", str(number))
    return "".join(sign for sign in text if sign.isdecimal())


def references(centre: CentreSpec) -> Iterator[Finding]:
    """References to items that do not exist (rule A5)."""
    keys = {name: {item.key for item in getattr(centre, name)} for name in COLLECTIONS}
    for index, item in enumerate(centre.items):
        if not item.windows:
            yield ("items", index, "windows"), f"事項「{item.name}」沒有安排窗口"
        for key in sorted(item.windows - keys["windows"]):
            yield ("items", index, "windows"), f"沒有鍵為「{key}」的窗口"
    links = (
        ("objects", "window", "windows"),
        ("objects", "zone", "zones"),
        ("objects", "fixture", "fixtures"),
    )
    for section, field, target in (*links, ("posts", "window", "windows")):
        for index, item in enumerate(getattr(centre, section)):
            key = getattr(item, field)
            if key is not None and key not in keys[target]:
                yield (section, index, field), f"「{target}」中沒有鍵「{key}」"
    for index, slot in enumerate(centre.slots):
        kind, _, key = (slot.shows or "").partition(":")
        section, name = _SHOWN.get(kind, ("", ""))
        if section and key not in keys[section]:
            yield ("slots", index, "shows"), f"沒有鍵為「{key}」的{name}"


def _duplicates(path: Path, parts: tuple[Any, ...]) -> Iterator[Finding]:
    seen: set[str] = set()
    for index, part in enumerate(parts):
        if part.key in seen:
            yield (*path, index, "key"), f"鍵「{part.key}」重複"
        seen.add(part.key)
        for inner, text in _duplicates_inside(part):
            yield (*path, index, *inner), text


def _parts_doubled(item: Any) -> tuple[Finding, ...]:
    fields = ("materials", "steps", "questions", "parameters", "articles")
    return tuple(found for field in fields for found in _duplicates((field,), getattr(item, field, ())))


# Of one and the same object there is one answer, and most objects are the standard's.
_duplicates_inside = Remembered(_parts_doubled)


def _shared(centre: CentreSpec, section: str, field: str, name: str) -> Iterator[Finding]:
    """Two items with one natural key, both named with the layer each comes from, and what can be done (rule A4)."""
    owner: dict[Any, Any] = {}
    for index, item in enumerate(getattr(centre, section)):
        number = getattr(item, field)
        other = item if number is None else owner.setdefault(number, item)
        if other is not item:
            both = f"{_with_layer(other)}使用，{_with_layer(item)}與它重複"
            yield (section, index, field), f"{name} {number} 已由{both}；可以改號、認領或合併"


def _with_layer(item: Any) -> str:
    return f"「{item.name}」（{_LAYERS[item.key.partition(':')[0]]}）"


def _namespaces(centre: CentreSpec) -> Iterator[Finding]:
    for section in COLLECTIONS:
        for index, item in enumerate(getattr(centre, section)):
            if not item.key.startswith("zhou:"):
                yield (section, index, "key"), f"州級模板的鍵須以 zhou: 開頭，實為「{item.key}」"


def _regime(regime: Regime) -> Iterator[Finding]:
    declared = {parameter.key for parameter in regime.parameters}
    used: set[str] = set()
    for index, article in enumerate(regime.articles):
        words = set() if is_blank(article.text) else set(_PLACEHOLDER.findall(str(article.text)))
        for word in sorted(words - declared):
            yield ("articles", index, "text"), f"條文用到未定義的參數「{{{word}}}」"
        used |= words
    for index, parameter in enumerate(regime.parameters):
        if parameter.key not in used:
            yield ("parameters", index, "key"), f"參數「{parameter.key}」沒有在條文中使用"


_in_item = Remembered(lambda item: tuple(item_faults(item)))


def _sign(sign: Sign) -> Iterator[Finding]:
    for word in set(_PLACEHOLDER.findall(sign.text_rule)) - _SIGN_WORDS:
        yield ("text_rule",), f"標牌文字規則中沒有「{{{word}}}」"


_in_sign = Remembered(lambda sign: tuple(_sign(sign)))
_in_regime = Remembered(lambda regime: tuple(_regime(regime)))


def _documents(pack: Pack) -> Iterator[Finding]:
    signs = {sign.key for sign in pack.centre.signs}
    for index, document in enumerate(pack.documents):
        for field in ("template", "stylesheet"):
            if (name := getattr(document, field)) not in pack.templates:
                yield ("documents", index, field), f"documents/ 中沒有檔案「{name}」"
        if document.sign is not None and document.sign not in signs:
            yield ("documents", index, "sign"), f"「signs」中沒有鍵「{document.sign}」"
        yield from _alternative(pack, index, document)


def _alternative(pack: Pack, index: int, document: DocumentType) -> Iterator[Finding]:
    """An alternative stands in for a document that all centres get, about the same subjects."""
    if (key := document.alternative_to) is None:
        return
    proper = {each.key: each.per for each in pack.documents if each.alternative_to is None}
    if proper.get(key) != document.per:
        yield ("documents", index, "alternative_to"), f"「documents」中沒有可由它替代的「{key}」"


def _checks(pack: Pack) -> Iterator[Finding]:
    known = {
        Probe.FIXTURE: {fixture.key for fixture in pack.centre.fixtures},
        Probe.PROFILE: set(Profile.model_fields),
        Probe.SIGNS: {sign.key for sign in pack.centre.signs},
    }
    for index, check in enumerate(pack.checks):
        for subject in check.subjects:
            if check.probe in known and subject not in known[check.probe]:
                yield ("checks", index, "subjects"), f"檢查項指向不存在的「{subject}」"


def _texts(path: Path, value: Any) -> Iterator[Finding]:
    """Half-width punctuation beside Chinese characters, and 臵 for 置 (domain 1.7, 1 and 6)."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _texts((*path, key), inner)
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _texts((*path, index), inner)
    elif isinstance(value, str):
        place = path[1:] if path[:1] == ("centre",) else path
        if match := _HALF_WIDTH.search(value):
            yield place, f"漢字旁有半形標點「{match[0]}」"
        if "臵" in value:
            yield place, "「臵」是「置」的誤字"
