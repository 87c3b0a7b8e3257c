"""Schemas of custom resources, from what their projects publish as packages; a field that they do not know is refused."""

from __future__ import annotations

import ast
import importlib
import re
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

MODELS = {
    "ServiceMonitor": "cloudcoil.models.prometheus_operator.v1",
    "PrometheusRule": "cloudcoil.models.prometheus_operator.v1",
    "ScaledObject": "cloudcoil.models.keda.v1alpha1",
}
"""Kind -> the module of its pydantic model."""
INFERENCE_SERVICE = "V1beta1InferenceService"
Schema = dict[str, Any]


@cache
def schema_of(kind: str) -> Schema:
    """The JSON schema of a kind; KeyError where nobody publishes one."""
    model = getattr(importlib.import_module(MODELS[kind]), kind)
    schema: Schema = model.model_json_schema(by_alias=True)
    _close(schema)
    return schema


def _close(schema: Any) -> None:
    """Let no object have a property that its schema does not name, and let Python read its patterns."""
    if isinstance(schema, dict):
        if "properties" in schema:
            schema.setdefault("additionalProperties", False)
        if str(schema.get("pattern", "")).startswith("^(?i)"):  # Go's order; Python wants the flag first
            schema["pattern"] = "(?i)^" + schema["pattern"].removeprefix("^(?i)")
        for each in schema.values():
            _close(each)
    elif isinstance(schema, list):
        for each in schema:
            _close(each)


def unknown_fields(value: Any, type_: str = INFERENCE_SERVICE, path: str = "") -> list[str]:
    """Paths of the fields that KServe's tables of an InferenceService do not name; Kubernetes' own types are not entered."""
    if wrapped := re.fullmatch(r"list\[(\w+)\]", type_):
        return [name for each in value for name in unknown_fields(each, wrapped[1], path)]
    types = _tables().get(type_)
    if types is None or not isinstance(value, dict):
        return []
    unknown = [f"{path}/{name}" for name in value if name not in types]
    known = {name: each for name, each in value.items() if name in types}
    return unknown + [
        found for name, each in known.items() for found in unknown_fields(each, types[name], f"{path}/{name}")
    ]


@cache
def _tables() -> dict[str, dict[str, str]]:
    """Class of KServe's -> (field as it is written -> its type). They are read, not imported: an import brings a server."""
    spec = find_spec("kserve")
    assert spec is not None
    assert spec.origin is not None
    files = Path(spec.origin).parent.joinpath("models").glob("v1beta1_*.py")
    return {name: fields for file in files for name, fields in _of_file(file)}


def _of_file(file: Path) -> list[tuple[str, dict[str, str]]]:
    tree = ast.parse(file.read_text(encoding="utf-8"))
    return [(node.name, _fields(node)) for node in tree.body if isinstance(node, ast.ClassDef)]


def _fields(node: ast.ClassDef) -> dict[str, str]:
    tables: dict[str, dict[str, str]] = {
        target.id: ast.literal_eval(each.value)
        for each in node.body
        if isinstance(each, ast.Assign)
        for target in each.targets
        if isinstance(target, ast.Name) and target.id in {"openapi_types", "attribute_map"}
    }
    return {written: tables["openapi_types"][name] for name, written in tables["attribute_map"].items()}
