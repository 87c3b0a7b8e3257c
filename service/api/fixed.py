"""What never changes once the routes are there, the OpenAPI document and the pages that show it: made once, when asked for.

To write the document takes a hundred times as long as to send it.
"""

from collections.abc import Awaitable, Callable
from functools import cache, partial

from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

DOCUMENT = "/openapi.json"


def install(app: FastAPI) -> None:
    """Add GET /openapi.json, /docs and /redoc to an application that has none of its own."""
    pages: dict[str, Callable[[], Response]] = {
        DOCUMENT: lambda: JSONResponse(app.openapi()),
        "/docs": partial(get_swagger_ui_html, openapi_url=DOCUMENT, title=f"{app.title} - Swagger UI"),
        "/redoc": partial(get_redoc_html, openapi_url=DOCUMENT, title=f"{app.title} - ReDoc"),
    }
    for path, make in pages.items():
        app.router.add_route(path, _answering(cache(make)), methods=["GET"], include_in_schema=False)


def _answering(made: Callable[[], Response]) -> Callable[[Request], Awaitable[Response]]:
    async def answer(_: Request) -> Response:
        page = made()
        return Response(page.body, media_type=page.media_type)

    return answer
