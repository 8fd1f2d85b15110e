"""Two people of the prefecture merge townships on a page, and old addresses lead to the successor."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from tests.fixtures.commands import BAD_INPUT, DONE, Run, few
from tests.fixtures.standards import MOMENT
from tests.fixtures.web import ABROAD, HOME, PASSWORD, SIBLING, UNOPENED, Site
from townhall.accounts.models import Role
from townhall.accounts.operations import create_user
from townhall.audit.act import host_act
from townhall.centres.models import Centre
from townhall.units.models import Unit
from townhall.units.operations import full_code
from townhall.units.succession import ended

PAGE, DAY = "/succession", "2026-03-01"


@pytest.fixture
def two(site: Site) -> tuple[Any, Any]:
    """Two administrators of the prefecture, signed in."""
    with site.sessions.begin() as session:
        act, unit_id = host_act("測試", MOMENT), full_code("522300")
        more = {"name": "第二人（虛構）", "role": Role.PREFECTURE_ADMIN, "password": PASSWORD}
        create_user(session, act, login="second", unit_id=unit_id, **more)  # type: ignore[arg-type]
    return site.browser("prefecture"), site.browser("second")


def merging(source: str, into: str, **more: str) -> str:
    given = {"act": "merge", "source": f"{source}000", "target": f"{into}000", "date": DAY, "note": "文件"}
    return PAGE + "?" + "&".join(f"{name}={value}" for name, value in (given | more).items())


def proposed(first: Any, address: str) -> None:
    page = first.get(address)
    (form,) = [one for one in page.find("form") if one.attrib["action"].endswith("/propose")]
    fields: dict[str, list[str]] = {}
    for one in form.iter("input"):
        fields.setdefault(one.attrib["name"], []).append(one.attrib.get("value", ""))
    first.post(f"{PAGE}/propose", fields | {"reason": "調整區劃"})


def decided(second: Any, verdict: str = "approve", status: int = 303, **more: str) -> Any:
    page = second.get(PAGE)
    (address,) = {one.attrib["action"] for one in page.find("form") if "/decide" in one.attrib["action"]}
    return second.post(address, {"csrf_token": page.token(), "verdict": verdict, **more}, status)


def gone(site: Site, code: str) -> bool:
    with site.sessions() as session:
        return ended(session, f"{code}000") is not None


def test_one_proposes_a_merger_and_another_carries_it_out(site: Site, two: tuple[Any, Any]) -> None:
    first, second = two
    page = first.get(merging(HOME, SIBLING))
    assert "併入" in page.text
    assert "元 → 4,000,000.00 元" in page.text
    proposed(first, merging(HOME, SIBLING))
    assert "調整區劃" in second.get("/approvals").text
    assert PAGE in second.get("/approvals").links()
    assert "提請：" not in first.get(merging(HOME, SIBLING)).text
    own = first.get(PAGE)
    assert "撤回申請" in own.text
    assert "同意並執行" not in own.text
    assert not gone(site, HOME)
    decided(second)
    assert gone(site, HOME)
    assert "已撤併的鄉鎮" in second.get(PAGE).text
    assert HOME not in {link[3:12] for link in second.get("/townships").links()}


def test_what_is_returned_is_not_carried_out(site: Site, two: tuple[Any, Any]) -> None:
    first, second = two
    proposed(first, merging(HOME, SIBLING))
    assert "請寫明意見" in decided(second, "return", 422).text
    decided(second, "return", comment="材料不齊")
    assert "材料不齊" in first.get(PAGE).text
    assert not gone(site, HOME)


def test_what_makes_no_sense_is_told_on_the_page(two: tuple[Any, Any]) -> None:
    first, _ = two
    for address, words in (
        (merging(HOME, HOME), "不能併入自己"),
        (merging(HOME, UNOPENED), "尚未開通"),
        (merging(HOME, SIBLING, date="x"), "生效日期應為"),
        (merging(HOME, SIBLING, date="2999-01-01"), "不能在今天之後"),
        (merging("999999999", SIBLING), "沒有代碼"),
        (merging("x", SIBLING), "應為"),
    ):
        assert words in first.get(address, 422).text
    token = first.get(PAGE).token()
    assert "已過期" in first.post(f"{PAGE}/propose", form(token, plan="0" * 64), 422).text


def form(token: str, **more: str) -> dict[str, str]:
    given = {"act": "merge", "source": f"{HOME}000", "target": f"{SIBLING}000", "date": DAY, "note": "文件"}
    return {"csrf_token": token, "reason": "試"} | given | more


def test_a_split_is_reckoned_with_the_shares_that_were_typed(site: Site, two: tuple[Any, Any]) -> None:
    first, second = two
    heirs = f"target={SIBLING}000&target={ABROAD}000&primary={ABROAD}000"
    address = f"{PAGE}?act=split&source={HOME}000&{heirs}&date={DAY}&note=n"
    assert "1,000,000.00" in {one.attrib.get("value") for one in first.get(address).find("input")}
    uneven = f"{address}&share-{SIBLING}000=0.01&share-{ABROAD}000="
    assert "份額應為" in first.get(uneven, 422).text
    assert "少 0.01 元" in first.get(f"{uneven}1999999.98", 422).text
    proposed(first, f"{uneven}1,999,999.99")
    decided(second)
    with site.sessions() as session:
        centres = {row.unit_id: row.envelope for row in session.scalars(select(Centre))}
    assert centres[f"{SIBLING}000"] == 200_000_001
    assert centres[f"{ABROAD}000"] == 399_999_999
    page = site.browser().get(f"/g/{HOME}/", 410)
    assert {f"/g/{SIBLING}/", f"/g/{ABROAD}/"} <= {*page.links()}


@pytest.mark.parametrize("language", ["hant", "hans", "en"])
def test_an_old_address_leads_to_the_successor_for_whoever_may_see_it(
    site: Site, two: tuple[Any, Any], language: str
) -> None:
    first, second = two
    proposed(first, merging(HOME, SIBLING))
    decided(second)
    words = {"hant": "已於 2026-03-01 併入", "hans": "已于 2026-03-01 并入", "en": "Merged on 2026-03-01"}
    for login, status in (("neighbour", 410), ("director", 410), ("county", 200), ("prefecture", 200)):
        page = site.browser(login, language).get(f"/t/{HOME}/", status)
        assert words[language] in page.text
        assert f"/t/{SIBLING}/" in page.links()
    stranger = site.browser("elsewhere")
    foreign, nothing = (stranger.get(f"/t/{code}/", 404).text for code in (HOME, UNOPENED))
    assert foreign == nothing
    guide = site.browser(None, language).get(f"/g/{HOME}/", 410)
    assert f"/g/{SIBLING}/" in guide.links()


def test_its_history_is_read_and_its_forms_are_refused(site: Site, two: tuple[Any, Any]) -> None:
    first, second = two
    proposed(first, merging(HOME, SIBLING))
    decided(second)
    assert "撤併結束" in first.get(f"/t/{HOME}/history").text
    assert "承接併入的鄉鎮" in first.get(f"/t/{SIBLING}/history").text
    fields = first.get(f"/t/{HOME}/profile").form() | {"hotline": "0000-1"}
    assert "已撤併" in first.post(f"/t/{HOME}/profile", fields, 422).text
    assert "已撤併" in first.get(f"/t/{HOME}/life").text
    assert first.get(f"/t/{HOME}/life/export.zip").response.mimetype == "application/zip"
    answer = site.browser("neighbour").client.get(f"/api/v1/townships/{HOME}")
    assert (answer.status_code, SIBLING in answer.get_json()["error"]) == (410, True)
    answer = first.client.get(f"/api/v1/townships/{HOME}")
    assert (answer.status_code, answer.get_json()["status"]) == (200, "ended")


def test_only_the_prefecture_merges(site: Site) -> None:
    for login in ("county", "director", "auditor", "budget"):
        site.browser(login).get(PAGE, 403)


def test_the_command_shows_the_plan_and_carries_out_what_was_shown(run: Run, tmp_path: Path) -> None:
    run("init")
    assert run("provision", "--units", few(tmp_path, 3)).exit_code == DONE
    merge = ("township", "merge", "--source", HOME, "--source", "522301003", "--into", SIBLING)
    merge += ("--date", DAY, "--note", "試驗文件")
    shown = run(*merge)
    assert shown.exit_code == DONE
    assert "建設資金總額：2,000,000.00 元 → 6,000,000.00 元" in shown.stdout
    digest = re.search(r"計劃摘要 (\w{16})", shown.stdout)
    assert digest is not None
    told = json.loads(run(*merge, "--json").stdout)
    assert (told["plan_hash"][:16], told["done"]) == (digest[1], False)
    wrong = run(*merge, "--digest", "0" * 16)
    assert (wrong.exit_code, digest[1] in wrong.stderr) == (BAD_INPUT, True)
    assert run(*merge, "--digest", digest[1]).exit_code == DONE
    again = run(*merge, "--yes")
    assert again.exit_code == BAD_INPUT
    assert f"併入 {SIBLING}" in again.stderr
    for command in (("plan", "--unit", HOME), ("provision", "--units", few(tmp_path, 3))):
        answer = run(*command)
        assert answer.exit_code == BAD_INPUT
        assert f"併入 {SIBLING}" in answer.stderr
    assert run("audit", "replay", "--unit", HOME).exit_code == DONE
    assert run("audit", "replay", "--unit", "522301").exit_code == DONE


def test_the_command_splits_and_says_what_is_wrong(run: Run, tmp_path: Path) -> None:
    run("init")
    run("provision", "--units", few(tmp_path, 3))
    split = ("township", "split", "--source", HOME, "--into", SIBLING, "--into", "522301003")
    split += ("--primary", SIBLING, "--date", DAY, "--note", "試驗文件")
    for more, words in (
        (("--share", f"{SIBLING}=1"), "少 1,999,999.99 元"),
        (("--share", "x"), "代碼=分"),
        (("--assign", "x"), "類別:鍵=代碼"),
        (("--assign", f"items:zhou:none={SIBLING}"), "沒有可以另行指定"),
    ):
        answer = run(*split, *more)
        assert (answer.exit_code, words in answer.stderr) == (BAD_INPUT, True)
    given = ("--share", f"{SIBLING}=199999999", "--share", "522301003=1", "--yes", "--json")
    done = json.loads(run(*split, *given).stdout)
    assert done["done"]
    assert [sum(one["money_after"].values()) for one in done["targets"]] == [399_999_999, 200_000_001]


def test_a_unit_of_the_old_code_is_still_known(site: Site, two: tuple[Any, Any]) -> None:
    first, second = two
    proposed(first, merging(HOME, SIBLING))
    decided(second)
    with site.sessions() as session:
        assert session.get(Unit, f"{HOME}000") is not None
