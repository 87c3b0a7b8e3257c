"""Only who shows a token of the file may administer; without a file anybody who reaches the admin port may, but no page."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from polyparse.errors import ConfigError
from tests.service.administered import TOKEN, administered, problem
from tests.service.fakes import until
from tests.service.serving import serving

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.anyio

GUARDED = [
    ("GET", "/admin/versions"),
    ("PUT", "/admin/state"),
    ("POST", "/admin/rollback"),
    ("GET", "/admin/disagreements"),
    ("POST", "/v2/repository/index"),
    ("POST", "/v2/repository/models/words/load"),
    ("POST", "/v2/repository/models/words/unload"),
    ("POST", "/v2/repository/models/words/versions/2/load"),
    ("POST", "/v2/repository/models/words/versions/2/unload"),
]
NO_TOKENS = {
    "none": {},
    "another": {"authorization": "Bearer other"},
    "a part": {"authorization": f"Bearer {TOKEN[:-1]}"},
    "more": {"authorization": f"Bearer {TOKEN}x"},
    "nothing": {"authorization": "Bearer "},
    "another scheme": {"authorization": f"Basic {TOKEN}"},
    "no scheme": {"authorization": TOKEN},
    "a comment": {"authorization": "Bearer #"},
}


def bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def write(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")


@pytest.fixture
def tokens(tmp_path: Path) -> Path:
    file = tmp_path / "tokens"
    file.write_text(f"# ann\nfirst-token\n\n  {TOKEN}  \n", encoding="utf-8")
    file.chmod(0o600)
    return file


@pytest.mark.parametrize(("method", "path"), GUARDED)
async def test_every_route_of_administration_asks_for_a_token(
    tmp_path: Path, tokens: Path, method: str, path: str
) -> None:
    async with administered(tmp_path, "12", admin_token_file=tokens) as site:
        for headers in NO_TOKENS.values():
            answer = await site.client.request(method, path, headers=headers)
            assert problem(answer) == (401, "unauthorised")
            assert answer.headers["www-authenticate"] == 'Bearer realm="polyparse"'
        admitted = await site.client.request(method, path, headers=bearer(TOKEN))
        assert admitted.status_code != 401
        assert site.state().generation in {1, 2}


@pytest.mark.parametrize("token", ["first-token", TOKEN])
@pytest.mark.parametrize("port", [None, 0])
async def test_each_token_of_the_file_admits_on_either_port(
    tmp_path: Path, tokens: Path, token: str, port: int | None
) -> None:
    async with administered(tmp_path, "1", admin_token_file=tokens, admin_port=port) as site:
        for scheme in ("Bearer", "bearer", "BEARER"):
            headers = {"authorization": f"{scheme} {token}"}
            assert (await site.client.get("/admin/versions", headers=headers)).status_code == 200
        assert problem(await site.client.get("/admin/versions")) == (401, "unauthorised")
        assert (await site.client.get("/v2/health/live")).status_code == 200


async def test_tokens_change_while_the_service_runs(tmp_path: Path, tokens: Path) -> None:
    async with administered(tmp_path, "1", admin_token_file=tokens) as site:

        async def admits(token: str) -> bool:
            answer = await site.client.get("/admin/versions", headers=bearer(token))
            return answer.status_code == 200

        async def until_admits(token: str, *, expected: bool) -> None:
            found = [not expected]
            while found[-1] is not expected:
                found.append(await admits(token))

        assert await admits(TOKEN)
        write(tokens, "second-token")
        await until_admits("second-token", expected=True)
        assert not await admits(TOKEN)
        write(tokens, "")
        await until_admits("second-token", expected=False)
        write(tokens, "third-token")
        await until_admits("third-token", expected=True)


async def test_a_file_that_cannot_be_used_refuses_to_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"^--admin-token-file: .*nothing: found no way to read it"):
        async with serving(admin_token_file=tmp_path / "nothing"):
            pass


async def test_a_web_page_cannot_administer_where_no_token_is_asked_for(tmp_path: Path) -> None:
    async with administered(tmp_path, "12") as site:
        for origin in ("http://evil.example", "null", "http://admin"):
            answer = await site.client.post("/v2/repository/models/words/load", headers={"origin": origin})
            assert problem(answer) == (401, "unauthorised")


async def test_a_token_stands_in_no_log_no_answer_and_no_metric(
    tmp_path: Path, tokens: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    settings = {"admin_token_file": tokens, "access_log": True}
    async with administered(tmp_path, "12", **settings) as site:
        texts = []
        for headers in (bearer(TOKEN), bearer(TOKEN + "-wrong"), {"authorization": TOKEN}):
            texts += [
                (await site.client.get("/admin/versions", headers=headers)).text,
                (await site.put({"stable": {"version": "2"}}, headers=headers)).text,
                (await site.put({"stable": {"version": 2}}, headers=headers)).text,
            ]
        write(tokens, f"{TOKEN} and a blank")
        await until(lambda: "nobody is admitted" in caplog.text)
        texts.append((await site.client.get("/metrics")).text)
    assert "state edited" in caplog.text
    assert TOKEN not in caplog.text
    assert not [text for text in texts if TOKEN in text]
    assert not [record for record in caplog.records if TOKEN in str(vars(record))]
