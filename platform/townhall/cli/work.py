"""Workers: they do what the pages ask for and what takes longer than a page may."""

import signal
import threading

import click

from townhall.cli.console import guarded, remarks
from townhall.config import Settings
from townhall.jobs import broker, local


@click.command()
@click.option("--once", is_flag=True, help="做完等待中的任務就退出")
@guarded
def work(once: bool) -> None:
    """運行後台任務。設了 TOWNHALL_BROKER 即作為 Celery 的工作進程。"""
    settings = Settings()
    if once:
        click.echo(f"已處理 {local.drain(settings)} 個任務")
        return
    remarks.print("後台任務進程已啟動（按 Ctrl-C 停止）", markup=False)
    (broker if settings.broker else local).work(settings, _told_to_stop())


def _told_to_stop() -> threading.Event:
    """Set by Ctrl-C and by whoever supervises services; the job at hand then goes back."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop
