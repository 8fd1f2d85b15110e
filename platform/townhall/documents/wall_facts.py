"""What hangs on walls and goes into pockets: regimes, signs, plates and the service card."""

from typing import Any

from provisioning.specs import DocumentType, Sign, Window
from provisioning.specs.centre import Review, SignKind
from townhall.documents.clauses import article, require_reviewed
from townhall.documents.commission import Commission
from townhall.documents.errors import DocumentError, Overflow
from townhall.documents.fields import parameters, substitute
from townhall.documents.fitting import extent, halves, lines, one_line, spread
from townhall.documents.part_facts import told

Facts = dict[str, Any]

BOARD_STEPS = (14, 12, 11, 10, 9)  # millimetres; 8 is the floor for a wall (domain 2.3), so 9 is our smallest
_CARD_INNER, _CARD_HEIGHT = 77.0, 43.0


def banner(words: str, width: float, largest: float = 56, smallest: float = 30) -> Facts:
    """The heading of a board: `text`, `size` and `spacing` in millimetres. Raises `Overflow` for a longer one."""
    size = one_line(words, width, largest, smallest)
    return {"text": words, "size": size, "spacing": spread(words, width * 0.8, size, 0.3)}


def regime_sheet(commission: Commission) -> Facts:
    """A regime with its numbers put into its articles. Raises `NeedsReview` unless the issue is a draft."""
    pen = commission.pen
    regime = commission.chosen(commission.centre.regimes)
    require_reviewed(commission, regime)
    facts: Facts = {
        "title": pen.text(regime.title),
        "purpose": pen.text(substitute(regime.purpose, parameters(regime))),
        "source": pen.text(regime.source),
        "unreviewed": regime.review is Review.NEEDED,
        "articles": [article(commission, regime, index) for index in range(len(regime.articles))],
    }
    facts["closing"] = told(commission, "regime_closing", regime=facts["title"])
    complaint = pen.fill(commission.centre.profile.complaint_phone, "監督投訴電話")
    title = f"{facts['title']}　{pen.text(commission.centre_name)}"
    return {"title": title, "regime": facts, "complaint_phone": complaint}


def centre_sign(commission: Commission) -> Facts:
    """A sign of one line: letters as large as fit, spread evenly. Raises `Overflow` for a name too long."""
    sign, texts = _sign_of(commission)
    words = commission.pen.text(substitute(sign.text_rule, texts))
    usable = sign.width * 0.9
    size = one_line(words, usable / 1.06, sign.height * 0.58, sign.height * 0.2)
    facts = _style(sign) | {"text": words, "size": size, "spacing": spread(words, usable, size, 0.45)}
    return {"title": words, "sign": facts, "page": _page(commission.document, sign)}


def _sign_of(commission: Commission) -> tuple[Sign, dict[str, str]]:
    """The sign and the values of its text rule; a zone's sign is asked for as `sign key@zone key`."""
    key, _, zone_key = (commission.subject or "").partition("@")
    sign = next((sign for sign in commission.centre.signs if sign.key == key), None)
    zone = next((zone for zone in commission.centre.zones if zone.key == zone_key), None)
    if sign is None or (zone_key and zone is None):
        raise DocumentError(
            f"「{commission.document.title}」所指的「{commission.subject or '（未指明）'}」不存在"
        )
    return sign, _names(commission) | ({"zone_name": zone.name} if zone else {})


def _names(commission: Commission) -> dict[str, str]:
    return {
        "centre_name": commission.centre_name,
        "unit_name": commission.unit.name,
        "slogan": commission.centre.profile.slogan,
    }


def window_plate(commission: Commission) -> Facts:
    """The plate over a window: its number and its name in one line or two. Raises `Overflow` for a longer name."""
    window = commission.chosen(commission.centre.windows)
    sign = plate_sign(commission.document, commission.centre.signs)
    name = commission.pen.text(window.name)
    facts = _style(sign) | {"number": window.number} | _plate_lines(name, sign)
    title = f"{_plate_title(commission, sign, window)}　{commission.pen.text(commission.centre_name)}"
    return {"title": title, "sign": facts, "page": _page(commission.document, sign)}


