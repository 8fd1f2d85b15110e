"""Packs and overlays from files: every fault with file, line and column, all at once (design, "Template packs")."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Any, TypeVar, get_args

from pydantic import BaseModel, TypeAdapter, ValidationError

from provisioning.extension import RETIRED, continues, extend
from provisioning.faults import Fault, PackInvalid
from provisioning.publication import release_faults
from provisioning.specs import CentreSpec, Overlay, Pack
from provisioning.specs.centre import COLLECTIONS, RECORDS
from provisioning.validate import check_overlay, check_pack
from provisioning.wording import message
from provisioning.yamlfile import Path as NodePath
from provisioning.yamlfile import YamlFile, dotted, not_utf8, parse

Folder = Path | Traversable
Origins = dict[str, list[tuple[YamlFile, NodePath]]]
Locate = Callable[[NodePath, str], Fault]  # where a path was written, with what is wrong there
M = TypeVar("M", bound=BaseModel)

_PACK_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_CENTRE_KEYS = {*RECORDS, *COLLECTIONS}
_PACK_LISTS = {"policies", "checks", "milestones", "documents", "moves"}
_NOT_CENTRE = {"sample.yaml"}


class Sources:
    """The sections of a pack gathered from its files, each remembering where it was written."""

    def __init__(self, files: list[YamlFile]) -> None:
        self.files = files
        self.faults = [fault for file in files for fault in file.faults]
        self.sections: dict[str, Any] = {}
        self.origins: Origins = {}
        for file in files:
            self._take(file)

    def _take(self, file: YamlFile) -> None:
        if file.data is None:
            return
        if not isinstance(file.data, dict):
            self.faults.append(Fault(file.name, 1, 1, "", "檔案應由「鍵: 值」組成"))
            return
        for key, value in file.data.items():
            self._section(file, key, value)

    def _section(self, file: YamlFile, key: str, value: Any) -> None:
        if key not in _CENTRE_KEYS | _PACK_LISTS | {"header", RETIRED}:
            self.faults.append(file.fault((key,), f"不認識的區段「{key}」", key))
        elif key in RECORDS or key in {"header", RETIRED}:
            self._record(file, key, value)
        elif not isinstance(value, list):
            self.faults.append(file.fault((key,), "應為列表", key))
        else:
            self.sections.setdefault(key, []).extend(value)
            places = [(file, (key, index)) for index in range(len(value))]
            self.origins.setdefault(key, []).extend(places)

    def _record(self, file: YamlFile, key: str, value: Any) -> None:
        if key in self.sections:
            self.faults.append(file.fault((key,), f"區段「{key}」在別的檔案已經寫過", key))
        self.sections[key] = value
        self.origins[key] = [(file, (key,))]

    def fault(self, path: NodePath, text: str) -> Fault:
        """A fault at a path of the assembled pack, placed in the file it came from."""
        path = self._withdrawn(path) or path
        origins = self.origins.get(str(path[0]) if path else "", [])
        if len(path) > 1 and isinstance(path[1], int) and path[1] < len(origins):
            file, start = origins[path[1]]
            return file.fault((*start, *path[2:]), text)
        if origins:
            file, start = origins[0]
            return file.fault((*start, *path[1:]), text, dotted(path))
        # What stands in no file is missing from the pack as a whole.
        pack = self.files[0].name.rpartition("/")[0] if self.files else ""
        return Fault(pack, 0, 0, dotted(path), text)

    def _withdrawn(self, path: NodePath) -> NodePath | None:
        """Where an item that is no longer there, and is named by its key, was withdrawn."""
        retired = self.sections.get(RETIRED)
        keys = retired.get(path[0]) if isinstance(retired, dict) and len(path) == 2 else None
        if not isinstance(keys, list) or path[1] not in keys:
            return None
        return (RETIRED, path[0], keys.index(path[1]))


def load_pack(
    folder: Folder,
    name: str | None = None,
    find: Callable[[str], Folder] | None = None,
    previous: Pack | None = None,
) -> Pack:
    """A pack from its folder.

    A pack that extends another names its folder in its header; `find` gives the folder of a name, by default the
    one beside. Where both have one identifier it is the next release of the other and must be able to follow it,
    as it must follow `previous` where that is given (rules A3, C5, F2). Raises `PackInvalid` with every fault of
    every file.
    """
    name = name or Path(str(folder)).resolve().name
    gathered = _gathered(folder, name, find or _beside(folder), ())
    sources, pack = gathered.sources, _assemble(gathered)
    faults = list(sources.faults)
    if pack is not None:
        followed = (previous, *_followed(gathered)) if previous else _followed(gathered)
        faults += [sources.fault(path, text) for path, text in check_pack(pack)]
        faults += [sources.fault(path, text) for path, text in _following(pack, followed)]
    if faults or pack is None:
        raise PackInvalid(faults)
    return pack


@dataclass(frozen=True, slots=True)
class _Gathered:
    """What is written of a pack, completed from its `base`, the pack that it extends."""

    sources: Sources
    templates: dict[str, str]
    base: "_Gathered | None" = None


def _gathered(
    folder: Folder, name: str, find: Callable[[str], Folder], extending: tuple[str, ...]
) -> _Gathered:
    sources = Sources([_parsed(f"{name}/{path}", entry) for path, entry in _yaml_files(folder)])
    templates = _templates(folder, name, sources.faults)
    base = _base(sources, name, find, extending)
    if base is None:
        if RETIRED in sources.sections:
            sources.faults.append(sources.fault((RETIRED,), "只有延續另一模板包的，才能取消其中的條目"))
        return _Gathered(sources, templates)
    sources.faults += base.sources.faults
    wrong = extend(sources.sections, sources.origins, base.sources.sections, base.sources.origins)
    sources.faults += [sources.fault(path, text) for path, text in wrong]
    return _Gathered(sources, base.templates | templates, base)


def _base(
    sources: Sources, name: str, find: Callable[[str], Folder], extending: tuple[str, ...]
) -> _Gathered | None:
    """The pack that the header says is extended, None where there is none or none that can be found."""
    header = sources.sections.get("header")
    base = header.get("extends") if isinstance(header, dict) else None
    if not isinstance(base, str) or not _PACK_NAME.fullmatch(base):
        return None  # nothing, or what the schema will refuse
    if base in (*extending, name):
        sources.faults.append(sources.fault(("header", "extends"), f"模板包「{base}」繞回自身"))
        return None
    try:
        return _gathered(_present(find(base)), base, find, (*extending, name))
    except LookupError:
        sources.faults.append(sources.fault(("header", "extends"), f"找不到模板包「{base}」"))
        return None


def _followed(gathered: _Gathered) -> tuple[Pack, ...]:
    """The earlier releases that a pack is written on, the last one first; a faulty one has been reported."""
    base = gathered.base
    if base is None or not continues(gathered.sources.sections, base.sources.sections):
        return ()
    pack = _assemble(base)
    return (pack, *_followed(base)) if pack is not None else ()


def _following(pack: Pack, followed: tuple[Pack, ...]) -> Iterator[tuple[NodePath, str]]:
    return release_faults(followed[0], pack, followed[1:]) if followed else iter(())


def _present(folder: Folder) -> Folder:
    if not folder.is_dir():
        raise LookupError(folder.name)
    return folder


def _beside(folder: Folder) -> Callable[[str], Folder]:
    return lambda pack_id: Path(str(folder)).resolve().parent / pack_id


def load_overlay(text: bytes | str, name: str, pack: Pack) -> Overlay:
    """A county overlay for a pack. Raises `PackInvalid` with every fault."""
    file = parse(name, text)
    if file.faults or not isinstance(file.data, dict):
        raise PackInvalid(file.faults or [Fault(name, 1, 1, "", "檔案應由「鍵: 值」組成")])
    overlay, faults = _validated(Overlay, file.data, file.fault)
    if overlay is not None:
        faults += [file.fault(path, words) for path, words in check_overlay(pack, overlay)]
    if faults or overlay is None:
        raise PackInvalid(faults)
    return overlay


def load_centre(text: bytes | str, name: str) -> CentreSpec:
    """A centre written with its sections in one file. Raises `PackInvalid` with every fault."""
    file = parse(name, text)
    if file.faults or not isinstance(file.data, dict):
        raise PackInvalid(file.faults or [Fault(name, 1, 1, "", "檔案應由「鍵: 值」組成")])
    centre, faults = _validated(CentreSpec, file.data, file.fault)
    if centre is None:
        raise PackInvalid(faults)
    return centre


def load_sample(
    folder: Folder, find: Callable[[str], Folder] | None = None
) -> tuple[dict[str, str], Overlay]:
    """The invented unit of `sample.yaml` and the overlay that fills every blank for it.

    The sample of a next release may extend the one before, and then says only what it fills besides.
    """
    file, data = _sample(folder, find or _beside(folder))
    overlay, faults = _validated(
        Overlay, data["overlay"], lambda path, words: file.fault(("overlay", *path), words)
    )
    if overlay is None:
        raise PackInvalid(faults)
    return data["unit"], overlay


def _sample(folder: Folder, find: Callable[[str], Folder]) -> tuple[YamlFile, dict[str, Any]]:
    file = parse("sample.yaml", (folder / "sample.yaml").read_bytes())
    if file.faults:
        raise PackInvalid(file.faults)
    data = dict(file.data)
    if base := data.pop("extends", None):
        data = _laid_over(_sample(find(base), find)[1], data)
    return file, data


def _laid_over(base: Any, own: Any) -> Any:
    """Mappings one over the other, to any depth; everything else is taken or left whole."""
    if not (isinstance(base, dict) and isinstance(own, dict)):
        return own
    return base | {key: _laid_over(base.get(key), value) for key, value in own.items()}


def _assemble(gathered: _Gathered) -> Pack | None:
    sources, templates = gathered.sources, gathered.templates
    sections = sources.sections
    centre = {key: sections[key] for key in _CENTRE_KEYS if key in sections}
    rest = {key: sections.get(key, []) for key in _PACK_LISTS}
    raw = {"header": sections.get("header"), "centre": centre, **rest, "templates": templates}
    pack, faults = _validated(Pack, raw, sources.fault)
    sources.faults += faults
    return pack


def _validated(model: type[M], raw: Any, locate: Locate) -> tuple[M | None, list[Fault]]:
    try:
        return TypeAdapter(model).validate_python(raw), []
    except ValidationError as error:
        return None, [_located(model, raw, problem, locate) for problem in error.errors(include_url=False)]


def _located(model: type[BaseModel], raw: Any, problem: Any, locate: Locate) -> Fault:
    path = tuple(_real_path(problem["loc"], raw, problem["type"]))
    text = message(problem, _siblings(model, path))
    return locate(path[1:] if path[:1] == ("centre",) else path, text)


def _real_path(loc: tuple[Any, ...], raw: Any, kind: str) -> Iterator[int | str]:
    """The path in the file: pydantic's own markers (the branch of a union) are left out."""
    for position, part in enumerate(loc):
        inside_list = isinstance(raw, list) and isinstance(part, int) and part < len(raw)
        if inside_list or (isinstance(raw, dict) and part in raw):
            raw = raw[part]
        elif not (position == len(loc) - 1 and kind in {"missing", "extra_forbidden"}):
            continue
        yield part


