"""Template packs from the command line."""

import json
from pathlib import Path

import click

from provisioning.canonical import content_hash
from provisioning.load import load_pack
from provisioning.specs import Pack
from townhall.cli.console import guarded


@click.group()
def pack() -> None:
    """模板包。"""


@pack.command()
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@guarded
def check(folder: Path) -> None:
    """檢查模板包的一版：所有錯誤一次列出，附檔案、行、列。延續另一包的，連同它能否接在前一版之後一併檢查。"""
    loaded = load_pack(folder)
    centre, header = loaded.centre, loaded.header
    on = f"（在「{header.extends}」之上）" if header.extends else ""
    click.echo(f"{header.title}：第 {header.release} 版{on}，沒有錯誤")
    click.echo(
        f"窗口 {len(centre.windows)}，事項 {len(centre.items)}，設施 {len(centre.fixtures)}，制度 {len(centre.regimes)}"
    )
    click.echo(f"內容哈希 {content_hash(loaded)}")


@pack.command()
def schema() -> None:
    """輸出 JSON Schema，供編輯器補全。"""
    click.echo(json.dumps(Pack.model_json_schema(), ensure_ascii=False, indent=2))
