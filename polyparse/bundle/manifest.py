"""The manifest of a bundle: what the model knows, which files hold it, and where it comes from.

Reading is strict: a key or a value that the schema does not know is refused, and so is a name of a file that is not listed.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path, PurePosixPath
from typing import Literal

from polyparse.bundle.upgrade import upgraded
from polyparse.contract.labels import Labels
from polyparse.errors import ConfigError, ManifestInvalid, SchemaTooNew
from polyparse.inference.calibration import Calibration
from polyparse.inference.ood import OodScore
from polyparse.inference.routing import Routing
from polyparse.schema import structure, unstructure

FILE = "manifest.json"
SCHEMA_VERSION = 2
"""The schema that is written; `polyparse.bundle.upgrade` converts earlier ones to it."""
DEVICES = ("cpu", "cuda")
DECODE_HEADS: Mapping[str, str] = {
    "viterbi": "linear-chain CRF, decoded exactly by Viterbi; marginals by forward-backward",
    "ain": "approximate inference network (AIN): mean field, unrolled for a fixed number of iterations",
    "softmax": "each tag by itself (softmax)",
}
"""How a decode graph finds its path, by name and in words."""


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """An input or output of a graph; an axis of the shape is a size, or the letter of one that varies."""

    name: str
    dtype: str
    shape: tuple[int | str, ...]


@dataclass(frozen=True, kw_only=True)
class GraphSignature:
    """The inputs and outputs of one graph, in its order."""

    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]


@dataclass(frozen=True, kw_only=True)
class Graphs:
    """The graph files of one network on one device; without `embed`, the score graph computes the word vectors itself.

    `layout` is the score graph's: "packed" lays tokens end to end and does no work for padding, "padded" fills sequences up
    to the longest; with None the graph's own metadata says which, as in schema 1.
    """

    score: str
    decode: str
    embed: str | None = None
    layout: Literal["padded", "packed"] | None = None


@dataclass(frozen=True, kw_only=True)
class Network:
    """One joint network: the domains it answers for, its intents and tags in the order of its outputs."""

    name: str
    domains: tuple[str, ...]
    intents: tuple[str, ...]
    tags: tuple[str, ...]
    graphs: Mapping[str, Graphs]


@dataclass(frozen=True, kw_only=True)
class TextFiles:
    """Files that turn text into arrays; `features` is None for a model without a domain classifier.

    With `token_features`, score graphs read features of tokens in place of words. With `case_marks`, the characters of a
    word begin with the mark of its case; with `read_numbers`, digits are looked up by the words that say them.
    `training_text` is what an out-of-domain score compares with, `foreign` weighs words for it; screens refuse by
    `languages` and `negation`. What is not `listed` may be misspelled. Golden frames are of the rules of text `rules`.
    """

    vocabulary: str
    features: str | None
    token_features: str | None = None
    training_text: str | None = None
    foreign: str | None = None
    languages: str | None = None
    negation: str | None = None
    listed: str | None = None
    rules: int = 1
    case_marks: bool = False
    read_numbers: bool = False


@dataclass(frozen=True, kw_only=True)
class FileRecord:
    """Size in bytes, and sha256 in lower-case hexadecimal."""

    size: int
    sha256: str


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Where the model comes from; `config` is the whole config of the run that trained it.

    `training_minutes` are processor time, at most, of that run and of all that it builds on; None where not known.
    """

    data: str
    licence: str
    recipe: str
    config: Mapping[str, object]
    git_commit: str
    seed: int
    libraries: Mapping[str, str]
    created: str
    training_minutes: float | None = None


