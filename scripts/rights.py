"""Writes docs/rights.md from the tables that the platform obeys: `make docs`."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from townhall.accounts.models import Role
from townhall.accounts.rights import GRANTS, LEVELS, RIGHTS, Right
from townhall.units.models import Level
from townhall.web.shell import LEVELS as LEVEL_NAMES
from townhall.web.shell import ROLES

TARGET = Path(__file__).parents[1] / "docs" / "rights.md"
WORDS = {
    Right.FLEET: ("總覽", "看州或縣的總覽"),
    Right.LIST: ("列表", "看鄉鎮列表"),
    Right.READ: ("查看", "看中心的窗口、事項、制度、大廳和設施"),
    Right.BUDGET: ("看資金", "看預算和金額"),
    Right.PRINT: ("列印", "預覽和下載文件"),
    Right.EDIT: ("編輯", "填寫和修改本地信息"),
    Right.PREPARE: ("編預算", "提出資金方案"),
    Right.APPROVE: ("批預算", "審批他人提出的資金方案"),
    Right.PAY: ("支付", "登記支付"),
    Right.ACCOUNTS: ("人員", "邀請人員、撤銷角色、停用賬號、重設密碼"),
    Right.AUDIT: ("審計", "看操作記錄"),
    Right.LIFECYCLE: ("存廢", "暫停、歸檔和恢復中心"),
    Right.STANDARD: ("標準", "模擬、發布和分批推行州標準"),
    Right.OVERLAY: ("補充規定", "編寫、發布縣級補充規定並送到鄉鎮"),
    Right.LIBRARIES: ("資料", "維護節假日、供應商等基礎資料"),
}
HEAD = """# 角色與權限

本頁由 `make docs` 從程式所用的權限表生成，請勿手改；兩者不一致時測試不通過。

角色總是設在一個單位：在該單位及其下級有效，在別處無效。轄區以外的鄉鎮和人員，與不存在的一樣，答覆都是「找不到」。
一個人可以有多個角色，右上角「我的賬號」中切換，同一時間只用其中一個。"""


def page() -> str:
    """The whole page."""
    parts = [
        HEAD,
        "## 各角色能做什麼",
        *_rights(),
        "## 角色設在哪一級",
        *_levels(),
        "## 誰可以授予誰",
        *_grants(),
    ]
    return "\n\n".join(parts) + "\n"


def _rights() -> Iterator[str]:
    heading = ["角色", *(WORDS[right][0] for right in Right)]
    yield _table(
        heading, ([ROLES[role], *("✓" if right in RIGHTS[role] else "" for right in Right)] for role in Role)
    )
    yield "\n".join(f"- **{short}**：{words}" for short, words in (WORDS[right] for right in Right))


def _levels() -> Iterator[str]:
    heading = ["角色", *(LEVEL_NAMES[level] for level in Level)]
    yield _table(
        heading, ([ROLES[role], *("✓" if level in LEVELS[role] else "" for level in Level)] for role in Role)
    )


def _grants() -> Iterator[str]:
    yield "只能在自己的單位及其下級授予、撤銷下表所列的角色；停用賬號和重設密碼也以此為限。任何人都不能撤銷自己的角色或停用自己。"
    yield _table(
        ["角色", "可以授予"], ([ROLES[role], _handed(role)] for role in Role if role in GRANTS), "---"
    )
    yield f"其他角色（{'、'.join(ROLES[role] for role in Role if role not in GRANTS)}）不能授予任何角色。"


def _handed(role: Role) -> str:
    return "、".join(ROLES[other] for other in Role if other in GRANTS[role])


def _table(heading: list[str], rows: Iterable[list[str]], mark: str = ":-:") -> str:
    lines = [heading, ["---"] + [mark] * (len(heading) - 1), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


if __name__ == "__main__":
    TARGET.write_text(page(), encoding="utf-8")
