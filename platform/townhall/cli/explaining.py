"""Why a value of a centre is what it is."""

import datetime as dt
import json

import click

from townhall.centres.explaining import Answer, end_of, why
from townhall.cli.console import guarded, readers, refuse
from townhall.config import Settings
from townhall.units.models import Unit
from townhall.units.operations import full_code


@click.command()
@click.argument("code", metavar="UNIT")
@click.argument("place", metavar="PATH")
@click.option("--at", "day", type=click.DateTime(["%Y-%m-%d"]), help="某一天結束時的情形，如 2026-03-02")
@click.option("--json", "as_json", is_flag=True, help="輸出 JSON")
@guarded
def explain(code: str, place: str, day: dt.datetime | None, as_json: bool) -> None:
    """說明一個值因何如此：州、縣、鄉各層怎麼說，誰在何時為何改成這樣。

    PATH 可用文字（「事項〔臨時救助申請〕的承諾時限」「熱線電話」「中心名稱」），
    也可用寫法（items[zhou:temporary-relief].promised_limit、items.order）。
    """
    with readers(Settings())() as session:
        unit = session.get(Unit, full_code(code))
        if unit is None:
            refuse([f"沒有代碼為 {code} 的單位"])
        answer = why(session, unit, place, end_of(day.date()) if day else None)
        click.echo(json.dumps(answer.data(), ensure_ascii=False, indent=2) if as_json else _told(answer))


def _told(answer: Answer) -> str:
    lines = [f"  · {status}：{words}" for _, status, words in answer.rows]
    return "\n".join([answer.sentence, *lines])
