"""What serving costs beside the model: `/parse` against a service that does nothing and against the runtime alone.

The ideal rate is that of one core that does both by turns: 1 / (1 / echo_per_s + 1 / model_per_s); efficiency is the rate of
`/parse` over it. Both servers and the runtime are measured on one core and the load comes from another; in each of several
rounds all of them are measured in turn, on the same utterances. A ratio or difference is taken within a round; medians over
the rounds.
"""

import gc
import json
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks import command, corpus
from benchmarks.alone import Alone
from benchmarks.client import Traffic, post, send
from benchmarks.cores import Cores, pinned, split_here
from benchmarks.errors import MeasurementFailed
from benchmarks.process import Server, started
from benchmarks.resident import resident_mb
from benchmarks.result import Result, Target
from polyparse.bundle import golden, store
from polyparse.contract.frame import Utterance
from polyparse.inference.parser import Parser
from polyparse.runtime.load import load

TARGETS = {
    "efficiency": Target(">=", 0.75),
    "echo_share": Target(">=", 0.33),
    "overhead_p50_ms": Target("<=", 0.6),
    "ready_s": Target("<=", 3.0),
    "rss_mb": Target("<=", 300.0),
    "errors": Target("==", 0),
    "client_busy": Target("<=", 0.8),  # or the client, and not a server, is what was measured
}
ECHO = [sys.executable, "-m", "benchmarks.echo"]
PARSE = [sys.executable, "-m", "polyparse", "serve", "--device", "cpu", "--lame-duck-s", "0"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is measured; unloaded requests cost a round trip each, so that only some utterances are sent so."""

    connections: int
    rounds: int
    starts: int
    unloaded: int


class Round(NamedTuple):
    """What one round found; `unloaded` is /parse over one connection, `alone_p50_ms` the runtime on the same utterances."""

    echo: Traffic
    parse: Traffic
    model_per_s: float
    unloaded: Traffic
    alone_p50_ms: float

    @property
    def efficiency(self) -> float:
        """The rate of /parse over the ideal one."""
        return self.parse.per_s * (1 / self.echo.per_s + 1 / self.model_per_s)


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.serving", __doc__)
    command.counts(
        parser,
        ("--connections", 32, "connections that load the service, and size of the runtime's batches"),
        ("--utterances", 4000, "utterances, each of which is sent once a round"),
        ("--unloaded", 1000, "how many of them are sent one by one as well"),
        ("--rounds", 7, "rounds"),
        ("--starts", 3, "starts of the service until it is ready"),
    )
    options = parser.parse_args(argv)
    plan = Plan(
        connections=options.connections,
        rounds=options.rounds,
        starts=options.starts,
        unloaded=options.unloaded,
    )
    return command.run(
        lambda: measure(options.bundle, options.corpus, options.utterances, plan), json=options.json
    )


def measure(models: Path, spec: str, n_utterances: int, plan: Plan) -> Result:
    """Start everything, measure all rounds, end everything."""
    located = store.locate(models)
    loaded = load(located.bundle, digest=located.digest, device="cpu", threads=1)
    utterances = utterances_for(spec, n_utterances, located.bundle)
    cores = split_here()
    parse_command = [*PARSE, "--models", str(models.absolute())]
    print(_setting(cores, utterances))
    with pinned(cores.load), ExitStack() as stack:
        gc.collect()
        gc.freeze()  # as the service does
        stack.callback(gc.unfreeze)
        ready_s = [_start_and_stop(parse_command, cores) for _ in range(plan.starts - 1)]
        echo = stack.enter_context(started(ECHO, core=cores.server))
        parse = stack.enter_context(started(parse_command, core=cores.server))
        rounds = _rounds(loaded.parser, utterances, (echo, parse), cores, plan)
        actual = {"ready_s": median([*ready_s, parse.ready_s]), "rss_mb": resident_mb(parse.pid)}
    return Result("serving", {**figures(rounds), **actual}, TARGETS)


def figures(rounds: Sequence[Round]) -> dict[str, float]:
    """The figures of some rounds."""
    traffics = [traffic for one in rounds for traffic in (one.echo, one.parse, one.unloaded)]
    return {
        "efficiency": median(one.efficiency for one in rounds),
        "echo_share": median(one.parse.per_s / one.echo.per_s for one in rounds),
        "overhead_p50_ms": median(one.unloaded.p50_ms - one.alone_p50_ms for one in rounds),
        "requests_per_s": median(one.parse.per_s for one in rounds),
        "echo_per_s": median(one.echo.per_s for one in rounds),
        "model_per_s": median(one.model_per_s for one in rounds),
        "loaded_p50_ms": median(one.parse.p50_ms for one in rounds),
        "unloaded_p50_ms": median(one.unloaded.p50_ms for one in rounds),
        "alone_p50_ms": median(one.alone_p50_ms for one in rounds),
        "client_per_s": median(one.echo.ceiling_per_s for one in rounds),
        "client_busy": max(one.echo.cpu_s / one.echo.seconds for one in rounds),
        "errors": sum(traffic.errors for traffic in traffics),
    }


def request(utterance: Utterance) -> bytes:
    """The request to /parse that asks for an utterance."""
    body = {"text": utterance.text}
    if utterance.locale is not None:
        body["locale"] = utterance.locale
    return post("/parse", json.dumps(body, ensure_ascii=False).encode())


def utterances_for(spec: str, size: int, bundle: Path) -> list[Utterance]:
    """Those of dev in the bundle's languages, or its golden ones where the corpus is absent."""
    manifest = store.verify(bundle)
    if corpus.is_present(spec):
        return corpus.sample(
            spec, size, locales=[locale for locale in corpus.LOCALES if locale in manifest.locales]
        )
    print(f"found no corpus at {spec}: measuring on the bundle's golden utterances", file=sys.stderr)
    entries = golden.load(bundle / manifest.golden)[:size]
    return [Utterance(entry.text, entry.locale) for entry in entries]


def _rounds(
    parser: Parser, utterances: Sequence[Utterance], servers: tuple[Server, Server], cores: Cores, plan: Plan
) -> list[Round]:
    """All rounds, after one untimed pass over each part."""
    _, parse = servers
    requests = [request(utterance) for utterance in utterances]
    with pinned(cores.server):
        alone = Alone(parser, utterances, batch=plan.connections)
    for server in servers:
        send(server.port, requests, connections=plan.connections)
    actual = []
    for number in range(1, plan.rounds + 1):
        print(f"round {number} of {plan.rounds}", end="\r", file=sys.stderr, flush=True)
        echoed, parsed = (send(server.port, requests, connections=plan.connections) for server in servers)
        unloaded = send(parse.port, requests[: plan.unloaded], connections=1)
        with pinned(cores.server):
            model_per_s, alone_p50_ms = alone.per_s(), alone.p50_ms(plan.unloaded)
        actual.append(Round(echoed, parsed, model_per_s, unloaded, alone_p50_ms))
    print(file=sys.stderr)
    return actual


def _start_and_stop(parse_command: Sequence[str], cores: Cores) -> float:
    with started(parse_command, core=cores.server) as server:
        return server.ready_s


def _setting(cores: Cores, utterances: Sequence[Utterance]) -> str:
    if not utterances:
        raise MeasurementFailed("found no utterance to send, expected at least one")
    where = f"server on core {cores.server}, load on core {cores.load}"
    alone = "only one usable core: server and load share it, nothing is pinned"
    return f"{len(utterances)} utterances; {where if cores.are_apart else alone}"


if __name__ == "__main__":
    sys.exit(main())
