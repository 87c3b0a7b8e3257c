"""Triton's own client against a real server: health, metadata and the repository; requirements/integration.txt pins it."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from polyparse.bundle import release
from polyparse.bundle.release import Edit, Named, Wanted
from tests.bundles import write_bundle
from tests.integration.admin_client import admin_of
from tests.integration.server import Server, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs_tools("tritonclient")
AT = "2026-01-01T12:00:00+00:00"


def triton() -> Any:
    """Triton's module."""
    return importlib.import_module("tritonclient.http")


def client_of(address: str) -> Any:
    """Triton's client of a port."""
    return triton().InferenceServerClient(address)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    """Version 1 of three serves, version 2 is a canary."""
    model = tmp_path / "words"
    for version in "123":
        write_bundle(model / version)
    wanted = Wanted(Named("1"), (Named("2"), 5.0))
    release.put(model, wanted, Edit(release.decide_on(model), "ann", AT))
    with serving(tmp_path, tmp_path / "log", "--admin-port=0") as started:
        yield started


@pytest.fixture
def client(server: Server) -> Iterator[Any]:
    """Triton's client of the admin port."""
    made = client_of(f"127.0.0.1:{admin_of(server).port}")
    yield made
    made.close()


def test_health_is_read_on_either_port(server: Server, client: Any) -> None:
    serving_port = client_of(f"127.0.0.1:{server.port}")
    for each in (client, serving_port):
        assert each.is_server_live()
        assert each.is_server_ready()
        assert each.is_model_ready("words")
        assert each.is_model_ready("words", "1")
        assert not each.is_model_ready("words", "9")
        assert not each.is_model_ready("others")
    serving_port.close()


def test_metadata_is_read(client: Any) -> None:
    assert client.get_server_metadata()["name"] == "polyparse"
    model = client.get_model_metadata("words")
    assert (model["name"], model["inputs"][0]["name"]) == ("words", "text")
    assert client.get_model_metadata("words", "1")["versions"] == ["1"]


def test_the_index_is_read(client: Any) -> None:
    states = {each["version"]: each["state"] for each in client.get_model_repository_index()}
    assert states.keys() == {"1", "2", "3"}
    assert states["1"] == "READY"


def test_a_version_is_loaded_and_serves(server: Server, client: Any) -> None:
    client.load_model("words")
    client.load_model("words/versions/3")
    server.until(lambda: server.parse("wake me").body["model"]["version"] == "3")
    assert client.is_model_ready("words", "3")


def test_a_canary_is_unloaded_and_what_serves_is_not(server: Server, client: Any) -> None:
    client.unload_model("words/versions/2")
    assert admin_of(server).versions().body["state"]["canary"] is None
    for name in ("words", "words/versions/1"):
        with pytest.raises(triton().InferenceServerException, match="which serves, expected a canary"):
            client.unload_model(name)
    assert server.parse("wake me").status == 200


def test_a_refusal_is_told_in_words(client: Any) -> None:
    with pytest.raises(triton().InferenceServerException, match="expected '9' to be one of them"):
        client.load_model("words/versions/9")


def test_an_inference_hears_where_to_go(client: Any) -> None:
    text = triton().InferInput("text", [1], "BYTES")
    text.set_data_from_numpy(np.array([b"wake me"], dtype=object))
    with pytest.raises(triton().InferenceServerException, match="POST /parse"):
        client.infer("words", [text])
