"""Converts manifests of earlier schemas to the current one, as plain JSON: names change, nothing else."""

from __future__ import annotations

from typing import Any

from polyparse.errors import ConfigError

SIGNALS = {
    "broad_domain_doubt": "tempered_domain_entropy",
    "unknown_share": "unknown_words",
    "novelty": "unseen_ngrams",
    "atypicality": "domain_log_ratio",
}
"""Name of an out-of-domain signal in schema 1 -> its name now."""
FILE_NAMES = {"seen_text.npz": "training_text.npz"}
"""Former name of a file -> the name that it gets when its bundle is upgraded."""


def upgraded(data: object) -> object:
    """The manifest in the current schema; data of that schema, or of none that is known, is returned unchanged.

    Raises ConfigError for a name of the current schema in an earlier one: it would hide what the earlier name says.
    """
    if isinstance(data, dict) and data.get("schema_version") == 1 and data["schema_version"] is not True:
        return _from_1(data)
    return data


def _from_1(data: dict[str, Any]) -> dict[str, Any]:
    """Schema 1 -> 2: `rejection` is `ood`, `text.seen_text` is `text.training_text`, and signals have other names."""
    changed = _renamed(data, {"rejection": "ood"}) | {"schema_version": 2}
    for part, names in (
        ("routing", {"classifier": "classifier_classes"}),
        ("text", {"seen_text": "training_text"}),
    ):
        if isinstance(changed.get(part), dict):
            changed[part] = _renamed(changed[part], names)
    ood = changed.get("ood")
    if isinstance(ood, dict) and isinstance(ood.get("weights"), dict):
        changed["ood"] = ood | {"weights": _renamed(ood["weights"], SIGNALS)}
    return changed


def _renamed(data: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    for name in names.values():
        if name in data:
            raise ConfigError(f"found key {name!r} in schema 1, which does not have it")
    return {names.get(key, key): value for key, value in data.items()}
