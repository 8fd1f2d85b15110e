"""YAML with positions: plain values beside a map from path to line and column."""

import math
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from functools import lru_cache
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from provisioning.faults import Fault

Path = tuple[str | int, ...]
MAXIMUM_BYTES = 2_000_000
MAXIMUM_NODES = 200_000
KEPT_FILES = 64  # some packs' worth: a next release is written on the files of the one before


@dataclass
class YamlFile:
    """A parsed file: `data` is None when it could not be parsed, then `faults` says why."""

    name: str
    data: Any = None
    places: dict[Path, tuple[int, int]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def place(self, path: Path) -> tuple[int, int]:
        """Line and column of a path, or of its nearest known ancestor."""
        while path and path not in self.places:
            path = path[:-1]
        return self.places.get(path, (1, 1))

    def fault(self, path: Path, message: str, shown: str | None = None) -> Fault:
        line, column = self.place(path)
        return Fault(self.name, line, column, shown if shown is not None else dotted(path), message)


def dotted(path: Path) -> str:
    """`("items", 0, "name")` as `items[0].name`, the way people point at it."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def parse(name: str, text: str | bytes) -> YamlFile:
    """Parse one document safely: no tags of Python, no duplicate keys, bounded size and number of nodes.

    A text that was parsed before is not parsed again; what is given is the caller's own to change.
    """
    file = _parsed(name, text)
    return replace(file, data=deepcopy(file.data), places=dict(file.places), faults=list(file.faults))


@lru_cache(maxsize=KEPT_FILES)
def _parsed(name: str, text: str | bytes) -> YamlFile:
    file = YamlFile(name)
    if len(text) > MAXIMUM_BYTES:
        file.faults.append(Fault(name, 0, 0, "", f"檔案超過 {MAXIMUM_BYTES // 1_000_000} MB，不予讀取"))
        return file
    try:
        loader = YAML(typ="safe", pure=True)
        node = loader.compose(text.decode("utf-8-sig") if isinstance(text, bytes) else text)
        file.data = _value(file, loader, node, ()) if node is not None else {}
    except DuplicateKeyError as error:  # a subclass of MarkedYAMLError with an English essay for a message
        file.faults.append(_marked(name, error, "同一層級的鍵重複"))
    except MarkedYAMLError as error:
        file.faults.append(_marked(name, error, f"YAML 語法錯誤（{error.problem}）"))
    except UnicodeDecodeError as error:
        file.faults.append(Fault(name, 0, 0, "", not_utf8(error)))
    except (YAMLError, RecursionError, ValueError) as error:
        file.faults.append(Fault(name, 0, 0, "", f"YAML 無法解析（{error}）"))
    return file


def not_utf8(error: UnicodeDecodeError) -> str:
    """Where a file stops being UTF-8, in Chinese."""
    return f"不是 UTF-8 編碼（第 {error.start + 1} 個位元組）"


def _marked(name: str, error: MarkedYAMLError, message: str) -> Fault:
    mark = error.problem_mark or error.context_mark
    return Fault(name, mark.line + 1 if mark else 0, mark.column + 1 if mark else 0, "", message)


def _value(file: YamlFile, loader: YAML, node: Node, path: Path) -> Any:
    """The plain value of a node; notes where each path begins on the way."""
    file.places[path] = (node.start_mark.line + 1, node.start_mark.column + 1)
    if len(file.places) > MAXIMUM_NODES:
        raise ValueError("節點過多")
    if isinstance(node, MappingNode):
        return dict(_pairs(file, loader, node, path))
    if isinstance(node, SequenceNode):
        return [_value(file, loader, child, (*path, index)) for index, child in enumerate(node.value)]
    assert isinstance(node, ScalarNode)  # noqa: S101 # nosec B101 # YAML has no fourth kind of node
    return _scalar(file, loader, node, path)


def _pairs(file: YamlFile, loader: YAML, node: MappingNode, path: Path) -> Iterator[tuple[str, Any]]:
    seen: set[str] = set()
    for key_node, value_node in node.value:
        key = str(key_node.value)
        here = (*path, key)
        value = _value(file, loader, value_node, here)
        # The key is where a reader looks, not the value that may start a line later.
        file.places[here] = (key_node.start_mark.line + 1, key_node.start_mark.column + 1)
        if key in seen:
            file.faults.append(file.fault(here, f"鍵「{key}」重複"))
        seen.add(key)
        yield key, value


def _scalar(file: YamlFile, loader: YAML, node: ScalarNode, path: Path) -> Any:
    try:
        value = loader.constructor.construct_object(node, deep=True)
    except Exception:  # noqa: BLE001 - each tag's constructor fails in a way of its own (KeyError, IndexError …)
        file.faults.append(file.fault(path, f"不認識的標記或值「{node.value}」"))
        return None
    if isinstance(value, float) and not math.isfinite(value):
        file.faults.append(file.fault(path, "不是有限的數"))
    return value


def text_of(data: Any) -> str:
    """Plain data as a document that `parse` reads back as the same; keys stay in the order given."""
    writer = YAML(typ="safe", pure=True)
    writer.default_flow_style = False
    writer.allow_unicode = True
    writer.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    writer.width = 110
    stream = StringIO()
    writer.dump(data, stream)
    return stream.getvalue()