@dataclass(frozen=True, kw_only=True)
class Manifest:
    """Everything about a version. Paths are relative to the bundle, with "/"; `files` lists all but the manifest.

    Without `calibration`, confidences are the model's own probabilities. Without `ood` nothing is refused for its domain,
    and without `text.languages` nothing for its language.
    """

    schema_version: int
    name: str
    version: str
    locales: tuple[str, ...]
    labels: Labels
    decode_head: str
    topology: Literal["shared", "per-domain"]
    routing: Routing
    networks: tuple[Network, ...]
    classifier: Mapping[str, str] | None
    tensors: Mapping[str, GraphSignature]
    text: TextFiles
    files: Mapping[str, FileRecord]
    golden: str
    provenance: Provenance
    measures: Mapping[str, Mapping[str, object]]
    calibration: Calibration | None = None
    ood: OodScore | None = None

    def __post_init__(self) -> None:
        """Raise ConfigError where two parts of the manifest disagree."""
        for problem in problems(self):
            raise ConfigError(problem)


def write(manifest: Manifest, bundle: Path) -> None:
    """Write the manifest into its bundle; the same manifest gives the same bytes."""
    text = json.dumps(unstructure(manifest), ensure_ascii=False, indent=1, sort_keys=True)
    bundle.joinpath(FILE).write_text(text + "\n", encoding="utf-8")


def parse(content: bytes, *, file: Path | str) -> Manifest:
    """Read the bytes of a manifest; `file` is named in what is raised.

    Raises:
        SchemaTooNew: a later polyparse wrote it; nothing else about it has been checked then.
        ManifestInvalid: it is not JSON, not of the schema, or at odds with itself.
    """
    try:
        data = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise ManifestInvalid(f"found no JSON: {error}", file=file) from error
    schema = data.get("schema_version") if isinstance(data, dict) else None
    if isinstance(schema, int) and schema > SCHEMA_VERSION:
        raise SchemaTooNew(
            f"found schema_version {schema}, expected at most {SCHEMA_VERSION}: a later polyparse reads it",
            file=file,
        )
    try:
        return structure(Manifest, upgraded(data), where=Path(file).name)
    except ConfigError as error:
        raise ManifestInvalid(str(error), file=file) from error
    except RecursionError as error:
        raise ManifestInvalid(
            "found JSON that is nested too deeply, expected a manifest", file=file
        ) from error


def problems(manifest: Manifest) -> Iterator[str]:
    """Each contradiction between parts of a manifest, as a message; a sound one has none."""
    if manifest.schema_version != SCHEMA_VERSION:
        yield f"schema_version: found {manifest.schema_version}, expected {SCHEMA_VERSION}"
    for key in ("name", "version"):
        if not is_folder_name(value := getattr(manifest, key)):
            yield f"{key}: found {value!r}, expected the name of a folder"
    if not manifest.locales or len(set(manifest.locales)) < len(manifest.locales):
        yield f"locales: found {list(manifest.locales)}, expected at least one, and each once"
    if manifest.decode_head not in DECODE_HEADS:
        yield f"decode_head: found {manifest.decode_head!r}, expected one of {', '.join(DECODE_HEADS)}"
    yield from problems_of_files(manifest)
    yield from problems_of_networks(manifest)
    yield from problems_of_names(manifest)
    yield from problems_of_postprocessing(manifest)


def problems_of_files(manifest: Manifest) -> Iterator[str]:
    """Problems of files: paths out of the bundle, names of files not listed, graphs without tensors, unknown devices."""
    for file in manifest.files:
        if not is_inside(file):
            yield f"files: found {file!r}, expected a path inside the bundle, other than {FILE}"
    for key, file in named_files(manifest):
        if file not in manifest.files:
            yield f"{key}: found {file!r}, expected one of the files listed"
    for file in sorted(graph_files(manifest) - set(manifest.tensors)):
        yield f"tensors: found no {file!r}, expected the inputs and outputs of every graph"
    for key, devices in graph_tables(manifest):
        if not devices or not set(devices) <= set(DEVICES):
            yield f"{key}: found devices {list(devices)}, expected some of {', '.join(DEVICES)}"


