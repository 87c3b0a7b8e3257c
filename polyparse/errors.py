"""Every error that polyparse raises on purpose: one tree, each leaf one cause with one stable code.

PolyparseError
├── InputError                  this utterance cannot be parsed; others can
│   ├── EmptyText               empty_text
│   ├── BlankText               blank_text
│   ├── TextTooLong             text_too_long
│   ├── ControlCharacter        control_character
│   ├── LoneSurrogate           lone_surrogate
│   └── UnknownLocale           unknown_locale
├── DataError                   a data file is wrong at a line
│   └── CorpusError             corpus_error
├── ConfigError                 config_error
├── BundleError                 a file of a bundle, or of a folder of bundles, is wrong
│   ├── BundleNotFound          bundle_not_found
│   ├── StateInvalid            state_invalid
│   ├── StateChanged            state_changed
│   ├── StateLocked             state_locked
│   ├── CandidateServes         candidate_serves
│   ├── ManifestInvalid         manifest_invalid
│   ├── SchemaTooNew            schema_too_new
│   ├── TextRulesDiffer         text_rules_differ
│   ├── FileMissing             file_missing
│   ├── FileUnlisted            file_unlisted
│   ├── ChecksumMismatch        checksum_mismatch
│   ├── DigestMismatch          digest_mismatch
│   ├── GraphInvalid            graph_invalid
│   ├── GoldenMismatch          golden_mismatch
│   ├── GateFailed              gate_failed
│   ├── SignatureInvalid        signature_invalid
│   └── RepositoryError         a repository, or the cache of its bundles, does not do what is asked of it
│       ├── RepositoryUnreachable   repository_unreachable
│       ├── AccessDenied        access_denied
│       ├── EditsUnsafe         edits_unsafe
│       ├── VersionTaken        version_taken
│       ├── NotFetched          not_fetched
│       ├── FetchCancelled      fetch_cancelled
│       ├── CacheBusy           cache_busy
│       └── DiskShort           disk_short
├── DeviceUnavailable           device_unavailable
├── DeviceLost                  device_lost
└── ModelRunFailed              model_run_failed

A message says what was found, what was expected, and where. Branches are for catching, leaves for raising.
"""
# ruff: noqa: N818 - a leaf is named after its cause; the tree already says that it is an error.

from pathlib import Path
from typing import ClassVar

from polyparse.visible import visible


class PolyparseError(Exception):
    """The root: catch it to catch everything that polyparse refuses on purpose."""

    code: ClassVar[str]
    version: str = ""
    """The version of a model that failed so, where that is known."""

    def __str__(self) -> str:
        """The message, on one line, with escapes for what the eye cannot see or cannot tell apart."""
        return visible(super().__str__())


class InputError(PolyparseError):
    """One utterance, or a request about it, cannot be answered."""


class EmptyText(InputError):
    """The text has no characters."""

    code = "empty_text"


class BlankText(InputError):
    """The text has characters, but no token."""

    code = "blank_text"


class TextTooLong(InputError):
    """The text has more characters than the limit."""

    code = "text_too_long"


class ControlCharacter(InputError):
    """The text holds a control character other than tab and line ends."""

    code = "control_character"


class LoneSurrogate(InputError):
    """The text holds half of a surrogate pair, so that it has no UTF-8 form."""

    code = "lone_surrogate"


class UnknownLocale(InputError):
    """No locale of this language is served."""

    code = "unknown_locale"


class DataError(PolyparseError):
    """A data file is wrong; the message starts with `path:line:`, or `path:` if the whole file is meant."""

    def __init__(self, message: str, *, path: Path, line: int | None = None) -> None:
        place = f"{path}" if line is None else f"{path}:{line}"
        super().__init__(f"{place}: {message}")
        self.path = path
        self.line = line


class CorpusError(DataError):
    """A corpus does not follow its format."""

    code = "corpus_error"


class ConfigError(PolyparseError, ValueError):
    """A configuration has an unknown key, a missing one, or a bad value; the message names key and value."""

    code = "config_error"


