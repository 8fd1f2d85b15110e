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
    """檢查模板包：所有錯誤一次列出，附檔案、行、列。"""
    loaded = load_pack(folder)
    centre = loaded.centre
    click.echo(f"{loaded.header.title}：第 {loaded.header.release} 版，沒有錯誤")
    click.echo(
        f"窗口 {len(centre.windows)}，事項 {len(centre.items)}，設施 {len(centre.fixtures)}，制度 {len(centre.regimes)}"
    )
    click.echo(f"內容哈希 {content_hash(loaded)}")


@pack.command()
def schema() -> None:
    """輸出 JSON Schema，供編輯器補全。"""
    click.echo(json.dumps(Pack.model_json_schema(), ensure_ascii=False, indent=2))
