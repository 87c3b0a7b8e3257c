"""OIP's extension for repositories: list the versions, let one serve (load), try a candidate no more (unload).

Triton's client can name no version, but its names of models may hold a path: `load_model("massive/versions/1.8.0-ain")`.
"""

from collections.abc import Sequence

from polyparse.bundle.status import StateName
from service.administration import Administration, RepositoryVersion
from service.api.admin.conditions import generation_of, name_of
from service.api.admin.document import EDIT, READ, DocumentedRoute, Parameter
from service.api.admin.endpoint import AdminAnswer, AdminHandler, AdminRequest
from service.api.admin.routes import CHANGED_BY, edited
from service.api.admin.schemas import StateDocument
from service.api.oip.metadata import NAME, VERSION, named, told
from service.api.oip.schemas import (
    IndexEntry,
    IndexRequest,
    LoadParameters,
    LoadRequest,
    RepositoryIndex,
    RepositoryState,
    UnloadRequest,
)
from service.errors import FieldFault, InvalidValue
from service.state_edits import Asker

STATES: dict[StateName | None, RepositoryState] = {
    "serving": "READY",
    "ready": "READY",
    "loading": "LOADING",
    "retired": "UNLOADING",
    "failed": "UNAVAILABLE",
    None: "UNAVAILABLE",
}
"""What this process does with a version, None where it does nothing -> Triton's word for it."""


def repository_routes(administration: Administration) -> Sequence[DocumentedRoute]:
    """The routes, over the use case."""

    async def index(asked: AdminRequest) -> AdminAnswer:
        body = await asked.body(IndexRequest)
        entries = [_entry(administration.name, each) for each in await administration.listed()]
        return AdminAnswer(
            RepositoryIndex([each for each in entries if each.state == "READY" or not body.ready])
        )

    async def load(asked: AdminRequest) -> AdminAnswer:
        named(administration, asked)
        version = _version(asked, (await asked.body(LoadRequest)).parameters)
        return edited(await administration.load(version, _asker(asked)))

    async def unload(asked: AdminRequest) -> AdminAnswer:
        named(administration, asked)
        version = _version(asked, (await asked.body(UnloadRequest)).parameters)
        return edited(await administration.unload(version, _asker(asked)))

    one = "/v2/repository/models/{name}"
    places: tuple[tuple[str, tuple[Parameter, ...]], ...] = (
        (one, (NAME, CHANGED_BY)),
        (f"{one}/versions/{{version}}", (NAME, VERSION, CHANGED_BY)),
    )
    return (
        DocumentedRoute(
            "POST",
            "/v2/repository/index",
            index,
            "Every version, and what this process does with it",
            RepositoryIndex,
            READ,
            request=IndexRequest,
            members=told,
        ),
        *(_load(path, load, parameters) for path, parameters in places),
        *(_unload(path, unload, parameters) for path, parameters in places),
    )


def _load(path: str, handler: AdminHandler, parameters: Sequence[Parameter]) -> DocumentedRoute:
    return DocumentedRoute(
        "POST",
        f"{path}/load",
        handler,
        "Let a version serve",
        StateDocument,
        EDIT | {"not_found"},
        request=LoadRequest,
        parameters=parameters,
        members=told,
    )


def _unload(path: str, handler: AdminHandler, parameters: Sequence[Parameter]) -> DocumentedRoute:
    return DocumentedRoute(
        "POST",
        f"{path}/unload",
        handler,
        "Try a canary or a shadow no more",
        StateDocument,
        EDIT | {"not_found", "bundle_not_found", "version_serves"},
        request=UnloadRequest,
        parameters=parameters,
        members=told,
    )


def _version(asked: AdminRequest, parameters: LoadParameters | None) -> str | None:
    """The version of the path or of the parameters; InvalidValue where they differ."""
    in_path = asked.path.get("version")
    in_body = None if parameters is None else parameters.version
    if in_path is not None and in_body is not None and in_path != in_body:
        fault = FieldFault("/parameters/version", f"found {in_body!r}, expected {in_path[:64]!r} of the path")
        raise InvalidValue([fault])
    return in_path if in_body is None else in_body


def _asker(asked: AdminRequest) -> Asker:
    """OIP's clients know no generations; who sends one decides on it."""
    return Asker(name_of(asked.headers), generation=generation_of(asked.headers))


def _entry(name: str, listed: RepositoryVersion) -> IndexEntry:
    held = listed.held
    reason = "" if held is None or held.reason is None else held.reason.message
    return IndexEntry(
        name=name, version=listed.version, state=STATES[held.state if held else None], reason=reason
    )
