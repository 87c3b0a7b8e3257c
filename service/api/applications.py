"""The applications of the port that serves and of the admin port, put together from their routes."""

from collections.abc import Iterator, Mapping
from importlib.metadata import version
from typing import NamedTuple

from fastapi import FastAPI
from starlette.types import ASGIApp

from service.api import fixed, health, offer, problems, routes
from service.api.endpoint import Endpoint
from service.api.head import HeadAsGet
from service.api.offer import Offered
from service.api.routes import Exposition


class Applications(NamedTuple):
    """`admin` is None where there is no admin port."""

    serving: ASGIApp
    admin: ASGIApp | None


def applications(
    endpoints: Mapping[str, Endpoint], exposition: Exposition, offered: Offered, ids: Iterator[str]
) -> Applications:
    """Both of them; `endpoints` by path are the fast ones."""
    has_port = offered.context.settings.admin_port is not None
    app = _application(offered, ids)
    routes.install(app, endpoints, exposition)
    health.install(app, offered.liveness, offered.readiness, ids)
    offer.install(app, offered, with_admin=not has_port and offered.tokens is not None)
    admin = HeadAsGet(_admin(exposition, offered, ids)) if has_port else None
    return Applications(routes.FastPath(endpoints, HeadAsGet(app)), admin)


def _admin(exposition: Exposition, offered: Offered, ids: Iterator[str]) -> FastAPI:
    """All but parsing."""
    app = _application(offered, ids)
    routes.install_metrics(app, exposition)
    health.install(app, offered.liveness, offered.readiness, ids)
    offer.install(app, offered, with_admin=True)
    return app


def _application(offered: Offered, ids: Iterator[str]) -> FastAPI:
    app = FastAPI(
        title="polyparse",
        summary="Utterances in, frames out",
        version=version("polyparse"),
        redirect_slashes=False,
        openapi_url=None,
    )
    fixed.install(app)
    problems.install(app, ids, offered.context.metrics.unrouted)
    return app
