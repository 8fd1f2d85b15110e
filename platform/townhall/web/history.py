"""What happened in a centre: the audit as people read it, with its seal checked, and as a file for the auditor."""

import json
from collections.abc import Iterator
from typing import Any

from flask import Blueprint, Response, render_template, request
from flask.typing import ResponseReturnValue
from sqlalchemy import func, select

from provisioning.differences import ITEM, ORDER
from provisioning.labels import FIELD, SECTION, item_label
from provisioning.sentences import shown
from provisioning.specs.centre import COLLECTIONS
from townhall.accounts.rights import Right
from townhall.audit.chain import plain
from townhall.audit.models import AuditRecord
from townhall.audit.operations import broken, records
from townhall.jobs.packages import PACKAGE
from townhall.jobs.provisioning import PROVISION
from townhall.web import profile
from townhall.web.desk import Desk
from townhall.web.guards import township
from townhall.web.language import msgid, translate
from townhall.web.life import NAMES

pages = Blueprint("history", __name__, url_prefix="/t/<code9:code>/history")

A_PAGE = 50
SEEN_OF_A_HASH = 12  # digits on the page; the export has them all
PICTURES = {f"picture.{kind.value}": name for kind, (name, _) in profile.PICTURES.items()}
ACTIONS = {
    "centre.create": msgid("開通中心"),
    "centre.edit": msgid("修改"),
    "centre.apply": msgid("按標準升級"),
    "centre.displace": msgid("停用與統一規定不符的內容"),
    "centre.restore_required": msgid("恢復必備內容"),
    "centre.force": msgid("寫明理由後執行"),
    "centre.pin": msgid("指定保持現值"),
    "centre.unpin": msgid("取消指定"),
    "centre.follow": msgid("改回隨標準"),
    "centre.resume_value": msgid("恢復停用的值"),
    "centre.roll_back": msgid("回滾"),
    "conflict.open": msgid("出現分歧"),
    "conflict.decide": msgid("決定分歧"),
    "conflict.close": msgid("分歧自行消除"),
    "deviation.accept": msgid("認可偏差"),
    "deviation.withdraw": msgid("撤回認可"),
    "centre.activate": msgid("啟用"),
    "centre.suspend": msgid("暫停"),
    "centre.resume": msgid("恢復"),
    "centre.archive": msgid("歸檔"),
    "centre.restore": msgid("還原"),
    "centre.import": msgid("導入中心"),
    "centre.adopt": msgid("認領已有中心"),
    "centre.picture": msgid("更換圖片"),
    "release.draft": msgid("起草標準"),
    "release.discard": msgid("刪除標準草案"),
    "release.publish": msgid("發布標準"),
    "release.withdraw": msgid("撤回標準"),
    "rollout.begin": msgid("開始推行"),
    "rollout.open_wave": msgid("開始一批"),
    "rollout.halt": msgid("停下推行"),
    "rollout.resume": msgid("恢復推行"),
    "rollout.supersede": msgid("提前結束推行"),
    "rollout.complete": msgid("完成推行"),
    "county.edit": msgid("修改縣級補充規定"),
    "county.take_over": msgid("以檔案編寫補充規定"),
    "county.restore": msgid("恢復州標準"),
    "county.decide": msgid("縣決定州標準的更新"),
    "county.tighten": msgid("縣收緊規定"),
    "county.slacken": msgid("縣取消收緊"),
    "county.discard": msgid("放棄補充規定草稿"),
    "county.publish": msgid("發布縣級補充規定"),
    "rule.add": msgid("立自動決定的規則"),
    "rule.end": msgid("停用自動決定的規則"),
    "unit.merge": msgid("承接併入的鄉鎮"),
    "unit.split": msgid("承接分設的鄉鎮"),
    "unit.end": msgid("撤併結束"),
    "account.grant": msgid("授予角色"),
    "account.withdraw": msgid("收回角色"),
    "account.active": msgid("啟用或停用賬號"),
    "account.password": msgid("更改密碼"),
    "account.invite": msgid("發出邀請"),
    "account.reset": msgid("發出重設密碼鏈接"),
    "account.cancel": msgid("取消邀請"),
    "account.name": msgid("更改姓名"),
    "account.second_factor": msgid("更改兩步驗證"),
    "account.recovery": msgid("使用恢復碼"),
    "session.begin": msgid("登錄"),
    "session.password": msgid("密碼正確，等待驗證碼"),
    "session.end": msgid("退出登錄"),
    "session.role": msgid("切換角色"),
    "approval.propose": msgid("提請審批"),
    "approval.decide": msgid("審批"),
    "job.ask": msgid("提交任務"),
    "job.finish": msgid("任務完成"),
    "job.fail": msgid("任務失敗"),
    "job.cancel": msgid("取消任務"),
    "read": msgid("查閱"),
    "denied": msgid("越權訪問被拒"),
}
# What acts of two parts are about, by the name that the program uses.
THINGS = NAMES | {PACKAGE: msgid("印製包"), PROVISION: msgid("按名單開通")}


