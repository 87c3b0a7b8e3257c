"""The whole comparison over real processes: a process is trained, answers and is timed; polyparse is served and loaded."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.errors import MeasurementFailed
from benchmarks.peers import __main__ as peers
from benchmarks.peers import data as datas
from benchmarks.peers import environment, ours, system, traffic
from benchmarks.peers.call import PeerProcess
from benchmarks.peers.data import Data
from benchmarks.peers.environment import STAMP
from benchmarks.peers.peer import PEERS, Peer
from benchmarks.peers.record import digest
from benchmarks.peers.row import figures
from benchmarks.peers.traffic import Served, request
from benchmarks.serving import ECHO
from polyparse.errors import ConfigError
from tests.benchmarks.massive import write_massive
from tests.bundles import write_bundle

PEER = Peer(
    name="sklearn", title="majority", module="tests.benchmarks.peers.majority", settings={"weight": 1}
)
"""Bears the name of one whose requirements exist."""
LOCALES = ("en-US", "es-ES")


@pytest.fixture
def data(tmp_path: Path) -> Data:
    folder = tmp_path / "corpus"
    folder.mkdir()
    return datas.write(write_massive(folder), tmp_path / "work/data/all", locales=LOCALES, limit=100)


@pytest.fixture
def process(tmp_path: Path) -> PeerProcess:
    folder = tmp_path / "work/sklearn/all"
    folder.mkdir(parents=True)
    return PeerProcess(Path(sys.executable), PEER.module, folder)


def install(work: Path) -> None:
    """An environment as `environment.ready` leaves it."""
    python = work / PEER.name / "venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(sys.executable)
    (work / PEER.name / "venv" / STAMP).write_text(digest(PEER.requirements), encoding="ascii")


class TestData:
    def test_a_limit_is_for_each_locale_and_partition(self, tmp_path: Path) -> None:
        actual = datas.write(write_massive(tmp_path), tmp_path / "data", locales=LOCALES, limit=1)
        assert [one.locale for one in actual.examples] == list(LOCALES)
        assert len(actual.train.read_text(encoding="utf-8").splitlines()) == 2

    def test_a_corpus_that_is_absent_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigError, match=r"found nothing at .*absent"):
            datas.write(f"massive:{tmp_path / 'absent'}", tmp_path, locales=LOCALES, limit=1)


class TestSteps:
    def test_training_takes_processor_time_once(self, process: PeerProcess, data: Data) -> None:
        first = system.train(PEER, process, data)
        assert first["cpu_s"] > 0
        assert system.train(PEER, process, data) == first

    @pytest.mark.parametrize("other", [replace(PEER, settings={"weight": 2}), replace(PEER, name="spacy")])
    def test_other_settings_and_other_versions_train_anew(
        self, process: PeerProcess, data: Data, other: Peer
    ) -> None:
        first = system.train(PEER, process, data)
        assert system.train(other, process, data)["wall_s"] != first["wall_s"]

    def test_answers_are_scored_and_given_again_only_by_another_model(
        self, process: PeerProcess, data: Data
    ) -> None:
        system.train(PEER, process, data)
        model = system.model_folder(process)
        actual = system.answered(process, model, "a", data)
        assert actual["exact_match"] == 1.0  # the corpus has one intent and no slot
        assert actual["rss_mb"] > 1
        for file in model.iterdir():
            file.unlink()
        assert system.answered(process, model, "a", data) == actual
        with pytest.raises(MeasurementFailed, match=r"majority answer: status 1; see .*answer\.log"):
            system.answered(process, model, "b", data)

    def test_a_process_that_fails_is_shown_with_its_last_words_and_leaves_no_record(
        self, process: PeerProcess, data: Data
    ) -> None:
        failing = Peer(name="sklearn", title="", module=PEER.module, settings={"fail": True})
        with pytest.raises(MeasurementFailed, match="no convergence"):
            system.train(failing, process, data)
        assert not (process.folder / "trained.json").exists()


class TestTraffic:
    def test_servers_are_loaded_by_turns(self, data: Data, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(traffic, "ROUND_S", 0.05)
        requests = [request("/parse", example, with_locale=True) for example in data.examples]
        one, other = (
            Served(name=name, command=ECHO, variables={}, requests=requests, warm_up=40)
            for name in ("one", "other")
        )
        actual = traffic.measure([one, other], rounds=1)
        assert actual.keys() == {"one", "other"}
        assert all(one.per_s > 0 and one.rss_mb > 1 for one in actual.values())

    def test_an_answer_other_than_200_fails(self, data: Data) -> None:
        requested = [request("/parse", example, with_locale=True) for example in data.examples[:1]]
        refused = Served(
            name="echo",
            command=ECHO,
            variables={},
            requests=[*requested, requested[0].replace(b"text", b"test")],
            warm_up=2,
        )
        with pytest.raises(MeasurementFailed, match=r"echo: found .*422"):
            traffic.measure([refused], rounds=1)


class TestComparison:
    def test_a_run_has_every_column_and_answers_the_bundles_languages(
        self, tmp_path: Path, data: Data, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(traffic, "ROUND_S", 0.05)
        models, work = tmp_path / "models", tmp_path / "work"
        write_bundle(models / "words" / "1")
        install(work)
        assert ours.locales(models) == list(LOCALES)
        rows = peers.compare([PEER], data, (models, work, "all"), rounds=1)
        actual = figures(rows)
        shared = {"exact_match", "parse_ms", "rss_mb", "model_mb"}
        assert {f"{name}_{key}" for name in ("polyparse", "sklearn") for key in shared} <= actual.keys()
        assert {"polyparse_requests_per_s", "sklearn_train_s"} <= actual.keys()
        assert all(value >= 0 for key, value in actual.items() if not key.endswith("exact_match_lead"))
        assert any(note.startswith("requests_per_s") for row in rows for note in row.notes)

    def test_a_peer_that_cannot_be_installed_is_skipped_with_the_reason(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(environment, "_candidates", lambda _: iter(()))
        install(tmp_path)
        ((peer, _),) = peers.installed([PEERS["rasa"], PEER], tmp_path, "all")
        assert peer is PEER
        assert capsys.readouterr().err.startswith(
            "skipped: rasa needs Python 3.10: found no python3.10 on PATH"
        )
        with pytest.raises(MeasurementFailed, match="found no peer to compare with: rasa needs Python"):
            peers.installed([PEERS["rasa"]], tmp_path, "all")

    def test_an_unknown_peer_is_named(self, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit):
            peers.main(["--peers", "sklearn,luis"])
        assert "found luis, expected of sklearn, spacy, rasa" in capsys.readouterr().err


def test_settings_are_json() -> None:
    for peer in PEERS.values():
        assert json.loads(json.dumps(peer.settings)) == peer.settings
