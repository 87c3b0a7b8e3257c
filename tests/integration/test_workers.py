"""`polyparse serve --workers N`: shared out evenly, measured as one, and what ends one worker nobody else notices."""

from __future__ import annotations

import os
import re
import select
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from benchmarks.crew import places, requests_of
from polyparse.cli.main import main
from tests.integration.callers import BODY, Callers
from tests.integration.crew import crew_at, is_running, model_at, wait_for
from tests.integration.faulty_bundles import HANGS, SLOW, decode_by, flip_a_byte
from tests.integration.server import ROOT, TIMEOUT_S, receive, send
from tests.integration.thinking_callers import BOUND_S, Caller

if TYPE_CHECKING:
    import http.client
    from collections.abc import Iterator, Sequence

    from tests.integration.crew import Crew

TEXT_THAT_TAKES_LONG = "wake " * 250
LONG = ("--batch-tokens=16", "--max-text-chars=5000", "--drain-timeout-s=600", "--request-timeout-s=600")


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    """A crew for all that ends nothing."""
    with crew_at(tmp_path_factory.mktemp("workers")) as crew:
        yield crew


def ask(connections: Sequence[http.client.HTTPConnection], times: int = 1) -> None:
    """Send a request over each connection at once, and wait for all answers; so many times."""
    for _ in range(times):
        for connection in connections:
            send(connection, "POST", "/parse", BODY)
        assert [receive(connection).status for connection in connections] == [200] * len(connections)


def shares(crew: Crew, before: dict[int, int]) -> list[float]:
    """The part of the requests since then that each worker has answered."""
    since = {number: count - before[number] for number, count in crew.requests().items()}
    return [count / sum(since.values()) for count in since.values()]


def test_32_connections_that_come_at_once_are_shared_out_evenly(shared: Crew) -> None:
    before = shared.requests()
    with shared.server.connections(32) as connections:
        ask(connections, times=4)
        assert all(0.4 <= share <= 0.6 for share in shares(shared, before))


def test_32_connections_that_come_one_by_one_are_shared_out_evenly(shared: Crew) -> None:
    before = shared.requests()
    with shared.server.connections(32) as connections:
        for connection in connections:
            ask([connection])
        ask(connections, times=3)
        assert all(0.4 <= share <= 0.6 for share in shares(shared, before))


def test_a_connection_for_each_request_is_shared_out_evenly_too(shared: Crew) -> None:
    before = shared.requests()
    for _ in range(40):
        assert shared.server.post(BODY).status == 200
    assert all(0.4 <= share <= 0.6 for share in shares(shared, before))


def test_the_log_says_once_where_it_listens(shared: Crew) -> None:
    assert len(re.findall("running on http", shared.server.log())) == 1


def test_each_worker_is_a_process_that_models_list_shows(
    shared: Crew, capsys: pytest.CaptureFixture[str]
) -> None:
    shared.server.until(lambda: re.search(r"^words +1 .* 2 serving", listed(shared, capsys), re.MULTILINE))


def listed(crew: Crew, capsys: pytest.CaptureFixture[str]) -> str:
    """What `polyparse models list` prints."""
    capsys.readouterr()
    main(["models", "list", "--models", str(crew.model.parent)])
    return capsys.readouterr().out


def test_the_supervisor_is_small(shared: Crew) -> None:
    status = Path(f"/proc/{shared.server.process.pid}/status").read_text(encoding="ascii")
    (resident,) = re.findall(r"VmRSS:\s+(\d+) kB", status)
    assert int(resident) < 40_000


def test_all_workers_serve_what_is_promoted_and_one_rehearsal_is_enough(tmp_path: Path) -> None:
    with crew_at(tmp_path, workers=3) as crew:
        crew.promote("2")
        crew.server.until(lambda: crew.all_serve("2", workers=3))
        assert len(list(crew.folder().glob("rehearsed-*"))) == 1
        wait_for(lambda: crew.samples()['polyparse_swap_loads_total{outcome="ok"}'] == 6)


def test_a_worker_that_is_killed_is_replaced_and_who_asks_another_notices_nothing(tmp_path: Path) -> None:
    with crew_at(tmp_path) as crew, crew.server.connections(8) as connections:
        ask(connections, times=5)
        assert crew.samples()["polyparse_worker_restarts_total"] == 0
        before, counted, pids = crew.requests(), crew.counters(), crew.pids()
        ask(connections[:1])
        (number,) = (number for number, count in crew.requests().items() if count > before[number])
        os.kill(pids[number], signal.SIGKILL)
        survivors = []
        for connection in connections[1:]:
            with suppress(OSError, AssertionError):
                sock = connection.sock
                ask([connection])
                assert connection.sock is sock
                survivors.append(connection)
        assert len(survivors) == 4
        while pids[number] in crew.pids().values() or len(crew.serving()) < 2:
            ask(survivors)
            counted = not_fallen(counted, crew.counters())
        ask(survivors)
        not_fallen(counted, crew.counters())
        assert crew.samples()["polyparse_worker_restarts_total"] == 1
        before = crew.requests()
        connections[0].close()
        ask(connections[:1])  # It connects anew, and gets the worker that has no connection yet.
        assert crew.requests()[number] == before[number] + 1


