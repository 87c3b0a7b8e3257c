"""Records of finished steps: a step whose record has the same key is not done again."""

import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any


def digest(file: Path) -> str:
    """The sha256 of a file."""
    return sha256(file.read_bytes()).hexdigest()


def recorded(
    file: Path, key: Mapping[str, Any], make: Callable[[], Mapping[str, float]]
) -> Mapping[str, float]:
    """What `make` finds, or what it found before by the same key; the record is there only once `make` has ended.

    A record that is no such JSON counts as none.
    """
    requested = json.loads(json.dumps(key))
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
        if record["key"] == requested:
            actual: Mapping[str, float] = record["found"]
            return actual
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        pass
    file.unlink(missing_ok=True)
    built = make()
    partial = file.with_suffix(".partial")
    partial.write_text(json.dumps({"key": requested, "found": built}, indent=1) + "\n", encoding="utf-8")
    partial.replace(file)
    return built
