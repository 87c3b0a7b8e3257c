"""polyparse itself, from a bundle, by the commands of a peer's process; it runs in the project's own environment."""

from pathlib import Path

from benchmarks.peers.inside import peer_process
from benchmarks.peers.inside.exchange import Answer, Span
from benchmarks.peers.inside.peer_process import Answerer
from polyparse.contract.frame import Utterance
from polyparse.runtime.load import load


def answerer(model: Path) -> Answerer:
    """The runtime's parser, without HTTP, on the CPU."""
    parser = load(model, device="cpu", threads=1).parser

    def answer(text: str, locale: str) -> Answer:
        (frame,) = parser.run([parser.prepare(Utterance(text, locale))]).frames
        return Answer(
            frame.intent.name if frame.intent else "",
            tuple(Span(slot.name, slot.start, slot.end) for slot in frame.slots),
        )

    return answer


if __name__ == "__main__":
    peer_process.main(answerer)
