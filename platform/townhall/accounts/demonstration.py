"""The accounts of the demonstration, with published passwords."""

from dataclasses import dataclass

from townhall.accounts.models import Role


@dataclass(frozen=True, slots=True)
class Login:
    """A demonstration account; refused by the login page unless the demonstration is on."""

    login: str
    password: str
    name: str
    role: Role
    unit_code: str


LOGINS = (
    Login("zhou", "demo-zhou", "演示・州平台管理員", Role.PREFECTURE_ADMIN, "522300"),
    Login("xian", "demo-xian", "演示・興義市工作人員", Role.COUNTY_OFFICER, "522301"),
    Login("zhuren", "demo-zhuren", "演示・黃草街道中心主任", Role.TOWNSHIP_DIRECTOR, "522301001"),
    Login("yusuan", "demo-yusuan", "演示・預算經辦", Role.BUDGET_PREPARER, "522300"),
    Login("shenpi", "demo-shenpi", "演示・預算審批", Role.BUDGET_APPROVER, "522300"),
    Login("zhifu", "demo-zhifu", "演示・支付人員", Role.PAYER, "522300"),
    Login("yinzhi", "demo-yinzhi", "演示・印製人員", Role.PRINT_OPERATOR, "522300"),
    Login("shenji", "demo-shenji", "演示・審計人員", Role.AUDITOR, "522300"),
)
