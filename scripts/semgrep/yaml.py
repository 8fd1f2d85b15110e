import pickle

import yaml
from ruamel.yaml import YAML
from sqlalchemy import PickleType


def packs(text: str) -> list[object]:
    # ruleid: unsafe-yaml
    one = yaml.load(text, Loader=yaml.Loader)
    # ruleid: unsafe-yaml
    two = yaml.safe_load(text)
    # ruleid: unsafe-yaml
    three = YAML(typ="unsafe").load(text)
    # ruleid: unsafe-yaml
    four = YAML().load(text)
    # ok: unsafe-yaml
    return [one, two, three, four, YAML(typ="safe", pure=True).load(text)]


def rows(data: bytes) -> object:
    # ruleid: unsafe-pickle
    kind = PickleType
    # ruleid: unsafe-pickle
    return kind, pickle.loads(data)
