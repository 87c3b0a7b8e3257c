"""The latest utterances that the shadow reads otherwise than the stable version; their text only where it may be kept."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from service.shadow.agreement import Reading

MOST = 200


@dataclass(frozen=True, slots=True)
class Disagreement:
    """One utterance and its two readings; `at` is in UTC by ISO 8601, `text` is there where text may be kept."""

    request_id: str
    at: str
    locale: str | None
    characters: int
    tokens: int
    stable_version: str
    stable: Reading
    candidate_version: str
    candidate: Reading
    text: str | None = None


class Disagreements:
    """Keeps the latest ones. All use is in the event loop's thread."""

    def __init__(self) -> None:
        self._latest: deque[Disagreement] = deque(maxlen=MOST)

    def add(self, disagreement: Disagreement) -> None:
        """Keep one more, in place of the oldest where there are many."""
        self._latest.appendleft(disagreement)

    def recent(self) -> Sequence[Disagreement]:
        """The latest ones, newest first."""
        return tuple(self._latest)
