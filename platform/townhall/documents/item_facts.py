"""What a 辦事指南 says, with the element list of the 2016 指引 附錄2 (domain 2.1), full and concise."""

from typing import Any

from provisioning.specs import Blank, Fee, Material, ServiceItem, Step
from provisioning.specs.item import MaterialNeed, Target
from townhall.documents.commission import Commission
from townhall.documents.fields import Pen, duration
from townhall.documents.fitting import heading, lines
from townhall.documents.part_facts import told
from townhall.documents.public_facts import page_code, way_map

Facts = dict[str, Any]

# The concise guide: its sizes in points, and what the page leaves for what, papers and steps, in millimetres.
_BRIEF_SIZES = (14.0, 13.0, 12.0)
_BRIEF_WIDTH, _BRIEF_HEIGHT, _BRIEF_LEADING = 138.0, 140.0, 1.5
_PLACE_WIDTH, _DRAFT_NOTE, _NOTICE_SIZE = 68.0, 10.0, 12.0
_MAP_WIDTH, _MAP_HEIGHT = 130.0, 90.0  # at most, on the full guide
_MOST_TOLD = 5  # steps that are told with what happens in them; more than these are only named


def guide(commission: Commission) -> Facts:
    """The full guide."""
    item = commission.chosen(commission.centre.items)
    facts = essentials(commission, item) | _identity(commission.pen, item) | _rules(commission.pen, item)
    facts |= _authority(commission.pen, item) | _outcome(commission.pen, item)
    facts["name_size"] = heading(facts["name"], 136, 8.8, 5.9)
    facts["place"] |= {"way": way_map(commission, _MAP_WIDTH, _MAP_HEIGHT)}
    own = {name: _told(commission, f"guide_{name}", facts) for name in ("notice", "closing")}
    return {"title": _title(commission, facts["name"]), "item": facts, "qr": _code(commission, item)} | own


def guide_brief(commission: Commission) -> Facts:
    """The concise guide of one page: what, what to bring, steps, time and fee, where and phone."""
    item = commission.chosen(commission.centre.items)
    facts = essentials(commission, item)
    notice = _told(commission, "guide_notice", facts)
    room = _BRIEF_HEIGHT - _elsewhere(facts["place"], draft=commission.issue.draft) - _notice(notice)
    size, steps_told = _brief_size(item, room)
    facts |= {"told": steps_told, "size": size, "name_size": heading(facts["name"], 173, 10.2, 6.2)}
    made = {"title": _title(commission, facts["name"]), "item": facts, "qr": _code(commission, item)}
    return made | {"notice": notice}


def _told(commission: Commission, field: str, facts: Facts) -> list[str]:
    """A part in the township's own words, which may mention the item."""
    own = {"item": facts["name"], "promised_limit": facts["promised_limit"]}
    return told(commission, field, former_names=facts["former_names"], **own)


def _title(commission: Commission, name: str) -> str:
    pen = commission.pen
    return f"{name}　{pen.text(commission.document.title)}　{pen.text(commission.centre_name)}"


def essentials(commission: Commission, item: ServiceItem) -> Facts:
    """What both guides and the one-time notice print."""
    return of_item(commission, item) | {"place": place(commission)}


def of_item(commission: Commission, item: ServiceItem) -> Facts:
    """The same of the item alone, without where to go and whom to call."""
    pen = commission.pen
    return {
        "name": pen.text(item.name),
        "former_names": pen.text("、".join(sorted(item.former_names))),
        "category": pen.text(item.category.value),
        "case_type": pen.text(item.case_type.value),
        "targets": pen.text("、".join(target.value for target in Target if target in item.targets)),
        "description": pen.text(item.description),
        "conditions": pen.lines(item.conditions),
        "materials": [_material(pen, material) for material in item.materials],
        "steps": [_step(pen, step) for step in item.steps],
        "promised_limit": pen.limit(item.promised_limit, "承諾辦結時限"),
        "fee": _fee(pen, item.fee),
        "visits": pen.text(_visits(item.visits)),
        "windows": _windows(commission, item),
    }


def _identity(pen: Pen, item: ServiceItem) -> Facts:
    return {
        "code": pen.text(item.code),
        "code_scheme": pen.text(item.code_scheme),
        "item_type": pen.text(item.item_type),
        "review_type": pen.text(item.review_type),
        "route": pen.text(item.route.value),
        "joint_bodies": pen.text("、".join(sorted(item.joint_bodies))),
        "scope": pen.text(item.scope),
        "channels": pen.text("、".join(item.channels)),
        "visit_reason": pen.text(item.visit_reason),
    }


def _rules(pen: Pen, item: ServiceItem) -> Facts:
    return {
        "quantity_limit": pen.text(item.quantity_limit),
        "prohibitions": pen.lines(item.prohibitions),
        "rights": pen.lines(item.rights),
        "duties": pen.lines(item.duties),
        "questions": [
            {"question": pen.text(entry.question), "answer": pen.text(entry.answer)}
            for entry in item.questions
        ],
    }


def _authority(pen: Pen, item: ServiceItem) -> Facts:
    basis = item.legal_basis
    return {
        "legal_basis": [pen.gap(basis, "辦理依據")] if isinstance(basis, Blank) else pen.lines(basis),
        "accepting_body": pen.fill(item.accepting_body, "受理機構"),
        "deciding_body": pen.fill(item.deciding_body, "決定機構"),
        "legal_limit": pen.limit(item.legal_limit, "法定辦結時限"),
        "remedies": pen.fill(item.remedies, "救濟途徑"),
    }


