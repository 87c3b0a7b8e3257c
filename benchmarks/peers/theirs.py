"""A peer as one of the systems: trained in its own environment, and served by its own server where it has one."""

from pathlib import Path

from benchmarks.peers import system
from benchmarks.peers.call import PeerProcess
from benchmarks.peers.data import Data
from benchmarks.peers.peer import ONE_THREAD, Peer
from benchmarks.peers.record import digest
from benchmarks.peers.row import Row
from benchmarks.peers.traffic import Served, request

WARM_UP = 200


def row(peer: Peer, process: PeerProcess, data: Data) -> Row:
    """Everything but what its server shows; memory is that of the library's process, which is less than a server's."""
    process.folder.mkdir(parents=True, exist_ok=True)
    trained = system.train(peer, process, data)
    model = system.model_folder(process)
    actual = system.answered(process, model, digest(process.folder / "trained.json"), data)
    columns = {
        "exact_match": actual["exact_match"],
        "parse_ms": system.parse_ms(process, model, data),
        "rss_mb": actual["rss_mb"],
        "model_mb": system.size_mb(model),
        "train_s": trained["cpu_s"],
    }
    notes = [] if peer.server else ["requests_per_s: it comes without a server"]
    others = {key: actual[key] for key in ("intent_accuracy", "slot_f1")}
    return Row(peer.name, peer.title, columns, tuple(notes), others)


def served(peer: Peer, process: PeerProcess, data: Data) -> Served | None:
    """Its own server with the model that was trained, or None where it has none."""
    if peer.server is None:
        return None
    model = Path(system.model_folder(process), peer.server.model).absolute()
    return Served(
        name=peer.name,
        command=[str(process.python), "-m", *peer.server.command, str(model)],
        ready=peer.server.ready,
        variables=ONE_THREAD,
        requests=[request(peer.server.path, example, with_locale=False) for example in data.examples],
        warm_up=WARM_UP,
    )
