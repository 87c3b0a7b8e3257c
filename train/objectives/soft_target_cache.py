"""Soft targets of teachers on disk, apart from networks: who resumes or continues a student reads what was computed before.

A file has the SHA-256 of what follows it, then an .npz: 16-bit numbers, and of each row either all or the largest K with
their places. Its name is a digest of all that the numbers depend on: the teachers, how they are asked, and the texts.

Axes: B utterances, N tokens of all of them, I intents, K tags, J and L those that are kept.
"""

from __future__ import annotations

import json
import os
from hashlib import file_digest, sha256
from io import BytesIO
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from scipy.special import log_softmax

from polyparse.atomic import replace_file
from polyparse.schema import unstructure
from polyparse.text.tokens import RULES
from train.data.task import SoftTarget

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from train.checkpoint import Checkpoint
    from train.config import RunConfig

    Halves = NDArray[np.float16]

FORMAT = 1
MAX_BYTES = 4 * 2**30
"""Forty draws of MASSIVE in four languages, with all of 111 tags."""
SUFFIX = ".soft"
NONE = -1e4
"""The logarithm of what is not kept, far below any that is: its exponential is 0."""
TEACHER_FILES = (
    "labels.json",
    "vocabulary.json",
    "features.npy",
    "classifier.npz",
    "intent_bias.npy",
    "network-0.pt",
)
"""What a teacher's soft targets depend on, besides its config."""


class SoftTargetCache:
    """A folder of soft targets that were made in one way, `made_by`; the files used last have place in `max_bytes`."""

    def __init__(self, folder: Path, made_by: str, *, max_bytes: int = MAX_BYTES) -> None:
        self._folder, self._made_by, self._max_bytes = folder, made_by, max_bytes

    def find(self, texts: Sequence[str]) -> list[SoftTarget] | None:
        """The soft targets of the texts; None where they are not there, or where a file is not what was written."""
        path = self._path(texts)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        size = sha256().digest_size
        if sha256(content[size:]).digest() != content[:size]:
            path.unlink(missing_ok=True)
            return None
        os.utime(path)
        with np.load(BytesIO(content[size:]), allow_pickle=False) as arrays:
            return _unpacked(arrays)

    def save(self, texts: Sequence[str], targets: Sequence[SoftTarget], top: TopK) -> None:
        """Write the soft targets of the texts, whole or not at all; the files that were used longest ago make room."""
        stream = BytesIO()
        np.savez(stream, **_packed(targets, top))
        content = stream.getvalue()
        if len(content) > self._max_bytes:
            return
        self._folder.mkdir(parents=True, exist_ok=True)
        replace_file(self._path(texts), sha256(content).digest() + content)
        self._make_room()

    def _path(self, texts: Sequence[str]) -> Path:
        return self._folder / f"{digest_of([self._made_by, *texts])}{SUFFIX}"

    def _make_room(self) -> None:
        """Another run may use the folder, and remove a file at the same time."""
        files = []
        for path in self._folder.glob(f"*{SUFFIX}"):
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            files.append((status.st_mtime_ns, status.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self._max_bytes:
                break
            path.unlink(missing_ok=True)
            total -= size


class TopK(NamedTuple):
    """How many intents and tags of a soft target are kept; None for all of them."""

    intents: int | None = None
    tags: int | None = None

    def of(self, target: SoftTarget) -> SoftTarget:
        """The target with the rest at NONE, and the intents a distribution again."""
        log_probs_I = _only_largest(target.log_probs_I, self.intents)
        if self.intents is not None:
            log_probs_I = np.maximum(log_softmax(log_probs_I.astype(np.float32)), NONE).astype(np.float16)
        return SoftTarget(log_probs_I, _only_largest(target.emissions_TK, self.tags))


def digest_of_teachers(teachers: Iterable[Checkpoint]) -> str:
    """A digest of the networks, tables and configs of finished runs, in their order, each as often as it counts."""
    digests: dict[Path, str] = {}
    parts = []
    for teacher in teachers:
        if teacher.folder not in digests:
            digests[teacher.folder] = _digest_of_teacher(teacher)
        parts.append(digests[teacher.folder])
    return digest_of(parts)


def digest_of(parts: Sequence[object]) -> str:
    """A digest of what can be written as JSON; of the rules of text and the format of the files as well."""
    return sha256(json.dumps([FORMAT, RULES, *parts]).encode()).hexdigest()


def _digest_of_teacher(teacher: Checkpoint) -> str:
    parts = [_digested(teacher.run().config)]
    for name in TEACHER_FILES:
        path = teacher.folder / name
        if path.exists():
            with path.open("rb") as stream:
                parts.append([name, file_digest(stream, "sha256").hexdigest()])
    return digest_of(parts)


def _digested(config: RunConfig) -> Any:
    """The config as plain data, without options that are off and younger than soft targets which are kept."""
    data = unstructure(config)
    for name in ("everyday", "written"):
        if not data[name]["utterances"]:
            del data[name]
    for swap in (data["swap"], data["distil"]["swap"]):
        if not swap["outside"]:
            del swap["outside"]
    if config.data.contradictions == "keep":
        del data["data"]["contradictions"]
    return data


def _only_largest(values_RC: Halves, number: int | None) -> Halves:
    """The largest entries of each row, the first of equal ones, the others at NONE."""
    if number is None or number >= values_RC.shape[-1]:
        return values_RC
    places_RK = _places_of_largest(values_RC, number)
    kept_RC = np.full_like(values_RC, NONE)
    np.put_along_axis(kept_RC, places_RK, np.take_along_axis(values_RC, places_RK, axis=-1), axis=-1)
    return kept_RC


def _places_of_largest(values_RC: Halves, number: int) -> NDArray[np.intp]:
    places_RC: NDArray[np.intp] = np.argsort(-values_RC.astype(np.float32), axis=-1, kind="stable")
    return places_RC[..., :number]


def _packed(targets: Sequence[SoftTarget], top: TopK) -> dict[str, Any]:
    arrays = {"lengths_B": np.array([len(target.emissions_TK) for target in targets], dtype=np.int32)}
    rows = {
        "intents": (np.stack([target.log_probs_I for target in targets]), top.intents),
        "tags": (np.concatenate([target.emissions_TK for target in targets]), top.tags),
    }
    for name, (values_RC, number) in rows.items():
        if number is None or number >= values_RC.shape[1]:
            arrays[name] = values_RC
            continue
        places_RK = _places_of_largest(values_RC, number)
        arrays[name] = np.take_along_axis(values_RC, places_RK, axis=1)
        arrays[f"{name}_places"] = places_RK.astype(np.uint16)
        arrays[f"{name}_of"] = np.array(values_RC.shape[1], dtype=np.int32)
    return arrays


def _unpacked(arrays: Any) -> list[SoftTarget]:
    rows: dict[str, Halves] = {}
    for name in ("intents", "tags"):
        values_RK = rows[name] = arrays[name]
        if f"{name}_places" in arrays:
            rows[name] = np.full((len(values_RK), int(arrays[f"{name}_of"])), NONE, dtype=np.float16)
            places_RK = arrays[f"{name}_places"].astype(np.intp)
            np.put_along_axis(rows[name], places_RK, values_RK, axis=1)
    ends = np.cumsum(arrays["lengths_B"])[:-1]
    emissions = np.split(rows["tags"], ends)
    return [SoftTarget(*pair) for pair in zip(rows["intents"], emissions, strict=True)]
