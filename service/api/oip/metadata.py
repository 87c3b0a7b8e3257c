"""OIP for everybody: is the server live, is it ready, what is its model, which of its versions take requests."""

from collections.abc import Mapping, Sequence
from importlib.metadata import version as installed
from typing import Any

from pydantic import BaseModel

from polyparse.errors import PolyparseError
from service.administration import Administration
from service.api.admin.document import DocumentedRoute, Parameter, in_path
from service.api.admin.endpoint import AdminAnswer, AdminHandler, AdminRequest
from service.api.health import Liveness, Readiness
from service.api.oip.schemas import ModelMetadata, ModelReady, ServerLive, ServerMetadata, ServerReady
from service.errors import NothingHere, NotReady, ShuttingDown

NAME = in_path("name", "The model")
VERSION = in_path("version", "A version of it")
ONE, OF_VERSION = "/v2/models/{name}", "/v2/models/{name}/versions/{version}"
TAKE_REQUESTS = ("serving", "ready")
REPOSITORY = "model_repository"
"""Triton's name for the extension."""
NOT_READY = ("not_ready", "shutting_down")
CODES_OF: Mapping[type[BaseModel], tuple[str, ...]] = {
    ServerLive: ("not_live",),
    ServerReady: ("not_found", *NOT_READY),
}
"""What a route may answer in place of this."""
SHOWN = 64
"""Characters of a name in a message."""


def metadata_routes(
    administration: Administration, liveness: Liveness, readiness: Readiness, *, has_repository: bool
) -> Sequence[DocumentedRoute]:
    """The routes, over what this process serves; `has_repository` says whether the verbs of repositories are beside them."""
    answers = MetadataAnswers(
        administration, liveness, readiness, extensions=[REPOSITORY] if has_repository else []
    )
    model, version = (NAME,), (NAME, VERSION)
    return (
        _route("GET", "/v2", answers.server, "What this server is", ServerMetadata),
        _route("GET", "/v2/health/live", answers.live, "Whether the process answers", ServerLive),
        _route("GET", "/v2/health/ready", answers.ready, "Whether requests will be answered", ServerReady),
        _route("GET", ONE, answers.model, "What the model is", ModelMetadata, model),
        _route("GET", OF_VERSION, answers.version, "What a version is", ModelMetadata, version),
        _route(
            "GET", f"{ONE}/ready", answers.model_ready, "Whether the model takes requests", ModelReady, model
        ),
        _route(
            "GET", f"{OF_VERSION}/ready", answers.version_ready, "Whether a version does", ModelReady, version
        ),
        _route("POST", f"{ONE}/infer", answers.infer, "Not here: POST /parse", ModelMetadata, model),
        _route("POST", f"{OF_VERSION}/infer", answers.infer, "Not here: POST /parse", ModelMetadata, version),
    )


class MetadataAnswers:
    """What each route answers, or raises."""

    def __init__(
        self,
        administration: Administration,
        liveness: Liveness,
        readiness: Readiness,
        *,
        extensions: list[str],
    ) -> None:
        self._administration = administration
        self._liveness, self._readiness = liveness, readiness
        self._extensions = extensions

    async def server(self, _: AdminRequest) -> AdminAnswer:
        """The server's name, version and extensions."""
        return AdminAnswer(ServerMetadata(version=installed("polyparse"), extensions=self._extensions))

    async def live(self, _: AdminRequest) -> AdminAnswer:
        """As /health/live."""
        self._liveness.check()
        return AdminAnswer(ServerLive())

    async def ready(self, _: AdminRequest) -> AdminAnswer:
        """As /health/ready."""
        await self._readiness.check()
        return AdminAnswer(ServerReady())

    async def model(self, asked: AdminRequest) -> AdminAnswer:
        """The model and its versions that take requests."""
        name = named(self._administration, asked)
        return AdminAnswer(ModelMetadata(name=name, versions=_versions(self._administration)))

    async def version(self, asked: AdminRequest) -> AdminAnswer:
        """One of them."""
        name = named(self._administration, asked)
        _check_takes_requests(self._administration, asked.path["version"])
        return AdminAnswer(ModelMetadata(name=name, versions=[asked.path["version"]]))

    async def model_ready(self, asked: AdminRequest) -> AdminAnswer:
        """As /health/ready, for the model of this name."""
        name = named(self._administration, asked)
        await self._readiness.check()
        return AdminAnswer(ModelReady(name=name))

    async def version_ready(self, asked: AdminRequest) -> AdminAnswer:
        """The version is loaded and takes requests."""
        name = named(self._administration, asked)
        if self._readiness.draining:
            raise ShuttingDown("found the service shutting down, expected it to serve")
        _check_takes_requests(self._administration, asked.path["version"])
        return AdminAnswer(ModelReady(name=name))

    async def infer(self, asked: AdminRequest) -> AdminAnswer:
        """Nothing: it says where to go."""
        named(self._administration, asked)
        raise NothingHere(
            "found an inference by tensors, expected POST /parse: text in, a frame out, in JSON"
        )


def named(administration: Administration, asked: AdminRequest) -> str:
    """The name of the model, which the path must have; NothingHere where it has another."""
    if asked.path["name"] != administration.name:
        raise NothingHere(
            f"found a path to model {asked.path['name'][:SHOWN]!r}, expected {administration.name!r}"
        )
    return administration.name


def told(error: PolyparseError) -> Mapping[str, Any]:
    """What OIP's clients read of a problem: a message, and that something is not ready."""
    members: dict[str, Any] = {"error": str(error)}
    return members | {"ready": False} if error.code in NOT_READY else members


def _route(
    method: str,
    path: str,
    handler: AdminHandler,
    summary: str,
    response: type[BaseModel],
    parameters: Sequence[Parameter] = (),
) -> DocumentedRoute:
    codes = CODES_OF.get(response, ("not_found", *NOT_READY) if parameters else ())
    return DocumentedRoute(
        method, path, handler, summary, response, codes, parameters=parameters, members=told
    )


def _versions(administration: Administration) -> list[str]:
    return sorted({each.status.version for each in administration.held if each.status.state in TAKE_REQUESTS})


def _check_takes_requests(administration: Administration, version: str) -> None:
    """Raise NotReady for a version that takes no requests here yet, or any more, NothingHere for one that is not here."""
    states = [each.status.state for each in administration.held if each.status.version == version]
    if any(state in TAKE_REQUESTS for state in states):
        return
    if states:
        raise NotReady(f"found version {version!r} {states[0]}, expected it to be ready")
    versions = ", ".join(_versions(administration)) or "none"
    raise NothingHere(f"found a path to version {version[:SHOWN]!r}, expected one that is loaded: {versions}")