class BundleError(PolyparseError):
    """A bundle is refused; the message starts with the file at fault, once, also where `message` names it already."""

    def __init__(self, message: str, *, file: Path | str) -> None:
        self.file = Path(file)
        super().__init__(f"{file}: {message.removeprefix(f'{self.file.name}: ')}")


class BundleNotFound(BundleError):
    """The folder holds no bundle, or not the one asked for."""

    code = "bundle_not_found"


class StateInvalid(BundleError):
    """state.json, which names the version that serves, or a file that goes with it, cannot be read."""

    code = "state_invalid"


class StateChanged(BundleError):
    """state.json is not the one any more that an edit was decided on: another edit came between."""

    code = "state_changed"


class StateLocked(BundleError):
    """Another edit of state.json goes on, and does not end."""

    code = "state_locked"


class CandidateServes(BundleError):
    """A candidate stands in the way of an edit, or is the stable version itself."""

    code = "candidate_serves"


class ManifestInvalid(BundleError):
    """The manifest is not JSON, or not of its schema."""

    code = "manifest_invalid"


class SchemaTooNew(BundleError):
    """The manifest was written by a later polyparse."""

    code = "schema_too_new"


class TextRulesDiffer(BundleError):
    """The bundle was recorded under other rules of cutting text than those of this polyparse."""

    code = "text_rules_differ"


class FileMissing(BundleError):
    """The manifest lists a file that is not there."""

    code = "file_missing"


class FileUnlisted(BundleError):
    """A file is there that the manifest does not list."""

    code = "file_unlisted"


class ChecksumMismatch(BundleError):
    """A file's size or sha256 is not the one that the manifest lists."""

    code = "checksum_mismatch"


class DigestMismatch(BundleError):
    """The manifest's own sha256 is not the digest expected."""

    code = "digest_mismatch"


class GraphInvalid(BundleError):
    """A graph's bytes are as listed, but the installed runtime cannot load them."""

    code = "graph_invalid"


class GoldenMismatch(BundleError):
    """The bundle answers a golden utterance differently from the model it was made from."""

    code = "golden_mismatch"


class GateFailed(BundleError):
    """A bundle about to be written does not pass a gate."""

    code = "gate_failed"


class SignatureInvalid(BundleError):
    """The bundle bears no signature by the key that is asked for, or was changed after it was signed."""

    code = "signature_invalid"


class RepositoryError(BundleError):
    """A repository of models, or the cache of its bundles, does not do what is asked of it; `file` names the place."""


class RepositoryUnreachable(RepositoryError):
    """The repository does not answer, or answers with a failure of its own."""

    code = "repository_unreachable"


class AccessDenied(RepositoryError):
    """The repository, or the cache's folder, refuses us: keys are missing or wrong, or allow less."""

    code = "access_denied"


class EditsUnsafe(RepositoryError):
    """The store has no conditional put, or ignores its condition: two edits could overwrite each other unseen."""

    code = "edits_unsafe"


class VersionTaken(RepositoryError):
    """A version of this name is there, and is another bundle."""

    code = "version_taken"


class NotFetched(RepositoryError):
    """The version that shall serve is not on this machine yet; the message says what it waits for."""

    code = "not_fetched"


class FetchCancelled(RepositoryError):
    """A bundle was not wished any more while it was fetched."""

    code = "fetch_cancelled"


class CacheBusy(RepositoryError):
    """Another process holds a part of the cache, and does not end."""

    code = "cache_busy"


class DiskShort(RepositoryError):
    """A bundle does not fit on the disk, or within the bound of the cache, beside what is wanted or held."""

    code = "disk_short"


class DeviceUnavailable(PolyparseError):
    """The device asked for is not on this machine, or the installed runtime cannot use it."""

    code = "device_unavailable"


class DeviceLost(PolyparseError):
    """The device runs nothing more in this process, whatever it is asked: only a new process can use it again."""

    code = "device_lost"


class ModelRunFailed(PolyparseError):
    """A network raised, or its output has a wrong shape or values that are no numbers."""

    code = "model_run_failed"
