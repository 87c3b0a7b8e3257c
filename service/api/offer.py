"""What an application offers of administration and OIP: that of all, behind tokens or not at all; that of the admin port."""

from typing import NamedTuple

from fastapi import FastAPI

from service.administration import Administration
from service.api.admin.document import add
from service.api.admin.endpoint import AdminContext
from service.api.admin.gate import Gate
from service.api.admin.routes import admin_routes
from service.api.health import Liveness, Readiness
from service.api.oip.metadata import metadata_routes
from service.api.oip.repository import repository_routes
from service.tokens import Tokens


class Offered(NamedTuple):
    """What the routes are over; `context` is without a gate."""

    administration: Administration
    liveness: Liveness
    readiness: Readiness
    tokens: Tokens | None
    context: AdminContext


def install(app: FastAPI, offered: Offered, *, with_admin: bool) -> None:
    """Add OIP for everybody and, `with_admin`, what only administrators may do, behind the gate."""
    administration, context = offered.administration, offered.context
    add(
        app,
        metadata_routes(administration, offered.liveness, offered.readiness, has_repository=with_admin),
        context,
    )
    if with_admin:
        guarded = context._replace(gate=Gate(offered.tokens))
        add(app, [*admin_routes(administration), *repository_routes(administration)], guarded)