def not_fallen(before: dict[str, float], now: dict[str, float]) -> dict[str, float]:
    """What is counted now, which is no less than before."""
    assert {name: (count, now.get(name)) for name, count in before.items() if now.get(name, -1) < count} == {}
    return now


def test_under_load_a_kill_costs_each_connection_of_that_worker_one_request_at_most(tmp_path: Path) -> None:
    with crew_at(tmp_path) as crew:
        callers = Callers(crew.server.port, 8)
        counted = crew.counters()
        for number in (0, 1, 0):
            pid = crew.pids()[number]
            os.kill(pid, signal.SIGKILL)
            crew.until_replaced(pid)
            counted = not_fallen(counted, crew.counters())
        callers.end()
        assert callers.answers.total() > 100
        assert len(callers.failures) <= 3 * 8
        assert [failure for failure in callers.failures if "Answer" in failure] == []


def test_a_worker_that_is_killed_while_it_swaps_comes_back_with_what_is_wished(tmp_path: Path) -> None:
    with crew_at(tmp_path) as crew:
        pid = crew.pids()[0]
        crew.promote("2")
        crew.server.until(lambda: any("2" in versions for versions in crew.versions().values()))
        os.kill(pid, signal.SIGKILL)
        crew.until_replaced(pid)
        crew.server.until(lambda: crew.all_serve("2"))
        assert crew.server.parse("wake me at seven").body["model"]["version"] == "2"


def test_a_worker_that_hangs_gets_no_connection_and_swallows_none(tmp_path: Path) -> None:
    with crew_at(tmp_path) as crew:
        pid = crew.pids()[0]
        os.kill(pid, signal.SIGSTOP)
        with crew.server.connections(6) as connections:
            ask(connections)
            before = requests_of(crew.folder())
            os.kill(pid, signal.SIGCONT)
            wait_for(lambda: crew.server.post(BODY).status == 200 and crew.requests()[0] > before[0])


def test_workers_end_with_a_supervisor_that_is_killed(tmp_path: Path) -> None:
    with crew_at(tmp_path) as crew:
        pids = list(crew.pids().values())
        assert crew.end(signal.SIGKILL) == -signal.SIGKILL
        wait_for(lambda: not any(is_running(pid) for pid in pids))


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_with_0_after_what_is_in_flight(tmp_path: Path, sig: signal.Signals) -> None:
    with (
        crew_at(tmp_path, *LONG, damage=decode_by(SLOW)) as crew,
        crew.server.connections(2) as connections,
        running_on_each(crew, connections),
    ):
        assert crew.end(sig) == 0


@contextmanager
def running_on_each(crew: Crew, connections: Sequence[http.client.HTTPConnection]) -> Iterator[None]:
    """Requests that run on each worker, all of which are answered in the end."""
    ask(connections)
    queued = 'polyparse_stage_seconds_count{stage="encode",version="1"}'
    crew.server.until(lambda: crew.samples()[queued] == len(connections))
    for connection in connections:
        body = b'{"text": "%s"}' % TEXT_THAT_TAKES_LONG.encode()
        send(connection, "POST", "/parse", body)
    crew.server.until(lambda: crew.samples()[queued] == 2 * len(connections))
    yield
    assert [receive(connection).status for connection in connections] == [200, 200]


def test_a_second_ctrl_c_does_not_wait(tmp_path: Path) -> None:
    with crew_at(tmp_path, "--lame-duck-s=3600") as crew:
        crew.server.process.send_signal(signal.SIGTERM)
        crew.server.until(lambda: crew.server.get("/health/ready").status == 503)
        assert crew.end(signal.SIGINT) == 0


def test_while_workers_are_lame_ducks_connections_still_come_and_none_is_lost(tmp_path: Path) -> None:
    with crew_at(tmp_path, "--lame-duck-s=1") as crew:
        callers = [Caller(crew.server.port) for _ in range(32)]
        for caller in callers:
            caller.start()
        for caller in callers:
            assert caller.has_begun.wait(BOUND_S)
        crew.server.process.send_signal(signal.SIGTERM)
        for caller in callers:
            caller.join(BOUND_S)
        assert [lost for caller in callers for lost in caller.lost] == []
        assert crew.server.process.wait(BOUND_S) == 0


