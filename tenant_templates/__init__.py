"""Template packs: data only, one folder for each release. This module finds the folders and does nothing else.

The first release of a pack is in the folder of its identifier, a later one in a folder `<identifier>-<number>`
that says what differs from the release before.
"""

import re
from importlib.resources import files
from importlib.resources.abc import Traversable

_LATER = re.compile(r"(?P<pack>.+)-(?P<number>[1-9][0-9]*)")


def pack_ids() -> tuple[str, ...]:
    """The identifiers of the packs that are installed, sorted."""
    folders = _folders()
    return tuple(name for name in folders if _release_of(name, folders) is None)


def releases(pack_id: str) -> tuple[str, ...]:
    """The folders of a pack's releases by their numbers, the first release first; `LookupError` for no such pack."""
    folders = _folders()
    if pack_id not in pack_ids():
        raise LookupError(f"沒有模板包「{pack_id}」")
    found = ((_release_of(name, folders), name) for name in folders)
    later = [(int(match["number"]), name) for match, name in found if match and match["pack"] == pack_id]
    return (pack_id, *(name for _, name in sorted(later)))


def pack_directory(folder: str) -> Traversable:
    """The folder of one release of a pack by its name; `LookupError` when there is none of that name."""
    if folder not in _folders():
        raise LookupError(f"沒有模板包「{folder}」")
    return files(__name__) / folder


def _folders() -> tuple[str, ...]:
    return tuple(sorted(entry.name for entry in files(__name__).iterdir() if _is_pack(entry)))


def _release_of(name: str, folders: tuple[str, ...]) -> re.Match[str] | None:
    """The name of a later release taken apart, None for that of a pack: its first release must be there too."""
    match = _LATER.fullmatch(name)
    return match if match is not None and match["pack"] in folders else None


def _is_pack(entry: Traversable) -> bool:
    return entry.is_dir() and (entry / "pack.yaml").is_file()
