"""The JSON interface: the pages' rights, faults as JSON, and no server error whatever a fuzzer sends (bar R7)."""

import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy.orm import sessionmaker
from werkzeug.serving import make_server

from provisioning.specs import Pack
from tests.fixtures.soak import SEED, SOAK, rounds
from tests.fixtures.web import ABROAD, HOME, NOWHERE, PASSWORD, UNOPENED, Site, populate
from townhall.app import create_app
from townhall.config import Settings
from townhall.database import create_engine_for
from townhall.tenancy import HOST, scoped
from townhall.web.throttle import UNTHROTTLED


def client(site: Site, login: str = "director") -> Any:
    site.app.config["WTF_CSRF_ENABLED"] = False
    made = site.app.test_client()
    if login:
        made.post("/login", data={"login": login, "password": PASSWORD})
    return made


def test_who_is_signed_in(site: Site) -> None:
    mine = client(site).get("/api/v1/me").get_json()
    assert (mine["login"], mine["role"], mine["unit"]) == ("director", "township_director", f"{HOME}000")
    assert "edit" in mine["rights"]


@pytest.mark.parametrize(
    ("login", "address", "status"),
    [
        ("", "/api/v1/me", 401),
        ("", f"/api/v1/townships/{HOME}", 401),
        ("director", "/api/v1/townships", 403),
        ("director", f"/api/v1/townships/{ABROAD}", 404),
        ("director", f"/api/v1/townships/{NOWHERE}", 404),
        ("director", "/api/v1/townships/５２２３０１００１", 404),
        ("prefecture", f"/api/v1/townships/{UNOPENED}", 404),
        ("director", f"/api/v1/townships/{HOME}/items/zhou.nothing", 404),
        ("director", "/api/v1/nothing", 404),
        ("county", "/api/v1/townships?limit=0", 422),
        ("county", "/api/v1/townships?odd=1", 422),
    ],
)
def test_faults_are_json(site: Site, login: str, address: str, status: int) -> None:
    answer = client(site, login).get(address)
    assert answer.status_code == status
    told = answer.get_json()
    assert told.get("error") or told["errors"]


def test_a_county_reads_its_townships(site: Site) -> None:
    found = client(site, "county").get("/api/v1/townships?q=黃草&limit=5").get_json()
    assert [line["code"] for line in found["townships"]] == [HOME]
    assert found["total"] == 1


def test_a_director_reads_the_centre(site: Site) -> None:
    mine = client(site)
    items = mine.get(f"/api/v1/townships/{HOME}/items").get_json()
    assert len(items) > 30
    one = mine.get(f"/api/v1/townships/{HOME}/items/{items[0]['key'].replace(':', '.')}").get_json()
    assert one["name"] == items[0]["name"]
    assert mine.get(f"/api/v1/townships/{HOME}/configuration").get_json()["windows"]


def test_a_director_changes_local_facts_all_or_none(site: Site) -> None:
    mine, address = client(site), f"/api/v1/townships/{HOME}"
    seen = mine.get(address).get_json()["content_hash"]
    change = {"seen": seen, "reason": "接口", "fields": {"hotline": "0000-1", "complaint_phone": "0000 1"}}
    refused = mine.patch(f"{address}/profile", json=change)
    assert refused.status_code == 422
    assert "不得與熱線電話相同" in refused.get_json()["errors"][0]
    change["fields"] = {"hotline": "0000-1", "director": "演示人員"}
    made = mine.patch(f"{address}/profile", json=change)
    assert made.get_json()["profile"]["hotline"] == "0000-1"
    assert "他人已修改" in mine.patch(f"{address}/profile", json=change).get_json()["errors"][0]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"seen": "x", "fields": {"hotline": "1"}},
        {"seen": "0" * 64, "fields": {"nothing": "1"}},
        {"seen": "0" * 64, "fields": {"hotline": 3}},
        {"seen": "0" * 64, "fields": {"hotline": "\x00"}},
        {"seen": "0" * 64, "fields": {"hotline": "1"}, "more": 1},
    ],
)
def test_what_does_not_fit_is_refused_in_words(site: Site, change: dict[str, Any]) -> None:
    answer = client(site).patch(f"/api/v1/townships/{HOME}/profile", json=change)
    assert answer.status_code == 422
    assert answer.get_json()["errors"]


def test_a_change_without_the_token_of_the_session_is_refused(site: Site) -> None:
    mine = client(site)
    site.app.config["WTF_CSRF_ENABLED"] = True
    address, change = f"/api/v1/townships/{HOME}/profile", {"seen": "0" * 64, "fields": {"hotline": "1"}}
    assert mine.patch(address, json=change).status_code == 400
    token = mine.get("/api/v1/me").get_json()["token"]
    assert mine.patch(address, json=change, headers={"X-CSRFToken": token}).status_code == 422


