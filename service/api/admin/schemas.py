"""The wire format of administration: what an edit asks for, and what is shown of versions and processes."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError

from polyparse.bundle import state as states
from polyparse.bundle.manifest import is_folder_name
from polyparse.bundle.release import Named, Wanted
from polyparse.bundle.state import DesiredState
from polyparse.bundle.status import ProcessStatus, Reason, StateName, Verdict, VersionStatus
from polyparse.schema import unstructure
from service.administration import Fleet, HeldVersion

LONGEST_VERSION = 255
"""Bytes of a folder's name."""
DIGEST = re.compile("[0-9a-f]{64}")


def _version_name(text: str) -> str:
    if not is_folder_name(text) or len(text.encode()) > LONGEST_VERSION:
        raise PydanticCustomError("version_name", "Input should be the name of a version's folder")
    return text


def _sha256(text: str) -> str:
    if not DIGEST.fullmatch(text):
        raise PydanticCustomError("digest", "Input should be a sha256 in 64 hexadecimal digits of lower case")
    return text


def _reason_text(text: str) -> str:
    if not states.is_reason(text):
        raise PydanticCustomError("reason", "Input should be a text that says something")
    return text


VersionName = Annotated[str, AfterValidator(_version_name)]
Digest = Annotated[str, AfterValidator(_sha256)]
ReasonText = Annotated[str, Field(max_length=states.LONGEST_REASON), AfterValidator(_reason_text)]
STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class StableWanted(BaseModel):
    """A version, and the digest that it must have, where that matters."""

    model_config = STRICT

    version: VersionName
    digest: Digest | None = None

    @property
    def named(self) -> Named:
        """What a release takes."""
        return Named(self.version, self.digest)


class CanaryWanted(StableWanted):
    """A version that answers `percent` of the requests."""

    percent: Annotated[float, Field(ge=0, le=100)]


class ShadowWanted(StableWanted):
    """A version that parses a `share` of the requests after they are answered."""

    share: Annotated[float, Field(ge=0, le=1)]


class StateWanted(BaseModel):
    """The state as a whole: a canary or a shadow that is null, or left out, ends."""

    model_config = STRICT

    stable: StableWanted
    canary: CanaryWanted | None = None
    shadow: ShadowWanted | None = None
    reason: ReasonText | None = None

    @property
    def wanted(self) -> Wanted:
        """What a release takes."""
        canary = None if self.canary is None else (self.canary.named, self.canary.percent)
        shadow = None if self.shadow is None else (self.shadow.named, self.shadow.share)
        return Wanted(self.stable.named, canary, shadow)


class RollbackRequest(BaseModel):
    """Why; it may be left out, with the whole body."""

    model_config = STRICT

    reason: ReasonText | None = None


class StateDocument(BaseModel):
    """The state, as state.json has it but for its schema."""

    generation: int
    stable: dict[str, Any]
    previous: dict[str, Any] | None
    canary: dict[str, Any] | None
    shadow: dict[str, Any] | None
    change: dict[str, Any] | None

    @classmethod
    def of(cls, state: DesiredState) -> "StateDocument":
        """The document of a state."""
        return cls.model_validate(unstructure(state))


class VersionDocument(BaseModel):
    """A version in a process; `leases` are the requests that hold it, null for what another process says of itself."""

    version: str
    digest: str
    state: StateName
    reason: Reason | None
    verdict: Verdict | None
    leases: int | None

    @classmethod
    def of(cls, status: VersionStatus, leases: int | None = None) -> "VersionDocument":
        """The document of a version."""
        return cls(
            version=status.version,
            digest=status.digest,
            state=status.state,
            reason=status.reason,
            verdict=status.verdict,
            leases=leases,
        )


class ProcessDocument(BaseModel):
    """A process that serves; `generation` is that of the state which it follows, `at` when it said so: null is now."""

    host: str
    pid: int
    at: str | None
    generation: int | None
    versions: list[VersionDocument]


class FleetDocument(BaseModel):
    """What is wished, and what each process serves; `state_error` says why a state cannot be read."""

    model: str
    state: StateDocument | None
    state_error: Reason | None
    process: ProcessDocument
    others: list[ProcessDocument]

    @classmethod
    def of(cls, fleet: Fleet) -> "FleetDocument":
        """The document of a fleet."""
        error = fleet.state_error
        return cls(
            model=fleet.model,
            state=None if fleet.state is None else StateDocument.of(fleet.state),
            state_error=None if error is None else Reason(error.code, str(error)),
            process=ProcessDocument(
                host=fleet.host,
                pid=fleet.pid,
                at=None,
                generation=fleet.generation,
                versions=[_held(each) for each in fleet.versions],
            ),
            others=[_other(each) for each in fleet.others],
        )


class DisagreementsDocument(BaseModel):
    """The last utterances on which the shadow answered otherwise; without --log-text none has its text."""

    disagreements: list[Any]


def _held(held: HeldVersion) -> VersionDocument:
    return VersionDocument.of(held.status, held.leases)


def _other(status: ProcessStatus) -> ProcessDocument:
    return ProcessDocument(
        host=status.host,
        pid=status.pid,
        at=status.at,
        generation=status.generation,
        versions=[VersionDocument.of(each) for each in status.versions],
    )