def _siblings(model: Any, path: NodePath) -> tuple[str, ...]:
    """Field names that would have been accepted where an unknown key stands."""
    for part in path[:-1]:
        if isinstance(part, str):
            model = _inner(model.model_fields[part].annotation) if part in model.model_fields else None
        if model is None:
            return ()
    return tuple(model.model_fields)


def _inner(annotation: Any) -> Any:
    """The model class inside an annotation such as `tuple[X, ...]`, or None."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next((found for argument in get_args(annotation) if (found := _inner(argument))), None)


def _yaml_files(folder: Folder) -> Iterator[tuple[str, Folder]]:
    """The pack's own files in printed order: the top folder, then items/ and regimes/, each by name."""
    for part in ("", "items/", "regimes/"):
        for name, entry in _entries(folder / part if part else folder, ".yaml"):
            if part or name not in _NOT_CENTRE:
                yield f"{part}{name}", entry


def _entries(folder: Folder, *endings: str) -> list[tuple[str, Folder]]:
    if not folder.is_dir():
        return []
    return sorted((entry.name, entry) for entry in folder.iterdir() if entry.name.endswith(endings))


def _parsed(name: str, entry: Folder) -> YamlFile:
    try:
        return parse(name, entry.read_bytes())
    except OSError:
        return YamlFile(name, faults=[_unreadable(name)])


def _unreadable(name: str) -> Fault:
    return Fault(name, 0, 0, "", "不是可以讀取的檔案")


def _templates(folder: Folder, pack: str, faults: list[Fault]) -> dict[str, str]:
    """The document templates of a pack; what cannot be read is added to the faults."""
    found = {}
    for name, entry in _entries(folder / "documents", ".html", ".css"):
        place = f"{pack}/documents/{name}"
        try:
            found[name] = entry.read_bytes().decode("utf-8")
        except UnicodeDecodeError as error:
            faults.append(Fault(place, 0, 0, "", not_utf8(error)))
        except OSError:
            faults.append(_unreadable(place))
    return found