@pages.get("")
@township(Right.AUDIT)
def show(desk: Desk) -> ResponseReturnValue:
    """Newest first, a page at a time; whether the chain holds is said at the top."""
    chosen = request.args.get("action", "")
    chosen = chosen if chosen in ACTIONS else ""
    wanted = select(AuditRecord).where(AuditRecord.unit_id == desk.unit.code)
    if chosen:
        wanted = wanted.where(AuditRecord.action == chosen)
    total = desk.session.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    page = min(_number(request.args.get("page", "")), max(1, -(-total // A_PAGE)))
    newest = wanted.order_by(AuditRecord.number.desc()).limit(A_PAGE).offset((page - 1) * A_PAGE)
    lines = [(one, _about(one), list(_changes(desk, one))) for one in desk.session.scalars(newest)]
    fault = broken(desk.session, desk.unit.code)
    shown_page = {
        "lines": lines,
        "total": total,
        "page": page,
        "pages": -(-total // A_PAGE),
        "chosen": chosen,
    }
    return render_template("history.html", desk=desk, fault=fault, actions=ACTIONS, **shown_page)


@pages.get("/records.jsonl")
@township(Right.AUDIT)
def export(desk: Desk) -> ResponseReturnValue:
    """One record a line, as scripts/verify_audit.py reads them."""
    lines = (
        json.dumps(plain(one) | {"digest": one.digest}, ensure_ascii=False) + "\n"
        for one in records(desk.session, desk.unit.code)
    )
    answer = Response("".join(lines), mimetype="application/jsonl")
    answer.headers["Content-Disposition"] = f"attachment; filename=audit-{desk.code}.jsonl"
    return answer


def _number(text: str) -> int:
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def _changes(desk: Desk, one: AuditRecord) -> Iterator[tuple[str, str, str]]:
    """What changed, before and after, in the words of the pages."""
    names = _names(desk) if one.changes else {}
    for section, key, field, before, after in one.changes:
        thing = names.get((section, key), "") or _named(after) or _named(before) if key else ""
        what = "".join((SECTION.get(section, ""), f"〔{thing}〕" if thing else ""))
        yield f"{what}{_field(field)}", _value(before, field), _value(after, field)


def _field(field: str) -> str:
    if field == ITEM:
        return ""
    if field == ORDER:
        return "排列次序"
    return FIELD.get(field, "") or translate(PICTURES.get(field, field))


def _named(item: Any) -> str:
    """What an item that is there no more was called, from its canonical form; nothing for a field's value."""
    return str(item.get("name") or item.get("title") or "") if isinstance(item, dict) else ""


def _names(desk: Desk) -> dict[tuple[str, str], str]:
    return {
        (section, item.key): item_label(item)
        for section in COLLECTIONS
        for item in getattr(desk.spec, section)
    }


def _about(one: AuditRecord) -> str:
    """What an act was about, without the names that only the program uses."""
    kind, _, key = one.path.partition("/")
    return translate(THINGS[kind]) if key and kind in THINGS else one.path


def _value(value: Any, field: str) -> str:
    if field in PICTURES and value is not None:
        return f"SHA-256 {value[:SEEN_OF_A_HASH]}…"
    if field == ITEM and _named(value):
        return shown(_named(value))
    return "—" if value is None else shown(value, field)
