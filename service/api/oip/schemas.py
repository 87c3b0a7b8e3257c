"""The documents of the Open Inference Protocol, and of its extension for repositories of models."""

from typing import Annotated, Literal

from pydantic import BaseModel, Field, RootModel

from service.api.admin.schemas import STRICT, VersionName

RepositoryState = Literal["READY", "LOADING", "UNLOADING", "UNAVAILABLE"]


class ServerMetadata(BaseModel):
    """The server."""

    name: Literal["polyparse"] = "polyparse"
    version: str
    extensions: list[str]


class ServerLive(BaseModel):
    """The process answers."""

    live: Literal[True] = True


class ServerReady(BaseModel):
    """The version that serves has just parsed a golden utterance."""

    ready: Literal[True] = True


class ModelReady(BaseModel):
    """The model, or the version that was asked about, takes requests."""

    name: str
    ready: Literal[True] = True


class TensorMetadata(BaseModel):
    """What goes in, or comes out."""

    name: str
    datatype: Literal["BYTES"] = "BYTES"
    shape: list[int] = [1]


class ModelMetadata(BaseModel):
    """The model, and those of its versions that take requests here.

    POST /parse takes `text` and answers with `frame`, both in JSON: there is no inference by tensors.
    """

    name: str
    versions: list[str]
    platform: Literal["polyparse"] = "polyparse"
    inputs: list[TensorMetadata] = [TensorMetadata(name="text")]
    outputs: list[TensorMetadata] = [TensorMetadata(name="frame")]


class IndexRequest(BaseModel):
    """Which versions to list: with `ready` only those that take requests."""

    model_config = STRICT

    ready: bool = False


class IndexEntry(BaseModel):
    """A version in the repository, and what this process does with it."""

    name: str
    version: str
    state: RepositoryState
    reason: str


class RepositoryIndex(RootModel[list[IndexEntry]]):
    """Every version."""


class LoadParameters(BaseModel):
    """Which version; without one it is the one that serves, or a version of the path."""

    model_config = STRICT

    version: VersionName | None = None


class LoadRequest(BaseModel):
    """Let a version serve."""

    model_config = STRICT

    parameters: LoadParameters | None = None


class UnloadParameters(LoadParameters):
    """Which version; nothing depends on a version, so that `unload_dependents` changes nothing."""

    unload_dependents: Annotated[bool, Field(description="sent by Triton's client")] = False


class UnloadRequest(BaseModel):
    """Try a candidate no more."""

    model_config = STRICT

    parameters: UnloadParameters | None = None
