"""What sections, fields and items are called in front of officials, in the canonical script."""

from typing import Any

from provisioning.specs import Keyed, WallSlot

SECTION = {
    "profile": "中心基本信息",
    "envelope": "建設資金總額",
    "hall": "大廳尺寸",
    "windows": "窗口",
    "items": "事項",
    "zones": "功能分區",
    "objects": "大廳物件",
    "slots": "牆面位置",
    "signs": "標識標牌",
    "fixtures": "設施",
    "regimes": "制度",
    "posts": "崗位",
    "budget": "資金類別",
}

FIELD = {
    "hotline": "熱線電話",
    "complaint_phone": "監督投訴電話",
    "address": "辦公地址",
    "opening_hours": "辦公時間",
    "director": "中心主任",
    "director_title": "主任職務",
    "slogan": "服務宗旨",
    "guide_notice": "溫馨提示",
    "guide_closing": "指南末行",
    "card_notice": "服務卡提示",
    "regime_closing": "制度結語",
    "number": "編號",
    "name": "名稱",
    "former_names": "曾用名稱",
    "category": "類別",
    "windows": "辦理窗口",
    "only_for": "適用的鄉鎮類型",
    "code_scheme": "編碼規則",
    "code": "事項編碼",
    "item_type": "事項類型",
    "review_type": "審查類型",
    "targets": "服務對象",
    "scope": "適用範圍",
    "description": "服務內容",
    "legal_basis": "法律依據",
    "accepting_body": "受理機構",
    "deciding_body": "決定機構",
    "quantity_limit": "數量限制",
    "conditions": "申請條件",
    "prohibitions": "禁止性要求",
    "materials": "申報材料",
    "case_type": "辦件類型",
    "route": "辦理途徑",
    "joint_bodies": "聯辦部門",
    "channels": "辦理方式",
    "steps": "辦事程序",
    "legal_limit": "法定時限",
    "promised_limit": "承諾時限",
    "fee": "收費標準",
    "result": "辦理結果",
    "delivery": "結果送達",
    "rights": "申請人權利",
    "duties": "職責義務",
    "remedies": "救濟途徑",
    "visits": "到現場次數",
    "visit_reason": "到現場原因",
    "questions": "常見問題",
    "optional": "自選事項",
    "low_counter": "低位櫃台",
    "note": "備註",
    "width": "寬",
    "depth": "深",
    "height": "高",
    "x": "橫向位置",
    "y": "縱向位置",
    "kind": "種類",
    "zone": "所在分區",
    "window": "所屬窗口",
    "fixture": "對應設施",
    "wall": "所在牆面",
    "offset": "距左",
    "bottom": "離地",
    "shows": "張貼內容",
    "text_rule": "文字規則",
    "per": "設置單位",
    "material": "材質",
    "place": "安裝位置",
    "ground": "底色",
    "ink": "字色",
    "face": "字體",
    "to_be_confirmed": "待確認事項",
    "group": "分組",
    "requirement": "配備要求",
    "quantity": "數量規則",
    "unit": "單位",
    "specification": "規格要求",
    "estimate": "估價",
    "on_hand": "現有數量",
    "title": "名稱",
    "source": "來源",
    "purpose": "宗旨",
    "parameters": "參數",
    "articles": "條文",
    "review": "法制審查",
    "share": "份額",
    "amount": "核定金額",
    "origin": "依據",
    # Of the lines inside an item or a regime.
    "form": "材料形式",
    "copies": "份數",
    "need": "必要程度",
    "condition": "適用情形",
    "actor": "經辦人",
    "action": "辦理內容",
    "limit": "步驟時限",
    "question": "問題",
    "answer": "回答",
    "label": "含義",
    "value": "數值",
    "text": "條文內容",
}


def item_label(item: Keyed) -> str:
    """What people call an item."""
    if isinstance(item, WallSlot):
        return f"{item.wall}距左 {item.offset} 毫米處"
    return str(getattr(item, "name", None) or getattr(item, "title", None) or getattr(item, "category", ""))


_LONGEST_PART = 16  # characters of a line that has no name of its own


def part_label(part: dict[str, Any]) -> str:
    """What people call a line of a list inside an item, from its tree."""
    named = part.get("name") or part.get("label") or part.get("question") or part.get("text") or ""
    text = named if isinstance(named, str) else ""
    return text if len(text) <= _LONGEST_PART else text[: _LONGEST_PART - 1] + "…"