def problems_of_networks(manifest: Manifest) -> Iterator[str]:
    """Problems of networks: their number under the topology, classifier and lambda."""
    shared = manifest.topology == "shared"
    expected = 1 if shared else len(manifest.labels.domains)
    if len(manifest.networks) != expected:
        yield f"networks: found {len(manifest.networks)}, expected {expected} for topology {manifest.topology!r}"
    classes = manifest.routing.classifier_classes
    if (manifest.classifier is None) != (classes == "none"):
        yield f"classifier: found {manifest.classifier}, but routing.classifier_classes is {classes!r}"
    if not 0.0 <= manifest.routing.joint_weight <= 1.0:
        yield f"routing.joint_weight: found {manifest.routing.joint_weight}, expected a number from 0 to 1"


def problems_of_names(manifest: Manifest) -> Iterator[str]:
    """Problems of the names of networks, which are those of the labels, all or one domain's, in the same order."""
    is_shared = manifest.topology == "shared"
    domains = range(len(manifest.labels.domains))
    of_networks = [manifest.labels] if is_shared else map(manifest.labels.restrict, domains)
    for i, (network, labels) in enumerate(zip(manifest.networks, of_networks, strict=True)):
        for key in ("domains", "intents", "tags"):
            pairs = zip_longest(getattr(network, key), getattr(labels, key))
            for position, (found, expected) in enumerate(pairs):
                if found != expected:
                    place = f"networks[{i}].{key}[{position}]"
                    yield f"{place}: found {found!r}, expected {expected!r}, in the order of the labels"


def problems_of_postprocessing(manifest: Manifest) -> Iterator[str]:
    """Problems of calibration (locales not served) and of the out-of-domain score (no intents, no file that it reads)."""
    if manifest.calibration is not None and (
        unknown := set(manifest.calibration.locales) - set(manifest.locales)
    ):
        yield f"calibration.locales: found {sorted(unknown)}, expected locales that are served"
    if manifest.ood is not None and not manifest.labels.intents:
        yield "ood: found a score for labels without intents, expected none"
    for key in () if manifest.ood is None else manifest.ood.files_read:
        if getattr(manifest.text, key) is None:
            yield f"text.{key}: found none, expected a file, for the out-of-domain score reads it"


def graph_tables(manifest: Manifest) -> Iterator[tuple[str, Mapping[str, object]]]:
    """Every mapping from device to graph, with its key in the manifest."""
    for i, network in enumerate(manifest.networks):
        yield f"networks[{i}].graphs", network.graphs
    if manifest.classifier is not None:
        yield "classifier", manifest.classifier


def graph_files(manifest: Manifest) -> set[str]:
    """Every file that is a graph."""
    networks = [graphs for network in manifest.networks for graphs in network.graphs.values()]
    files = {file for graphs in networks for file in (graphs.score, graphs.decode, graphs.embed)}
    return {file for file in files | set((manifest.classifier or {}).values()) if file is not None}


def named_files(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Every mention of a file, with the key that mentions it."""
    yield "golden", manifest.golden
    yield from ((f"text.{key}", file) for key, file in vars(manifest.text).items() if isinstance(file, str))
    yield from (("tensors", file) for file in manifest.tensors)
    yield from ((f"classifier.{device}", file) for device, file in (manifest.classifier or {}).items())
    for i, network in enumerate(manifest.networks):
        for device, graphs in network.graphs.items():
            yield f"networks[{i}].graphs.{device}.score", graphs.score
            yield f"networks[{i}].graphs.{device}.decode", graphs.decode
            if graphs.embed is not None:
                yield f"networks[{i}].graphs.{device}.embed", graphs.embed


def is_folder_name(name: str) -> bool:
    """Whether a name can be a folder of its own: one part, no separator, not hidden, and all of it can be seen."""
    is_one_part = bool(name) and PurePosixPath(name).name == name and "\\" not in name
    return is_one_part and not name.startswith(".") and name.isprintable()


def is_inside(file: str) -> bool:
    """Whether a relative path stays inside the bundle, is normalised, and is not the manifest."""
    path = PurePosixPath(file)
    return str(path) == file != FILE and not path.is_absolute() and ".." not in path.parts and file != "."
