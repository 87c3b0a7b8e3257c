"""Versions of a real model under load: promoted, rolled back, damaged, asked by many at once, ended while they wait."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from polyparse.bundle import store as bundle
from polyparse.cli.main import main
from polyparse.contract.frame import Utterance
from polyparse.runtime.load import load
from tests.integration.server import ROOT, TIMEOUT_S, Server, receive, send, serving
from tests.integration.systems import exported, polyparse
from tests.train import corpus

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from polyparse.contract.frame import Frame
    from polyparse.inference.parser import Parser

    Capture = pytest.CaptureFixture[str]

ASKED = {
    "en-US": "wake me at seven thirty",
    "es-ES": "¿qué tiempo hace en roma?",
    "it-IT": "riproduci nina simone",
    "hi-IN": "आवाज़ बढ़ाओ",
}
MEANT = {
    "en-US": ("alarm", "alarm_set"),
    "es-ES": ("weather", "weather_query"),
    "it-IT": ("music", "music_play"),
    "hi-IN": ("music", "music_louder"),
}


class Releases(NamedTuple):
    """A folder of models with versions 1 and 2 of one model, of which 1 serves."""

    models: Path
    digests: dict[str, str]

    def version(self, name: str) -> Path:
        """The bundle of a version."""
        return self.models / "tiny" / name


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of models that is only read."""
    folder = tmp_path_factory.mktemp("releases")
    _, run, models = exported(tmp_path_factory, "four languages")
    shutil.copytree(models, folder / "models")
    polyparse(
        *("export", "--checkpoint", run, "--out", folder / "models" / "tiny" / "2"),
        *("--precision", "float32"),
    )
    polyparse("models", "promote", "tiny", "1", "--models", folder / "models")
    return folder / "models"


@pytest.fixture
def releases(trained: Path, tmp_path: Path) -> Releases:
    """A copy to change."""
    models = shutil.copytree(trained, tmp_path / "models", ignore=shutil.ignore_patterns(".status"))
    return Releases(models, {version: bundle.digest(models / "tiny" / version) for version in "12"})


