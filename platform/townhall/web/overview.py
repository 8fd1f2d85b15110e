"""The fleet: numbers and tiles of a prefecture or a county, and the list of its townships."""

from collections.abc import Callable, Collection
from itertools import groupby
from typing import Any

from flask import Blueprint, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from townhall.accounts.rights import Right
from townhall.centres.readiness import Missing, Stage
from townhall.script import fold
from townhall.units.models import Level, Unit
from townhall.units.operations import visible
from townhall.web.edge import database
from townhall.web.fleet import Township, fleet
from townhall.web.guards import allowed, held_unit, requires
from townhall.web.language import msgid

pages = Blueprint("overview", __name__)

# What a list can be narrowed to; each is also a line of 需要您處理 with the number of townships it is about.
LACKS: dict[str, tuple[str, Callable[[Missing], bool]]] = {
    "hotline": (msgid("未填熱線電話"), lambda missing: "hotline" in missing.fields),
    "complaint": (msgid("未填監督投訴電話"), lambda missing: "complaint_phone" in missing.fields),
    "director": (msgid("未確定中心主任"), lambda missing: "director" in missing.fields),
    "address": (msgid("未填辦公地址"), lambda missing: "address" in missing.fields),
    "items": (msgid("事項要素待填"), lambda missing: missing.section == "items"),
    "regimes": (msgid("制度待填或待法制審查"), lambda missing: missing.section == "regimes"),
    "fixtures": (msgid("標準所列設施不足"), lambda missing: missing.section == "fixtures"),
}
STAGES = {"closed": Stage.CLOSED, "open": Stage.OPEN, "complete": Stage.COMPLETE}
KINDS = {"town": "鎮", "township": "鄉", "street": "街道"}
SORTS: dict[str, Callable[[Township], Any]] = {
    "code": lambda one: one.code,
    "percent": lambda one: (one.percent, one.code),
    "missing": lambda one: (-one.missing, one.code),
    "amount": lambda one: (-one.envelope, one.code),
}


@pages.get("/")
@requires(None)
def show() -> ResponseReturnValue:
    """The overview of what is held; whoever holds one township, or only prints, is led to the work at hand."""
    held = held_unit()
    if held.level == Level.TOWNSHIP:
        return redirect(_own_page(held), 303)
    if not allowed(Right.FLEET):
        return redirect(url_for("overview.townships"), 303)
    towns = fleet(database(), visible(held))
    return render_template(
        "overview.html", held=held, towns=towns, counties=_counties(towns), tasks=_tasks(towns)
    )


@pages.get("/townships")
@requires(Right.LIST)
def townships() -> ResponseReturnValue:
    """The list with its filters; the sums are those of the lines that are shown."""
    held, chosen = held_unit(), _chosen()
    towns = fleet(database(), visible(held))
    shown = sorted((one for one in towns if _wanted(one, chosen)), key=SORTS[chosen["sort"]])
    counties = {one.county.code[:6]: one.county for one in towns}
    page = {"held": held, "all": towns, "towns": shown, "chosen": chosen, "counties": counties}
    return render_template("townships.html", **page, stages=STAGES, kinds=KINDS, lacks=LACKS)


def _own_page(held: Unit) -> str:
    endpoint = "workspace.show" if allowed(Right.READ) else "studio.show"
    return url_for(endpoint, code=held.short_code)


def _counties(towns: list[Township]) -> list[tuple[Unit, list[Township]]]:
    return [
        (group[0].county, group)
        for _, lines in groupby(towns, lambda one: one.county.code)
        if (group := [*lines])
    ]


def _tasks(towns: list[Township]) -> list[tuple[str, str, int]]:
    """What to attend to: address of the list, words, and how many townships."""
    closed = sum(one.stage is Stage.CLOSED for one in towns)
    tasks = [(url_for("overview.townships", stage="closed"), msgid("尚未開通"), closed)]
    for name, (words, _) in LACKS.items():
        count = sum(_lacks(one, name) for one in towns)
        tasks.append((url_for("overview.townships", lacks=name), words, count))
    return [task for task in tasks if task[2]]


def _lacks(one: Township, name: str) -> bool:
    return one.readiness is not None and any(map(LACKS[name][1], one.readiness.missing))


def _chosen() -> dict[str, str]:
    """The filters of the address; what is unknown counts as not chosen."""
    known: dict[str, Collection[str]] = {"stage": STAGES, "kind": KINDS, "lacks": LACKS, "sort": SORTS}
    chosen = {name: request.args.get(name, "") for name in (*known, "county", "q")}
    chosen |= {name: "" for name, values in known.items() if chosen[name] not in values}
    return chosen | {"sort": chosen["sort"] or "code", "q": chosen["q"].strip()[:40]}


def _wanted(one: Township, chosen: dict[str, str]) -> bool:
    tests = (
        not chosen["county"] or one.county.code[:6] == chosen["county"],
        not chosen["kind"] or one.unit.kind == KINDS[chosen["kind"]],
        not chosen["stage"] or one.stage is STAGES[chosen["stage"]],
        not chosen["lacks"] or _lacks(one, chosen["lacks"]),
        fold(chosen["q"]) in fold(f"{one.unit.name} {one.unit.name_hans} {one.code}"),
    )
    return all(tests)