def _plate_title(commission: Commission, sign: Sign, window: Window) -> str:
    values = {"window_number": f"{window.number}號", "window_name": window.name}
    return commission.pen.text(substitute(sign.text_rule, _names(commission) | values))


def _plate_lines(name: str, sign: Sign) -> Facts:
    """One line while its letters stay above 0.22 of the height, else two."""
    room = sign.width - sign.height * 1.28
    if room / extent(name) >= sign.height * 0.22:
        return {"lines": [name], "size": one_line(name, room, sign.height * 0.42, 1)}
    both = halves(name)
    size = one_line(max(both, key=extent), room, sign.height * 0.31, sign.height * 0.15)
    return {"lines": both, "size": size}


def plate_sign(document: DocumentType, signs: tuple[Sign, ...]) -> Sign:
    """The sign standard of the window plates: the one that the document names, else the first of its kind."""
    kinds = [sign for sign in signs if sign.kind is SignKind.WINDOW]
    named = [sign for sign in signs if sign.key == document.sign]
    if not named + kinds:
        raise DocumentError("沒有窗口標識牌的標準")
    return (named + kinds)[0]


def _style(sign: Sign) -> Facts:
    return {
        "ground": sign.ground,
        "ink": sign.ink,
        "face": sign.face,
        "height": sign.height,
        "width": sign.width,
    }


def _page(document: DocumentType, sign: Sign) -> Facts:
    """The page is as large as the sign standard says, which the prefecture locks."""
    return {"width": sign.width, "height": sign.height, "bleed": document.bleed, "slug": document.slug}


def card(commission: Commission) -> Facts:
    """The 便民服務卡, front and back; no names and no private numbers of staff (domain 2.3).

    Raises `Overflow` when the texts do not fit 90 by 54 mm at 2.6 mm letters.
    """
    pen, profile = commission.pen, commission.centre.profile
    name = pen.text(commission.centre_name)
    facts: Facts = {
        "name": name,
        "name_size": one_line(name, _CARD_INNER, 6.4, 3.2),
        "slogan": pen.text(profile.slogan),
        "address": pen.fill(profile.address, "辦公地址"),
        "opening_hours": pen.fill(profile.opening_hours, "辦公時間"),
        "hotline": pen.fill(profile.hotline, "熱線電話"),
        "complaint_phone": pen.fill(profile.complaint_phone, "監督投訴電話"),
        "windows": window_list(commission),
        "notice": told(commission, "card_notice"),
    }
    facts["phone_size"] = _phone_size(facts["hotline"], draft=commission.issue.draft)
    if not commission.issue.draft and _back_height(facts) > _CARD_HEIGHT:
        raise Overflow(3, 2)
    return {"title": f"{pen.text(commission.document.title)}　{name}", "card": facts}


def _phone_size(phone: str, *, draft: bool) -> float:
    return 2.6 if draft and extent(phone) > 20 else one_line(phone, _CARD_INNER * 0.96, 6.4, 3.2)


def _back_height(facts: Facts) -> float:
    """Millimetres that the back takes: heading, two columns of windows, address, hours, notice and version."""
    rows = (len(facts["windows"]) + 1) // 2
    texts = lines(facts["address"], 2.6, _CARD_INNER, 3) + lines(facts["opening_hours"], 2.6, _CARD_INNER, 3)
    texts += sum(lines(text, 2.6, _CARD_INNER) for text in facts["notice"])
    return 6.4 + rows * 4.35 + 1.5 + texts * 3.64 + 3.2


def window_list(commission: Commission) -> list[Facts]:
    """The windows by number, with their names."""
    windows = sorted(commission.centre.windows, key=lambda window: window.number)
    return [{"number": window.number, "name": commission.pen.text(window.name)} for window in windows]
