"""What a print shop gets: one zip with everything of a centre that can be printed, and the list to work from."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

from townhall.documents.batch import BatchReport, ZipTarget, print_batch
from townhall.documents.fonts import Faces
from townhall.documents.production import Binder, Order
from townhall.documents.store import Store
from townhall.spreadsheet import tab_bytes

LIST = "印製清單.txt"
_HEADINGS = ("檔案", "文件", "對象", "成品尺寸（毫米）", "出血（毫米）", "材質", "份數")


class Delivery(ZipTarget):
    """The zip of one centre; its list names what really got in, in the order of the pack."""

    def __init__(self, path: Path, binder: Binder, orders: list[Order]) -> None:
        super().__init__(path)
        self._lines = {binder.path(order): _facts(order) for order in orders}
        self._made: set[str] = set()

    def write(self, name: str, data: bytes) -> None:
        super().write(name, data)
        self._made.add(name)

    def close(self) -> None:
        super().write(
            LIST, printing_list((name, *facts) for name, facts in self._lines.items() if name in self._made)
        )
        super().close()

    def discard(self) -> None:
        """Leave nothing of it."""
        with suppress(Exception):  # whatever stopped the writing may stop the closing too
            self.archive.close()
        self.partial.unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


def printing_list(lines: Iterable[tuple[str, ...]]) -> bytes:
    """What a print shop works from: a line for each file, to be read as it is or in a spreadsheet."""
    return tab_bytes([_HEADINGS, *lines])


def _facts(order: Order) -> tuple[str, ...]:
    document, subject = order.document, order.subject
    size = f"{subject.width}×{subject.height}"
    return document.title, subject.label, size, str(document.bleed), document.material, str(document.copies)


def deliver(
    binder: Binder,
    script: str,
    path: Path,
    *,
    workers: int,
    store: Store,
    faces: Faces,
    progress: Callable[[int, int], None],
) -> BatchReport:
    """Print a centre into a zip that appears when it is complete; drafts never get in, the report says why.

    `progress` gets documents done and in all after each, and may raise: then nothing is left.
    """
    orders = list(binder.orders((script,)))
    steps = iter(range(1, len(orders) + 1))
    target = Delivery(path, binder, orders)
    try:
        return print_batch(
            ((binder, order) for order in orders),
            target,
            workers=workers,
            store=store,
            faces=faces,
            advance=lambda: progress(next(steps), len(orders)),
        )
    except BaseException:
        target.discard()
        raise