@pytest.fixture(scope="module")
def server(trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Version 1, served to all the tests that end nothing."""
    with serving(trained, tmp_path_factory.mktemp("log") / "log") as started:
        yield started


@pytest.fixture(scope="module")
def parser(trained: Path) -> Parser:
    """Version 1 in this process."""
    return load(trained / "tiny" / "1", device="cpu").parser


def decided(frame: dict[str, Any]) -> tuple[object, ...]:
    """Everything of an answer but its probabilities, which may differ in the last digits from batch to batch."""
    slots = [(slot["name"], slot["value"], slot["start"], slot["end"]) for slot in frame["slots"]]
    return frame["text"], frame["locale"], frame["domain"]["name"], frame["intent"]["name"], slots


def expected(frame: Frame) -> tuple[object, ...]:
    assert frame.domain is not None
    assert frame.intent is not None
    slots = [(slot.name, slot.value, slot.start, slot.end) for slot in frame.slots]
    return frame.text, frame.locale, frame.domain.name, frame.intent.name, slots


@pytest.mark.parametrize("locale", ASKED)
def test_each_language_is_understood(server: Server, locale: str) -> None:
    status, actual = server.parse(ASKED[locale], locale=locale, n_best=2)
    assert status == 200
    assert (actual["domain"]["name"], actual["intent"]["name"]) == MEANT[locale]
    assert (actual["text"], actual["locale"]) == (ASKED[locale], locale)
    assert [reading["intent"]["name"] for reading in actual["alternatives"]] != [MEANT[locale][1]]


def test_a_locale_falls_back_by_language_and_may_be_left_out(server: Server) -> None:
    assert server.parse(ASKED["en-US"], locale="en-GB").body["locale"] == "en-US"
    assert server.parse(ASKED["en-US"]).body["locale"] is None


def test_spans_can_be_counted_in_other_units(server: Server, parser: Parser) -> None:
    text = "🎶🎶 रोम में मौसम कैसा है"
    (frame,) = parser.parse([Utterance(text)])
    for unit, encoding, width in (("byte", "utf-8", 1), ("utf16", "utf-16-le", 2)):
        actual = server.parse(text, span_unit=unit).body["slots"]
        assert len(actual) == len(frame.slots)
        for slot in actual:
            raw = text.encode(encoding)[slot["start"] * width : slot["end"] * width]
            assert raw.decode(encoding) == slot["value"]


BAD = {
    "empty_text": (422, b'{"text": ""}'),
    "blank_text": (422, b'{"text": " \\n"}'),
    "text_too_long": (422, json.dumps({"text": "a" * 513}).encode()),
    "control_character": (422, b'{"text": "wake\\u0000me"}'),
    "lone_surrogate": (422, b'{"text": "\\ud83d"}'),
    "unknown_locale": (422, b'{"text": "guten tag", "locale": "de-DE"}'),
    "missing_field": (422, b"{}"),
    "unknown_field": (422, b'{"text": "hi", "nbest": 2}'),
    "wrong_type": (422, b'{"text": 7}'),
    "invalid_value": (422, b'{"text": "hi", "n_best": 11}'),
    "invalid_json": (400, b'{"text": "hi"'),
    "invalid_utf8": (400, b'{"text": "\xff"}'),
    "body_too_large": (413, b'{"text": "' + b"a" * 20_000 + b'"}'),
}


@pytest.mark.parametrize("code", BAD)
def test_bad_input_is_a_problem_document_and_harms_nobody(server: Server, code: str) -> None:
    status, body = BAD[code]
    with server.connections(1) as (neighbour,):
        send(neighbour, "POST", "/parse", json.dumps({"text": ASKED["en-US"]}).encode())
        actual = server.post(body)
        assert (actual.status, actual.body["code"], actual.body["status"]) == (status, code, status)
        assert receive(neighbour).status == 200


def test_of_many_at_once_each_gets_its_own_answer(server: Server, parser: Parser) -> None:
    examples = [e for partition in ("train", "dev", "test") for e in corpus.examples(partition)]
    requested = [Utterance(example.text, example.locale) for example in examples]
    with server.connections(len(requested)) as connections:
        for connection, utterance in zip(connections, requested, strict=True):
            body = {"text": utterance.text, "locale": utterance.locale}
            send(connection, "POST", "/parse", json.dumps(body).encode())
        answers = [receive(connection) for connection in connections]
    for (status, actual), frame in zip(answers, parser.parse(requested), strict=True):
        assert status == 200
        assert decided(actual) == expected(frame)
        assert actual["confidence"] == pytest.approx(frame.confidence, abs=1e-4)


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_end_answers_all_that_is_in_flight(
    trained: Path, parser: Parser, tmp_path: Path, sig: signal.Signals
) -> None:
    """Requests wait behind one lane: the queue is seen to hold some of them before the signal is sent."""
    limits = {"lanes": 1, "max-text-chars": 50_000, "max-body-bytes": 100_000, "queue-tokens": 1_000_000}
    limits["max-wait-ms"] = 60_000
    flags = [f"--{name}={value}" for name, value in limits.items()]
    text = " ".join([ASKED["en-US"]] * 200)
    body = json.dumps({"text": text, "locale": "en-US", "n_best": 5}).encode()
    with serving(trained, tmp_path / "log", *flags) as server, server.connections(8) as connections:
        for connection in connections:
            send(connection, "POST", "/parse", body)
        server.until(lambda: waiting_tokens(server) > 0)
        server.process.send_signal(sig)
        answers = [receive(connection) for connection in connections]
        assert server.process.wait(TIMEOUT_S) == 0
        with pytest.raises(ConnectionRefusedError):
            server.get("/health/live")
    (frame,) = parser.run([parser.prepare(Utterance(text, "en-US"))]).frames
    for status, actual in answers:
        assert status == 200
        assert decided(actual) == expected(frame)
        assert len(actual["alternatives"]) == 4


def waiting_tokens(server: Server) -> float:
    """What /metrics says of the queue."""
    lines: list[str] = server.get("/metrics").body.splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("polyparse_queue_tokens "))


def test_promote_and_rollback_change_what_serves(releases: Releases, tmp_path: Path) -> None:
    models = ("--models", releases.models)
    assert serves(polyparse("models", "list", *models)) == ["1"]
    assert polyparse("models", "promote", "tiny", "2", *models).startswith("tiny: 2 serves")
    assert serves(polyparse("models", "list", *models)) == ["2"]
    with serving(releases.models, tmp_path / "log") as server:
        model = {"name": "tiny", "version": "2", "digest": releases.digests["2"]}
        assert server.parse(ASKED["en-US"]).body["model"] == model
    assert polyparse("models", "rollback", "tiny", *models).startswith("tiny: 1 serves")
    assert serves(polyparse("models", "list", *models)) == ["1"]


def serves(table: str) -> list[str]:
    """The versions that a table of models says serve."""
    rows = [line.split() for line in table.splitlines()[1:]]
    assert [row[:2] for row in rows] == [["tiny", "1"], ["tiny", "2"]]
    return [row[1] for row in rows if row[2] == "yes"]


def test_verify_calls_both_versions_sound(releases: Releases) -> None:
    printed = polyparse("models", "verify", "--models", releases.models)
    assert printed.splitlines() == [
        f"tiny {version}: sound, sha256 {digest}" for version, digest in releases.digests.items()
    ]


def test_a_damaged_version_is_refused_everywhere_by_the_name_of_its_file(
    releases: Releases, capsys: Capture
) -> None:
    damaged = releases.version("1") / "score-all.onnx"
    content = bytearray(damaged.read_bytes())
    content[len(content) // 2] ^= 1
    damaged.write_bytes(content)
    models = ["--models", str(releases.models)]
    assert main(["models", "verify", "tiny", "1", *models]) == 2
    assert "tiny 1: refused (checksum_mismatch)" in capsys.readouterr().out
    for argv in (["parse", ASKED["en-US"]], ["models", "promote", "tiny", "1"], ["serve", "--port", "0"]):
        command = [sys.executable, "-m", "polyparse", *argv, *models]
        done = subprocess.run(  # noqa: S603  our own command
            command, cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT_S, check=False
        )
        assert (done.returncode, done.stdout) == (2, "")
        lines = (
            done.stderr.splitlines()
        )  # Those of the log are written by a thread of their own, in any place.
        assert any(line.startswith(f"polyparse: {damaged}: found sha256 ") for line in lines)
    assert main(["models", "promote", "tiny", "2", *models]) == 0
    assert main(["parse", ASKED["en-US"], *models]) == 0