def _outcome(pen: Pen, item: ServiceItem) -> Facts:
    return {"result": pen.text(item.result), "delivery": pen.text(item.delivery)}


def _material(pen: Pen, material: Material) -> Facts:
    return {
        "name": pen.text(material.name),
        "form": pen.text(material.form.value),
        "copies": pen.text(f"{material.copies}份"),
        "need": pen.text("" if material.need is MaterialNeed.REQUIRED else material.need.value),
        "required": material.need is MaterialNeed.REQUIRED,
        "condition": pen.text(material.condition),
        "source": pen.text(material.source),
        "note": pen.text(material.note),
    }


def _step(pen: Pen, step: Step) -> Facts:
    return {
        "name": pen.text(step.name),
        "actor": pen.text(step.actor),
        "action": pen.text(step.action),
        "limit": pen.text(duration(step.limit, "當場")) if step.limit else "",
    }


def _fee(pen: Pen, fee: Fee | Blank) -> Facts:
    """`summary` is one line; a charge must have standard and basis (六公開), so their absence is a blank too."""
    if isinstance(fee, Blank):
        return {"free": False, "summary": pen.gap(fee, "收費"), "basis": ""}
    if fee.free:
        return {"free": True, "summary": pen.text("不收費"), "basis": ""}
    standard = fee.standard or Blank(blank="收費標準")
    basis = fee.basis or Blank(blank="收費依據")
    return {"free": False, "summary": pen.fill(standard, "收費標準"), "basis": pen.fill(basis, "收費依據")}


def _visits(visits: int) -> str:
    return f"{visits}次" if visits else "0次（不用到現場）"


def _windows(commission: Commission, item: ServiceItem) -> list[Facts]:
    pen = commission.pen
    windows = [window for window in commission.centre.windows if window.key in item.windows]
    return [
        {"number": window.number, "name": pen.text(window.name)}
        for window in sorted(windows, key=lambda window: window.number)
    ]


def place(commission: Commission) -> Facts:
    """Where, when, and whom to call: from the profile of the centre."""
    pen, profile = commission.pen, commission.centre.profile
    return {
        "address": pen.fill(profile.address, "辦公地址"),
        "opening_hours": pen.fill(profile.opening_hours, "辦公時間"),
        "hotline": pen.fill(profile.hotline, "熱線電話"),
        "complaint_phone": pen.fill(profile.complaint_phone, "監督投訴電話"),
    }


def _code(commission: Commission, item: ServiceItem) -> Facts:
    """The QR code of the public guide."""
    return page_code(commission, item.key.rsplit(":", 1)[-1])


def _brief_size(item: ServiceItem, room: float) -> tuple[float, bool]:
    """The body size of the concise guide in points, and whether its steps are told or only named.

    The largest size at which `room` millimetres hold everything; steps are cut to their names before the page
    overflows.
    """
    tellings = (True, False) if len(item.steps) <= _MOST_TOLD else (False,)
    choices = [(size, told) for told in tellings for size in _BRIEF_SIZES]
    fitting = (choice for choice in choices if _brief_height(item, *choice) <= room)
    return next(fitting, choices[-1])


def _elsewhere(place: Facts, *, draft: bool) -> float:
    """Millimetres that long addresses and hours, and the note on drafts, take from the room of the blocks above."""
    em = _BRIEF_SIZES[0] * 25.4 / 72
    rows = sum(lines(place[name], em, _PLACE_WIDTH) - 1 for name in place)
    return rows * em * _BRIEF_LEADING + (_DRAFT_NOTE if draft else 0)


def _notice(texts: list[str]) -> float:
    """Millimetres that the township's own notice takes from the same room, at the size of `guide-brief.css`."""
    em = _NOTICE_SIZE * 25.4 / 72
    rows = sum(lines(text, em, _BRIEF_WIDTH + 36) for text in texts)
    return (rows + 1) * em * _BRIEF_LEADING + 3 if texts else 0


def _brief_height(item: ServiceItem, size: float, told: bool) -> float:
    """Millimetres that the first three blocks take."""
    em = size * 25.4 / 72
    rows = sum(lines(text, em, _BRIEF_WIDTH, indent) for text, indent in _brief_texts(item, told))
    return rows * em * _BRIEF_LEADING


def _brief_texts(item: ServiceItem, told: bool) -> list[tuple[str, float]]:
    """Paragraphs of the first three blocks with their indents in ems."""
    texts: list[tuple[str, float]] = [(item.description, 0)]
    texts += [("符合下列條件：", 0)] if item.conditions else []
    texts += [(condition, 1) for condition in item.conditions]
    texts += [(_brief_material(material), 1.6) for material in item.materials]
    if told:
        return texts + [(f"{step.name}　{step.action}", 1.6) for step in item.steps]
    return [*texts, ("　→　".join(f"1.{step.name}" for step in item.steps), 0)]


def _brief_material(material: Material) -> str:
    condition = (
        "" if material.need is MaterialNeed.REQUIRED else f"（{material.condition or material.need.value}）"
    )
    return f"{material.name}　{material.form.value}{material.copies}份{condition}"
