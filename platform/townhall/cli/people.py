"""Accounts from the command line."""

import click

from townhall.accounts.models import Role
from townhall.accounts.operations import create_user
from townhall.audit.act import host_act
from townhall.cli.console import guarded, remarks, sessions
from townhall.clock import now
from townhall.config import Settings
from townhall.units.operations import full_code


@click.group()
def user() -> None:
    """賬號管理。"""


@user.command()
@click.argument("login")
@click.option("--name", required=True, help="姓名或崗位")
@click.option("--role", required=True, type=click.Choice([role.value for role in Role]), help="角色")
@click.option("--unit", "unit_code", required=True, help="所屬單位代碼（6、9 或 12 位）")
@click.password_option(help="密碼；不在命令行寫明時會詢問")
@guarded
def create(login: str, name: str, role: str, unit_code: str, password: str) -> None:
    """新建賬號。"""
    with sessions(Settings()).begin() as session:
        create_user(
            session,
            host_act("命令行", now()),
            login=login,
            name=name,
            role=Role(role),
            unit_id=full_code(unit_code),
            password=password,
        )
    remarks.print(f"已建立賬號 {login}", markup=False)
