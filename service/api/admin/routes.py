"""GET /admin/versions, PUT /admin/state, POST /admin/rollback, GET /admin/disagreements."""

from collections.abc import Sequence

from polyparse.bundle.state import DesiredState
from polyparse.schema import unstructure
from service.administration import Administration
from service.api.admin.conditions import name_of, needed_generation_of
from service.api.admin.document import EDIT, READ, DocumentedRoute, header
from service.api.admin.endpoint import AdminAnswer, AdminRequest
from service.api.admin.schemas import (
    DisagreementsDocument,
    FleetDocument,
    RollbackRequest,
    StateDocument,
    StateWanted,
)
from service.state_edits import Asker

IF_MATCH = header("If-Match", "The ETag of the state on which the edit was decided", required=True)
CHANGED_BY = header("X-Changed-By", "Who asks, for the history")
WANTED = {
    "stable": {"version": "1.8.0-viterbi"},
    "canary": {"version": "1.8.0-ain", "percent": 5.0},
    "shadow": None,
    "reason": "try AIN on one request in twenty",
}


def admin_routes(administration: Administration) -> Sequence[DocumentedRoute]:
    """The routes, over the use case."""

    async def versions(_: AdminRequest) -> AdminAnswer:
        fleet = await administration.fleet()
        is_followed = fleet.state_error is None and administration.follows_state
        generation = 0 if fleet.state is None else fleet.state.generation
        return AdminAnswer(FleetDocument.of(fleet), generation if is_followed else None)

    async def put(asked: AdminRequest) -> AdminAnswer:
        generation, name = needed_generation_of(asked.headers), name_of(asked.headers)
        body = await asked.body(StateWanted)
        return edited(await administration.put(body.wanted, Asker(name, body.reason, generation)))

    async def rollback(asked: AdminRequest) -> AdminAnswer:
        generation, name = needed_generation_of(asked.headers), name_of(asked.headers)
        body = await asked.body(RollbackRequest)
        return edited(await administration.rollback(Asker(name, body.reason, generation)))

    async def disagreements(_: AdminRequest) -> AdminAnswer:
        found = [unstructure(each) for each in administration.disagreements()]
        return AdminAnswer(DisagreementsDocument(disagreements=found))

    edit_codes = EDIT | {"precondition_required", "candidate_serves"}
    return (
        DocumentedRoute(
            "GET",
            "/admin/versions",
            versions,
            "What is wished, and what each process serves",
            FleetDocument,
            READ,
        ),
        DocumentedRoute(
            "PUT",
            "/admin/state",
            put,
            "Say which versions serve",
            StateDocument,
            edit_codes,
            request=StateWanted,
            example=WANTED,
            parameters=(IF_MATCH, CHANGED_BY),
        ),
        DocumentedRoute(
            "POST",
            "/admin/rollback",
            rollback,
            "Let the version serve again that did before",
            StateDocument,
            edit_codes | {"bundle_not_found"},
            request=RollbackRequest,
            example={"reason": "intents of alarms are wrong"},
            parameters=(IF_MATCH, CHANGED_BY),
        ),
        DocumentedRoute(
            "GET",
            "/admin/disagreements",
            disagreements,
            "On what a shadow answered otherwise",
            DisagreementsDocument,
            {"internal_error"},
        ),
    )


def edited(state: DesiredState) -> AdminAnswer:
    """The answer to an edit: the state that holds now."""
    return AdminAnswer(StateDocument.of(state), state.generation)
