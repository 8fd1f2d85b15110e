"""Verbs of a county: change, decide, tighten, publish what it adds to the prefecture's standard (rules A1, E1, G).

A county is to the prefecture what a township is to its county, so it is held to the same rules by the same engine.
They write and flush; the edge commits.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic import ValidationError
from sqlalchemy import select
from sqlalchemy.orm import Session

from provisioning.canonical import content_hash
from provisioning.differences import ITEM, ORDER, Difference, differences
from provisioning.layers import CountyStandard, county_standard, laid, marks_of, rewritten
from provisioning.marks import Marks, decide, identity, open_conflict
from provisioning.policy import loosened, pattern_fault
from provisioning.reconcile import open_questions, tree_of
from provisioning.resolve import Upstream, prefecture
from provisioning.specs import CentreSpec, Overlay, Pack, PolicyRule
from provisioning.specs.centre import COLLECTIONS
from provisioning.tree import Path, centre_of, centre_tree, grown, node_at, placed, same, value_at, written
from provisioning.validate import check_centre
from provisioning.wording import message
from townhall.audit.act import Act
from townhall.audit.operations import record
from townhall.centres.deciding import Decision
from townhall.centres.edit import Edit, EditRefused, edited, refuse_edit
from townhall.counties.models import CountyDraft
from townhall.standards.models import CountyOverlay, Release
from townhall.standards.operations import newest_overlay, pack_of, publish_overlay, released
from townhall.units.models import Unit

MOVED_ON = "在您填寫期間，他人已修改本縣的補充規定；請重新打開頁面，核對後再保存"
NOTHING_NEW = "補充規定沒有改動，無須發布"


class NoStandard(LookupError):
    """No published release concerns the county; the message says so in Chinese."""


@dataclass(frozen=True)
class CountyDesk:
    """What a county says, as it reads on the newest published release; `draft` is None where nothing is begun."""

    county: Unit
    release: Release
    published: CountyOverlay | None
    draft: CountyDraft | None
    says: CountyStandard

    @property
    def overlay(self) -> Overlay:
        return self.says.overlay

    @property
    def pack(self) -> Pack:
        return pack_of(self.release)

    @cached_property
    def standard(self) -> Upstream:
        """The prefecture's alone: what the county may change, and what it goes back to."""
        return prefecture(self.pack, self.release.content_hash)

    @cached_property
    def marks(self) -> Marks:
        return marks_of(self.overlay)

    @cached_property
    def stamp(self) -> str:
        """What a form or a proposal rests on: the release and every word of the county."""
        return content_hash([self.release.content_hash, self.overlay])

    @cached_property
    def changed(self) -> bool:
        """Whether publishing would say anything that is not published, or say it on a newer release."""
        standing = self.published
        if standing is None:
            return not _says_the_same(self.overlay, _empty(self.county))
        same = _says_the_same(self.overlay, Overlay.model_validate(standing.content))
        return not same or standing.release_id != self.release.id


def _says_the_same(one: Overlay, other: Overlay) -> bool:
    """Whatever their numbers and titles."""
    return one.model_copy(update={"version": other.version, "title": other.title}) == other


def county_desk(session: Session, county: Unit) -> CountyDesk:
    """Where a county stands. Raises `NoStandard` before the prefecture has published anything."""
    release = released(session, county.code)
    if release is None:
        raise NoStandard("州還沒有發布標準，不能編寫縣級補充規定")
    published = newest_overlay(session, county.code)
    draft = session.get(CountyDraft, county.code, populate_existing=True)
    return CountyDesk(county, release, published, draft, _says(session, county, release, published, draft))


def _says(
    session: Session,
    county: Unit,
    release: Release,
    published: CountyOverlay | None,
    draft: CountyDraft | None,
) -> CountyStandard:
    target, source = pack_of(release), draft or published
    if source is None:
        return laid(target, _empty(county))
    overlay = Overlay.model_validate(source.content)
    if source.release_id == release.id:
        return laid(target, overlay)
    return county_standard(pack_of(session.get_one(Release, source.release_id)), overlay, target)


