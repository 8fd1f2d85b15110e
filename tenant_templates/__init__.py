"""Template packs: one folder a pack, data only. This module finds the folders and does nothing else."""

from importlib.resources import files
from importlib.resources.abc import Traversable


def pack_ids() -> tuple[str, ...]:
    """The identifiers of the packs that are installed, sorted."""
    return tuple(sorted(entry.name for entry in files(__name__).iterdir() if _is_pack(entry)))


def pack_directory(pack_id: str) -> Traversable:
    """The folder of one pack; `LookupError` when there is none of that name."""
    if pack_id not in pack_ids():
        raise LookupError(f"沒有模板包「{pack_id}」")
    return files(__name__) / pack_id


def _is_pack(entry: Traversable) -> bool:
    return entry.is_dir() and (entry / "pack.yaml").is_file()
