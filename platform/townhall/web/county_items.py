"""One item of the standard as a county changes it: field beside field, additions, removals, tighter policies."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, get_args, get_origin

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from pydantic import ValidationError

from provisioning.canonical import canonical
from provisioning.labels import FIELD, SECTION, item_label
from provisioning.policy import governing
from provisioning.specs import CentreSpec, Keyed, PolicyRule, is_blank
from provisioning.specs.centre import COLLECTIONS
from provisioning.specs.pack import Policy
from provisioning.specs.values import DayUnit
from townhall.accounts.rights import Right
from townhall.centres.edit import Edit, EditRefused, addition, removal
from townhall.counties import operations
from townhall.counties.operations import CountyDesk
from townhall.script import fold
from townhall.web.counties import SAVED, county
from townhall.web.edge import database
from townhall.web.editing import entered, faults, typed
from townhall.web.guards import acting
from townhall.web.language import msgid

pages = Blueprint("county_items", __name__, url_prefix="/counties/<county>")

PROFILE = "profile"
POLICIES = {Policy.MANDATORY: msgid("必備"), Policy.BOUNDED: msgid("有上限"), Policy.LOCKED: msgid("鎖定")}
NO_NUMBER = msgid("「{field}」應為整數")
NO_NAME = msgid("請寫新項的名稱和標識；標識用小寫字母、數字和連字號")
NO_RULE = msgid("請選擇欄位和收緊的方式，並寫明理由和依據；上限須為整數")


@dataclass(frozen=True, slots=True)
class Entry:
    """One field on the form: `kind` is how it is typed, `value` as typed, `standard` the prefecture's in words."""

    name: str
    kind: str
    value: Any
    standard: Any
    locked: PolicyRule | None
    blank: str = ""

    @property
    def differs(self) -> bool:
        return bool(self.value != self.standard)


@pages.get("/standard")
@county(Right.FLEET)
def index(desk: CountyDesk) -> ResponseReturnValue:
    """Every item of the standard by section, with a search, to choose what to change."""
    words = request.args.get("q", "").strip()[:40]
    sections = [(name, _found(desk, name, words)) for name in COLLECTIONS]
    return render_template("county_index.html", desk=desk, sections=sections, q=words, label=item_label)


@pages.get("/standard/<section>/<key:key>")
@county(Right.FLEET)
def show(desk: CountyDesk, section: str, key: str) -> ResponseReturnValue:
    return _page(desk, section, _subject(desk, section, key))


@pages.get("/standard/profile")
@county(Right.FLEET)
def profile(desk: CountyDesk) -> ResponseReturnValue:
    return _page(desk, PROFILE, desk.says.centre.profile)


@pages.post("/standard/profile")
@county(Right.OVERLAY)
def change_profile(desk: CountyDesk) -> ResponseReturnValue:
    """Save what the county says of the profile."""
    return _saved(desk, PROFILE, desk.says.centre.profile)


@pages.post("/standard/<section>/<key:key>")
@county(Right.OVERLAY)
def change(desk: CountyDesk, section: str, key: str) -> ResponseReturnValue:
    """Save fields, take the item away, make another like it, or tighten a policy: as the button says."""
    subject = _subject(desk, section, key)
    deed = {"remove": _removed, "another": _another, "tighten": _tightened}.get(
        request.form.get("deed", ""), _saved
    )
    return deed(desk, section, subject)


def _saved(desk: CountyDesk, section: str, subject: Any) -> ResponseReturnValue:
    names = [entry.name for entry in entries(desk, section, subject)]
    wrong = faults([*names, "reason"])
    try:
        edits = [] if wrong else list(_edits(desk, section, subject))
    except ValueError as error:
        wrong = [str(error)]
    if wrong:
        return _page(desk, section, subject, *wrong), 422
    return _tried(desk, section, subject, edits)


def _removed(desk: CountyDesk, section: str, subject: Any) -> ResponseReturnValue:
    return _tried(desk, section, subject, [removal(section, subject.key)])


def _another(desk: CountyDesk, section: str, subject: Any) -> ResponseReturnValue:
    """A new item that begins as a copy, under the county's own key (rule A3)."""
    named = "title" if "title" in type(subject).model_fields else "name"
    fields = type(subject).model_fields
    raw = {**dict(subject), "key": f"xian:{desk.county.code[:6]}:{entered('slug')}", named: entered("name")}
    if "number" in fields:
        raw["number"] = 1 + max(window.number for window in desk.says.centre.windows)
    # The number of a thing in the national catalogue is never another's too.
    raw |= {name: None for name in ("code", "code_scheme") if name in fields}
    try:
        made = type(subject).model_validate(raw)
    except ValidationError:
        return _page(desk, section, subject, NO_NAME), 422
    return _tried(desk, section, made, [addition(section, made)])


def _tightened(desk: CountyDesk, section: str, subject: Any) -> ResponseReturnValue:
    field, maximum = entered("field"), entered("maximum")
    policy, number = entered("policy"), maximum.isascii() and maximum.isdigit() and len(maximum) < 12
    known = policy in {one.value for one in POLICIES} and field in type(subject).model_fields
    if not known or (policy == Policy.BOUNDED and not number):
        return _page(desk, section, subject, NO_RULE), 422
    raw = {
        "path": f"{section}[{subject.key}].{field}",
        "policy": policy,
        "maximum": int(maximum) if policy == Policy.BOUNDED else None,
        "reason": entered("why"),
        "source": entered("source"),
    }
    try:
        rule = PolicyRule.model_validate(raw)
        operations.tighten(database(), desk.county, rule, act=acting(entered("reason")))
    except ValidationError:
        return _page(desk, section, subject, NO_RULE), 422
    except EditRefused as refusal:
        database().rollback()
        return _page(desk, section, subject, *refusal.reasons), 422
    return _done(desk)