def _empty(county: Unit) -> Overlay:
    return Overlay(county=county.code[:6], version=1, title=f"{county.name}補充規定")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing that the county says: where, what the prefecture says and what the county; `token` names it."""

    path: Path
    token: str
    before: Any
    after: Any

    @property
    def whole(self) -> bool:
        """Whether it is an item as a whole: one that is added or taken away."""
        return len(self.path) == 2 and self.path[0] in COLLECTIONS


def lines(desk: CountyDesk) -> Iterator[Line]:
    """What the county says, place by place, in the order of the schema."""
    for one in differences(desk.pack.centre, desk.says.centre):
        if one.field != ORDER:
            path = _path(one)
            yield Line(path, identity(list(path)), one.before, one.after)


def _path(one: Difference) -> Path:
    place = (one.section,) if one.key is None else (one.section, one.key)
    return place if one.field == ITEM else (*place, one.field)


def change(session: Session, county: Unit, edits: Iterable[Edit], *, seen: str | None, act: Act) -> None:
    """Change what a county says of the prefecture's standard, or add and remove items, in its draft.

    `seen` is the stamp that the person was looking at. Raises `EditRefused` with every reason; then nothing is
    written. An item that a county adds bears its code (rule A3).
    """
    desk, edits = _writing(session, county, seen), tuple(edits)
    before = desk.says.centre
    _refuse_reach(session, desk, edits)
    after = edited(before, edits)
    refuse_edit(desk.standard, before, after)
    changes = [[one.section, one.key, one.field, None, one.value] for one in edits]
    _write(session, desk, _rewritten(desk, after, desk.marks), act, "county.edit", changes=changes)


def restore(session: Session, county: Unit, path: Path, *, act: Act) -> None:
    """Say nothing of a place any more: the prefecture's words stand there again (rule E6)."""
    desk = _writing(session, county)
    ours, theirs = centre_tree(desk.says.centre), tree_of(desk.standard)
    if same(value_at(ours, path), value_at(theirs, path), node_at(path)):
        raise EditRefused(["補充規定沒有寫這一處，請重新打開頁面"])
    after = _centre(placed(ours, path, value_at(theirs, path)), desk.says.centre)
    refuse_edit(desk.standard, desk.says.centre, after)
    _write(session, desk, _rewritten(desk, after, desk.marks), act, "county.restore", path=written(path))


def decide_question(session: Session, county: Unit, identifier: str, decision: Decision, *, act: Act) -> None:
    """Decide where county and prefecture both changed something (rules A1, G3). Raises as `decide_conflict`."""
    desk = _writing(session, county)
    mark = open_conflict(desk.marks, identifier)
    value = grown(node_at(mark.path), decision.value)
    tree, marks = decide(
        centre_tree(desk.says.centre),
        tree_of(desk.standard),
        desk.marks,
        mark,
        decision.choice,
        value,
        decision.until,
    )
    after = _centre(tree, desk.says.centre)
    refuse_edit(desk.standard, desk.says.centre, after)
    facts = {"conflict": mark.id, "choice": decision.choice.value}
    path = written(mark.path)
    _write(session, desk, _rewritten(desk, after, marks), act, "county.decide", path=path, facts=facts)


def _centre(tree: Any, like: CentreSpec) -> CentreSpec:
    try:
        return centre_of(tree, like=like)
    except ValidationError as error:
        raise EditRefused(map(message, error.errors(include_url=False))) from error


def tighten(session: Session, county: Unit, rule: PolicyRule, *, act: Act) -> None:
    """Tighten a policy for the county's townships. Raises `EditRefused` for one that loosens (rule E1)."""
    desk = _writing(session, county)
    reasons = [text for text in [pattern_fault(rule.path)] if text]
    reasons += [text for _, text in loosened(desk.pack.policies, [rule])] if not reasons else []
    if reasons:
        raise EditRefused(reasons)
    others = [one for one in desk.overlay.tighten if one.path != rule.path]
    overlay = desk.overlay.model_copy(update={"tighten": (*others, rule)})
    facts = {"rule": rule.model_dump(mode="json")}
    _write(session, desk, overlay, act, "county.tighten", path=rule.path, facts=facts)


def slacken(session: Session, county: Unit, path: str, *, act: Act) -> None:
    """Take a county's own tightening back; the prefecture's policy holds again."""
    desk = _writing(session, county)
    left = tuple(rule for rule in desk.overlay.tighten if rule.path != path)
    if len(left) == len(desk.overlay.tighten):
        raise EditRefused(["補充規定沒有這一條，請重新打開頁面"])
    _write(session, desk, desk.overlay.model_copy(update={"tighten": left}), act, "county.slacken", path=path)


def take_over(session: Session, county: Unit, overlay: Overlay, *, act: Act) -> None:
    """Make the words of a file, checked against the newest release, the county's draft in the stead of all it said.

    Raises `EditRefused` for the file of another county, while somebody works on a draft, and while a question is
    open, which no file answers.
    """
    desk = _writing(session, county)
    if overlay.county != county.code[:6]:
        raise EditRefused([f"檔案是 {overlay.county} 的補充規定，不是{county.name}的"])
    if desk.draft is not None:
        raise EditRefused(["本縣有未發布的草稿，請先發布或放棄"])
    if desk.says.questions:
        raise EditRefused([f"州標準更新後有 {len(desk.says.questions)} 處待縣決定，請先決定，再以檔案發布"])
    version = {"version": desk.overlay.version}
    _write(session, desk, overlay.model_copy(update=version), act, "county.take_over")


