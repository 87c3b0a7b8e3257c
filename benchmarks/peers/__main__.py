"""polyparse against other systems on the same utterances, by the same measure, on the same machine, in one command.

Each peer is installed into an environment of its own at pinned versions and trained there; what is installed, trained or
answered already is taken from --work. Times of answers are measured anew each time.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import command
from benchmarks.errors import MeasurementFailed
from benchmarks.peers import data as datas
from benchmarks.peers import environment, ours, theirs, traffic
from benchmarks.peers.call import PeerProcess
from benchmarks.peers.data import Data
from benchmarks.peers.environment import Unavailable
from benchmarks.peers.peer import PEERS, Peer
from benchmarks.peers.row import OURS, Row, figures, table, targets
from benchmarks.result import Result

WORK = Path("runs/peers")
ALL = 1_000_000


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.peers", __doc__)
    parser.add_argument(
        "--peers",
        type=_peers,
        default=list(PEERS.values()),
        metavar="NAMES",
        help=f"which, with commas between (default: {','.join(PEERS)})",
    )
    parser.add_argument(
        "--work",
        type=Path,
        default=WORK,
        metavar="DIR",
        help=f"where environments, models and answers are kept (default: {WORK})",
    )
    command.counts(
        parser,
        ("--limit", ALL, "utterances of a partition and locale at most; few make a quick trial"),
        ("--rounds", 5, "rounds of requests over HTTP"),
    )
    options = parser.parse_args(argv)

    def measure() -> Result:
        work, part = options.work.absolute(), "all" if options.limit == ALL else str(options.limit)
        locales = ours.locales(options.bundle)
        data = datas.write(options.corpus, work / "data" / part, locales=locales, limit=options.limit)
        rows = compare(options.peers, data, (options.bundle, work, part), rounds=options.rounds)
        print(table(rows), end="\n\n")
        actual = figures(rows)
        return Result("peers", actual, targets(actual))

    return command.run(measure, json=options.json)


def compare(peers: Sequence[Peer], data: Data, places: tuple[Path, Path, str], *, rounds: int) -> list[Row]:
    """polyparse first, then each peer that can be installed; `places` are models, work folder and part of the corpus.

    Raises:
        MeasurementFailed: no peer can be installed, or one fails once it is.
    """
    models, work, part = places
    processes = installed(peers, work, part)
    rows = [ours.row(models, data, work / OURS / part)]
    servers = [ours.served(models, data)]
    for peer, process in processes:
        rows.append(theirs.row(peer, process, data))
        if (server := theirs.served(peer, process, data)) is not None:
            servers.append(server)
    actual = traffic.measure(servers, rounds=rounds)
    return [_with_traffic(row, actual.get(row.name)) for row in rows]


def installed(peers: Sequence[Peer], work: Path, part: str) -> list[tuple[Peer, PeerProcess]]:
    """The peers that could be installed, each with its process; of the others, the reason goes to stderr.

    Raises:
        MeasurementFailed: there is none.
    """
    processes, reasons = [], []
    for peer in peers:
        try:
            python = environment.ready(peer, work / peer.name / "venv")
        except Unavailable as error:
            print(f"skipped: {error}", file=sys.stderr)
            reasons.append(str(error))
        else:
            processes.append((peer, PeerProcess(python, peer.module, work / peer.name / part)))
    if not processes:
        raise MeasurementFailed(f"found no peer to compare with: {'; '.join(reasons)}")
    return processes


def _with_traffic(row: Row, actual: traffic.Found | None) -> Row:
    """The row with its rate; polyparse's memory is its server's, the others' that of the library alone."""
    if actual is None:
        return row
    columns = {**row.columns, "requests_per_s": actual.per_s}
    if row.name == OURS:
        columns["rss_mb"] = actual.rss_mb
    return replace(row, columns=columns)


def _peers(text: str) -> list[Peer]:
    names = text.split(",")
    if unknown := sorted(set(names) - PEERS.keys()):
        raise argparse.ArgumentTypeError(f"found {', '.join(unknown)}, expected of {', '.join(PEERS)}")
    return [PEERS[name] for name in names]


if __name__ == "__main__":
    sys.exit(main())