def _tried(desk: CountyDesk, section: str, subject: Any, edits: list[Edit]) -> ResponseReturnValue:
    seen, act = request.form.get("seen") or "-", acting(entered("reason"))
    try:
        operations.change(database(), desk.county, edits, seen=seen, act=act)
    except EditRefused as refusal:
        database().rollback()
        return _page(desk, section, subject, *refusal.reasons), 422
    return _done(desk)


def _done(desk: CountyDesk) -> ResponseReturnValue:
    flash(SAVED)
    return redirect(url_for("counties.show", county=desk.county.code[:6]), 303)


def _found(desk: CountyDesk, section: str, words: str) -> list[Keyed]:
    wanted = fold(words)
    return [item for item in getattr(desk.says.centre, section) if wanted in fold(item_label(item))]


def _subject(desk: CountyDesk, section: str, key: str) -> Any:
    if section not in COLLECTIONS:
        abort(404)
    return _item(desk.says.centre, section, key) or abort(404)


def _item(centre: CentreSpec, section: str, key: str) -> Any:
    return next((item for item in getattr(centre, section) if item.key == key), None)


def entries(desk: CountyDesk, section: str, subject: Any) -> Iterator[Entry]:
    """The fields of an item that can be typed; the others are changed in the file of a pack."""
    standard = _standard(desk, section, subject)
    for name, info in type(subject).model_fields.items():
        value, above = canonical(getattr(subject, name)), canonical(getattr(standard, name, None))
        if name == "key" or (kind := _kind(value if value is not None else above, info.annotation)) is None:
            continue
        place = section if section == PROFILE else f"{section}[{subject.key}]"
        rule = governing((desk.pack.policies,), f"{place}.{name}")
        waits = getattr(subject, name)
        blank = waits.blank if is_blank(waits) else ""
        locked = rule if rule and rule.policy is Policy.LOCKED else None
        yield Entry(name, kind, _typed(kind, value), _typed(kind, above), locked, blank)


def _standard(desk: CountyDesk, section: str, subject: Any) -> Any:
    """What the prefecture says there; None of an item that only the county has."""
    centre = desk.pack.centre
    return centre.profile if section == PROFILE else _item(centre, section, subject.key)


def _kind(value: Any, annotation: Any) -> str | None:
    """How a field is typed, from what stands there or from what may."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return "number"
    if isinstance(value, dict) and set(value) == {"days", "unit"}:
        return "limit"
    lines = _holds(annotation, tuple)
    if isinstance(value, list) and lines and all(isinstance(line, str) for line in value):
        return "lines"
    plain = isinstance(value, str) or value is None or (isinstance(value, dict) and "blank" in value)
    if plain and not _chosen(annotation):
        return "lines" if lines and _holds(annotation, str) else "text" if _holds(annotation, str) else None
    return None


def _holds(annotation: Any, kind: type) -> bool:
    """Whether a type is in an annotation, at any depth."""
    if annotation is kind or get_origin(annotation) is kind:
        return True
    return any(_holds(inner, kind) for inner in get_args(annotation) if not isinstance(inner, str))


def _chosen(annotation: Any) -> bool:
    """Whether a field holds one of a closed list, which no free text is."""
    return isinstance(annotation, type) and issubclass(annotation, str) and annotation is not str


def _typed(kind: str, value: Any) -> Any:
    """A value as the form shows it."""
    if value is None or (isinstance(value, dict) and "blank" in value):
        return ""
    if kind == "lines":
        return "\n".join(value)
    return (str(value["days"]), value["unit"]) if kind == "limit" else str(value)


def _edits(desk: CountyDesk, section: str, subject: Any) -> Iterator[Edit]:
    """One edit for each field that the form changes. Raises `ValueError` with what is wrong."""
    key = None if section == PROFILE else subject.key
    for entry in entries(desk, section, subject):
        if entry.locked is not None or entry.name not in request.form:
            continue
        value = _value(entry)
        if _typed(entry.kind, value) != entry.value:
            yield Edit(section, key, entry.name, value)


def _value(entry: Entry) -> Any:
    text = entered(entry.name)
    if entry.kind == "lines":
        return [line.strip() for line in text.splitlines() if line.strip()] or None
    if entry.kind == "text" or not text:
        return text or None
    if not (text.isascii() and text.isdigit() and len(text) < 12):
        raise ValueError(NO_NUMBER.format(field=FIELD.get(entry.name, entry.name)))
    unit = entered(f"{entry.name}_unit")
    return int(text) if entry.kind == "number" else {"days": int(text), "unit": unit}


def _page(desk: CountyDesk, section: str, subject: Any, *reasons: str) -> str:
    page = {
        "section": section,
        "subject": subject,
        "title": SECTION[section] if section == PROFILE else item_label(subject),
        "entries": [*entries(desk, section, subject)],
        "own": section != PROFILE and _standard(desk, section, subject) is None,
        "typed": {} if "deed" in request.form else typed(),
        "policies": POLICIES,
        "units": DayUnit,
        "seen": request.form.get("seen") or desk.stamp,
    }
    return render_template("county_item.html", desk=desk, reasons=reasons, **page)