def discard(session: Session, county: Unit, *, act: Act) -> None:
    """Throw the draft away: what is published stands."""
    desk = _writing(session, county)
    if desk.draft is None:
        raise EditRefused(["沒有草稿可以放棄"])
    record(session, act, county.code, "county.discard", basis={"draft": desk.stamp})
    session.delete(desk.draft)
    session.flush()


def publication_fault(session: Session, county: Unit) -> str | None:
    """Why a draft cannot be published as it is, in Chinese, or None."""
    desk = county_desk(session, county)
    if not desk.changed:
        return NOTHING_NEW
    wider = [text for _, text in loosened(desk.pack.policies, desk.overlay.tighten)]
    # A later release may have come to say what the county says too: a window of the same number.
    own = {text for _, text in check_centre(desk.pack.centre)}
    at_odds = [text for _, text in check_centre(desk.says.centre) if text not in own]
    return "；".join([*wider, *at_odds]) or None


def publish(session: Session, county: Unit, *, act: Act) -> CountyOverlay:
    """Publish what a county says as the next version of its overlay. Raises `EditRefused`."""
    desk = _writing(session, county)
    if fault := publication_fault(session, county):
        raise EditRefused([fault])
    version = desk.published.version + 1 if desk.published else 1
    overlay = desk.overlay.model_copy(update={"version": version})
    made = publish_overlay(session, county.code, overlay, act.moment, desk.release)
    if desk.draft is not None:
        session.delete(desk.draft)
    session.flush()
    basis = {"overlay": made.content_hash, "version": version, "release": desk.release.content_hash}
    record(session, act, county.code, "county.publish", basis=basis)
    return made


def _writing(session: Session, county: Unit, seen: str | None = None) -> CountyDesk:
    """The desk of whoever writes now; another officer waits until this transaction ends, and then sees it."""
    session.get_one(Unit, county.code, with_for_update={"key_share": True})
    desk = county_desk(session, county)
    if seen is not None and seen != desk.stamp:
        raise EditRefused([MOVED_ON])
    return desk


def _refuse_reach(session: Session, desk: CountyDesk, edits: Iterable[Edit]) -> None:
    """An overlay says nothing of halls, envelopes and orders; what it adds bears the county's code, and a new key."""
    prefix, reasons, used = f"xian:{desk.county.code[:6]}:", [], _keys_of_old(session, desk.county)
    for edit in edits:
        if edit.section not in {"profile", *COLLECTIONS} or edit.field == ORDER:
            reasons.append("縣級補充規定不能改大廳尺寸、資金總額和排列次序")
        elif edit.field == ITEM and edit.value is not None and not (edit.key or "").startswith(prefix):
            reasons.append(f"縣級新增的鍵須以 {prefix} 開頭，實為「{edit.key}」")
        elif edit.field == ITEM and edit.value is not None and edit.key in used:
            reasons.append(f"鍵「{edit.key}」已經用過，不得再用")
    if reasons:
        raise EditRefused(reasons)


def _keys_of_old(session: Session, county: Unit) -> set[str]:
    """The keys of what the county has ever added: townships know them as those items (rule A3)."""
    contents = session.scalars(select(CountyOverlay.content).filter_by(county_code=county.code))
    return {str(raw["key"]) for one in contents for added in one["add"].values() for raw in added}


def _rewritten(desk: CountyDesk, after: CentreSpec, marks: Marks) -> Overlay:
    """What an edit settles is no question any more (rule G5)."""
    still_open = open_questions(desk.overlay.county, desk.standard, after, marks)
    return rewritten(desk.overlay, desk.pack.centre, after, still_open)


def _write(
    session: Session,
    desk: CountyDesk,
    overlay: Overlay,
    act: Act,
    action: str,
    *,
    path: str = "",
    changes: Iterable[list[Any]] = (),
    facts: dict[str, Any] | None = None,
) -> None:
    """Keep an overlay as the county's draft, on the newest release; what changes nothing keeps nothing."""
    if overlay == desk.overlay:
        return
    draft = desk.draft or CountyDraft(unit_id=desk.county.code)
    draft.release_id, draft.content = desk.release.id, overlay.model_dump(mode="json")
    draft.actor, draft.updated_at = act.author, act.moment
    session.add(draft)
    session.flush()
    basis = {"before": desk.stamp, "draft": content_hash(overlay), **(facts or {})}
    record(session, act, desk.county.code, action, path=path, changes=changes, basis=basis)