def test_while_workers_are_lame_ducks_one_that_hangs_swallows_no_connection(tmp_path: Path) -> None:
    with crew_at(tmp_path, "--lame-duck-s=3600") as crew:
        pid = crew.pids()[0]
        os.kill(pid, signal.SIGSTOP)
        crew.server.process.send_signal(signal.SIGTERM)
        with crew.server.connections(6) as connections:
            ask(connections)
        os.kill(pid, signal.SIGCONT)
        assert crew.end(signal.SIGINT) == 0


def test_who_is_connected_when_workers_end_waits_for_all_that_hang(tmp_path: Path) -> None:
    with crew_at(tmp_path, "--lame-duck-s=1") as crew, crew.server.connections(4) as connections:
        pids = crew.pids().values()
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        for connection in connections:
            send(connection, "POST", "/parse", BODY)
        crew.server.process.send_signal(signal.SIGTERM)
        answered, _, _ = select.select([connection.sock for connection in connections], [], [], 2)
        assert answered == []
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        assert [receive(connection).status for connection in connections] == [200] * 4
        assert crew.server.process.wait(BOUND_S) == 0


@contextmanager
def starting(models: Path, log: Path, *flags: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server that starts, or does not."""
    command = [sys.executable, "-m", "polyparse", "serve", "--workers=2", "--port=0", "--device=cpu"]
    command += ["--models", str(models), *flags]
    with log.open("wb") as stderr, subprocess.Popen(command, cwd=ROOT, stderr=stderr) as process:  # noqa: S603
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_all_with_0_while_workers_load(tmp_path: Path, sig: signal.Signals) -> None:
    model, log = model_at(tmp_path, decode_by(HANGS)), tmp_path / "log"
    with starting(model.parent, log) as process:
        wait_for(lambda: log.read_text().count("version loads") == 2)
        workers = places(process.pid)
        process.send_signal(sig)
        assert process.wait(TIMEOUT_S) == 0
    assert not any(is_running(pid) for pid in workers)
    assert not any(place.folder.exists() for place in workers.values())


def test_a_worker_that_refuses_to_start_ends_all_as_a_single_process_would_end(tmp_path: Path) -> None:
    model, log = model_at(tmp_path, flip_a_byte), tmp_path / "log"
    ends = []
    for workers in ("1", "2"):
        with starting(model.parent, log, "--workers", workers) as process:
            status = process.wait(TIMEOUT_S)
            said = [line for line in log.read_text().splitlines() if line.startswith("polyparse: ")]
            ends.append((status, said))
    assert ends[0] == ends[1]
    assert ends[0][0] == 2
    assert len(ends[0][1]) == 1


def test_a_worker_that_is_killed_before_any_serves_ends_all(tmp_path: Path) -> None:
    model, log = model_at(tmp_path, decode_by(HANGS)), tmp_path / "log"
    with starting(model.parent, log) as process:
        wait_for(lambda: log.read_text().count("version loads") == 2)
        os.kill(next(iter(places(process.pid))), signal.SIGKILL)
        assert process.wait(TIMEOUT_S) == 128 + signal.SIGKILL


def test_a_port_in_use_is_refused_before_any_worker_starts(shared: Crew, tmp_path: Path) -> None:
    with starting(shared.model.parent, tmp_path / "log", f"--port={shared.server.port}") as process:
        assert process.wait(TIMEOUT_S) == 2
    assert f"polyparse: --port: found port {shared.server.port}" in (tmp_path / "log").read_text()
    assert "worker starts" not in (tmp_path / "log").read_text()


def test_several_workers_on_a_gpu_are_refused(shared: Crew, tmp_path: Path) -> None:
    with starting(shared.model.parent, tmp_path / "log", "--device=cuda") as process:
        assert process.wait(TIMEOUT_S) == 2
    assert "polyparse: --workers: found 2 on cuda, expected 1" in (tmp_path / "log").read_text()


def test_a_replacement_that_does_not_start_is_tried_again_until_it_does(tmp_path: Path) -> None:
    with crew_at(tmp_path) as crew:
        graph = crew.model / "1" / "score.onnx"
        content, pid = graph.read_bytes(), crew.pids()[0]
        flip_a_byte(crew.model / "1")
        os.kill(pid, signal.SIGKILL)
        refused = "score.onnx: found"
        crew.server.until(lambda: crew.server.log().count(refused) >= 2)
        assert crew.server.post(BODY).status == 200
        graph.write_bytes(content)
        crew.until_replaced(pid)