OWN = {
    "name": "集市攤位登記（虛構）",
    "category": "市場稅務",
    "windows": ["zhou:civil"],
    "item_type": "公共服務",
    "targets": ["自然人"],
    "scope": "本鄉集市",
    "description": "為趕集的群眾登記攤位",
    "conditions": ["在本鄉集市擺攤"],
    "materials": [{"key": "identity", "name": "居民身份證", "source": "本人"}],
    "steps": [{"key": "accept", "name": "登記", "actor": "綜合窗口", "action": "核對身份並登記"}],
    "legal_basis": {"blank": "由有權部門填寫"},
    "accepting_body": {"blank": "由本中心填寫"},
    "deciding_body": {"blank": "由有權部門填寫"},
    "case_type": "承諾件",
    "promised_limit": {"blank": "由本中心填寫"},
    "fee": {"free": True},
    "result": "憑條",
    "delivery": "當場領取",
    "visits": 0,
}


def test_a_director_adds_orders_removes_and_brings_back_items(site: Site) -> None:
    mine, address = client(site), f"/api/v1/townships/{HOME}"
    items = f"{address}/items"
    keys = [one["key"] for one in mine.get(items).get_json()]
    seen = mine.get(address).get_json()["content_hash"]
    made = mine.post(items, json={"seen": seen, "item": OWN, "reason": "接口"}).get_json()
    assert made["key"] == f"xiang:{HOME}:own-1"
    assert "他人已修改" in mine.post(items, json={"seen": seen, "item": OWN}).get_json()["errors"][0]
    turned = [made["key"], *reversed(keys)]
    made = mine.put(f"{items}/order", json={"seen": made["content_hash"], "keys": turned}).get_json()
    assert [one["key"] for one in mine.get(items).get_json()] == turned
    relief = f"{items}/zhou.temporary-relief"
    made = mine.delete(f"{relief}?seen={made['content_hash']}").get_json()
    assert mine.get(relief).status_code == mine.delete(f"{relief}?seen={'0' * 64}").status_code == 404
    made = mine.post(f"{relief}/back", json={"seen": made["content_hash"]}).get_json()
    assert mine.get(relief).get_json()["name"] == "臨時救助申請"
    assert mine.post(f"{relief}/back", json={"seen": made["content_hash"]}).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"item": OWN | {"key": "zhou:mine"}}, "請不要填寫 key"),
        ({"item": OWN | {"windows": []}}, "沒有安排窗口"),
        ({"item": OWN | {"name": 3}}, "名稱：應為文字"),
        ({"item": OWN | {"legal_basis": []}}, "法律依據：列表的項數不符"),
        ({"item": {}}, "缺少必填欄位"),
        ({"item": OWN, "reason": "\x00"}, "控制字符"),
        ({"item": OWN | {"name": "\ud800"}}, "控制字符"),
        ({"item": "x"}, "item"),
    ],
)
def test_what_is_no_item_is_refused_in_words_and_nothing_is_added(
    site: Site, wrong: dict[str, Any], told: str
) -> None:
    mine, address = client(site), f"/api/v1/townships/{HOME}"
    before = mine.get(address).get_json()
    answer = mine.post(f"{address}/items", json={"seen": before["content_hash"]} | wrong)
    assert answer.status_code == 422
    assert told in "".join(answer.get_json()["errors"])
    assert mine.get(address).get_json() == before


@pytest.fixture
def served(database_url: str, pack: Pack, tmp_path: Path) -> Iterator[tuple[Flask, str]]:
    """The application on a port of this machine."""
    engine = create_engine_for(database_url)
    populate(sessionmaker(engine, expire_on_commit=False, info=scoped(HOST)), pack)
    engine.dispose()
    app = create_app(Settings(home=tmp_path, database=database_url, demo=False))
    app.extensions[UNTHROTTLED] = True
    for limiter in app.extensions["limiter"]:
        limiter.enabled = False
    server = make_server("127.0.0.1", 0, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield app, f"http://127.0.0.1:{server.port}"
    server.shutdown()
    thread.join()
    server.server_close()
    app.extensions["townhall.sessions"].kw["bind"].dispose()


def test_bar_r7_a_fuzzer_finds_no_server_error_and_no_undocumented_answer(
    served: tuple[Flask, str], tmp_path: Path
) -> None:
    app, address = served
    mine = app.test_client()
    page = mine.get("/login").get_data(as_text=True)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    form = {"login": "director", "password": PASSWORD, "csrf_token": token[1]}
    assert mine.post("/login", data=form).status_code == 303
    secret = mine.get("/api/v1/me").get_json()["token"]
    cookie = mine.get_cookie("townhall")
    assert cookie is not None
    total = 0
    for seed in range(SEED, SEED + rounds(1, 3)):
        command = [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{address}/api/openapi/openapi.json",
            f"--header=Cookie: townhall={cookie.value}",
            f"--header=X-CSRFToken: {secret}",
            "--checks=not_a_server_error,status_code_conformance,content_type_conformance",
            f"--max-examples={1200 if SOAK else 20}",
            f"--seed={seed}",
            "--phases=examples,coverage,fuzzing",
            "--suppress-health-check=all",
            "--no-color",
        ]
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=3000, cwd=tmp_path
        )
        assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
        found = re.search(r"(\d+) generated", done.stdout)
        total += int(found[1]) if found else 0
    assert total > 50
    print(f"schemathesis: {total} cases, 0 server errors, 0 undocumented answers")
