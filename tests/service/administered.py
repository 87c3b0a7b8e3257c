"""A service over a fake parser whose model has a real folder, with real bundles in it and a real state."""

from __future__ import annotations

from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from threading import Event
from typing import TYPE_CHECKING, Any, NamedTuple

import httpx

from polyparse.bundle import release, store
from polyparse.bundle import state as states
from polyparse.bundle.model import FolderModel
from polyparse.bundle.release import Edit
from polyparse.runtime.load import load
from service.administration import Administration
from tests.bundles import write_bundle
from tests.service.fakes import BOUND_S
from tests.service.serving import serving

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping
    from pathlib import Path

    from polyparse.bundle.state import DesiredState
    from polyparse.bundle.store import Located
    from tests.service.serving import Serving

AT = "2026-01-01T12:00:00+00:00"
TOKEN = "planted-2f6c1a9d"  # noqa: S105 - it is to be found where it leaks
PARTS = {"edit_timeout_s", "others", "disagreements"}
"""What is of the administration, and no setting."""
STRANGE = {
    "up": "..",
    "up, escaped": "%2e%2e",
    "a slash, escaped": "words%2f1",
    "a way out": "..%2f..%2fetc%2fpasswd",
    "a zero": "words%00",
    "no UTF-8": "%ff%fe",
    "long": "a" * 20_000,
    "a space": "%20",
    "another": "word",
}
"""Parts of a path that name no model and no version."""


@dataclass
class RealCheck:
    """Loads each bundle and compares its golden frames, in this process, once it may."""

    may: Event = field(default_factory=Event)
    began: Event = field(default_factory=Event)
    checked: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.may.set()

    def __call__(self, bundle: Located, is_cancelled: Event) -> None:
        self.began.set()
        assert self.may.wait(BOUND_S), "nobody let the check go on"
        load(bundle.bundle, digest=bundle.digest, device="cpu").check_golden()
        self.checked.append(bundle.bundle.name)


class Site(NamedTuple):
    """The service, a client of its admin port where there is one, else of the port for all, and the model's folder."""

    s: Serving
    client: httpx.AsyncClient
    model: Path
    check: RealCheck
    administration: Administration

    def state(self) -> DesiredState:
        """The state as it stands."""
        state = states.read(self.model)
        assert state is not None
        return state

    def digest(self, version: str) -> str:
        """The digest of a version."""
        return store.digest(self.model / version)

    async def put(
        self, body: object, generation: int | str | None = 1, *, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        """PUT a state that was decided on a generation."""
        condition = {} if generation is None else {"if-match": f'"{generation}"'}
        return await self.client.put("/admin/state", json=body, headers={**condition, **(headers or {})})


@asynccontextmanager
async def administered(folder: Path, versions: str = "123", **settings: Any) -> AsyncIterator[Site]:
    """Serve version 1 of "words", whose state is of generation 1, with an admin port unless there are tokens."""
    model = folder / "words"
    for version in versions:
        write_bundle(model / version)
    release.promote(model, "1", Edit(release.decide_on(model), "ann", AT))
    check = RealCheck()
    parts = {"edit_timeout_s": BOUND_S} | {name: settings.pop(name) for name in PARTS & settings.keys()}
    chosen = {"admin_port": 0} | settings if "admin_token_file" not in settings else settings
    administration = Administration(FolderModel(model), check=check, **parts)
    async with serving(administration=administration, **chosen) as s:
        asgi = s.service.admin or s.service.asgi
        transport = httpx.ASGITransport(asgi, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://admin") as client:
            yield Site(s, client, model, check, administration)


def problem(answer: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem."""
    assert answer.headers["content-type"] == "application/problem+json", answer.text
    return answer.status_code, answer.json()["code"]
