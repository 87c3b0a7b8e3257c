"""Stand-ins that compute for real and hold still: a parser that reads words, a gate to hold its runs, a clock to set, a
caller who says what he is told to.
"""

import asyncio
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from threading import Event
from typing import Any

from starlette.types import Message, Receive

from polyparse.bundle.golden import Golden
from polyparse.bundle.store import Located
from polyparse.contract.frame import Alternative, Choice, Frame, Refusal, Slot, Utterance
from polyparse.errors import DeviceLost, UnknownLocale
from service.batching.protocols import Outcome
from service.registry.errors import LoadCancelled
from service.registry.loaded import Loaded, ModelVersion, ServedParser
from service.registry.policy import Desired, WishedCanary, WishedShadow

BOUND_S = 30.0
"""No test waits longer for a thread; one that would fails."""


class FakeClock:
    """Seconds that pass only when told."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Gate:
    """Holds every run that comes while it is shut. Made inside a running loop, which it tells of each batch."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._arrivals: asyncio.Queue[list[str]] = asyncio.Queue()
        self._open = Event()
        self._open.set()

    def enter(self, texts: list[str]) -> None:
        """Let a run pass, in its inference thread."""
        self._loop.call_soon_threadsafe(self._arrivals.put_nowait, texts)
        assert self._open.wait(BOUND_S), "nobody opened the gate"

    async def batch(self) -> list[str]:
        """Wait for the next batch that comes, and return its texts."""
        return await self._arrivals.get()

    def batches(self) -> list[list[str]]:
        """Return the batches that have come and were not waited for."""
        return [self._arrivals.get_nowait() for _ in range(self._arrivals.qsize())]

    def shut(self) -> None:
        """Hold runs from now on."""
        self._open.clear()

    def open(self) -> None:
        """Let all runs go."""
        self._open.set()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Hold runs for the length of a `with`, and let them go whatever happens in it."""
        self.shut()
        try:
            yield
        finally:
            self.open()


@dataclass(frozen=True)
class FakeItem:
    """Words of an utterance."""

    utterance: Utterance
    n_tokens: int
    n_best: int


@dataclass(frozen=True)
class FakeOutcome:
    """What came of a batch, as the parser's own BatchResult has it."""

    frames: list[Frame]
    seconds: Mapping[str, float]
    padding: float
    tokens: int = 0


@dataclass
class FakeParser:
    """Its slots are the words of the text, the intent is their number. Some texts break it, each in its own way."""

    locales: tuple[str, ...] = ("en-US", "hi-IN")
    gate: Gate = field(default_factory=Gate)
    poison: str = "poison"
    """A batch that holds this text raises."""
    miscount: str = "miscount"
    """A batch that holds this text gives one frame too few."""
    lost: str = "lost"
    """A batch that holds this text finds the device lost."""
    hang: str = "hang"
    """A batch that holds this text waits until it is `released`."""
    released: Event = field(default_factory=Event)
    strange: str = "strange"
    """This text is refused as out of domain, where it may be."""
    run_seconds: Mapping[str, float] = field(
        default_factory=lambda: {"score": 1e-3, "decode": 2e-4, "assemble": 1e-4}
    )
    """What it says that each run took."""

    def prepare(self, utterance: Utterance) -> FakeItem:
        if utterance.locale is not None and utterance.locale not in self.locales:
            raise UnknownLocale(f"found {utterance.locale!r}, expected one of {', '.join(self.locales)}")
        return FakeItem(utterance, len(utterance.text.split()), utterance.n_best)

    def kept_chunks(self) -> list[str]:
        return []

    def meet(self, items: Sequence[FakeItem], /) -> None:
        """It keeps nothing."""

    def run(self, items: Sequence[FakeItem], /) -> Outcome[Frame]:
        texts = [item.utterance.text for item in items]
        self.gate.enter(texts)
        if self.lost in texts:
            raise DeviceLost("found a lost device")
        if self.hang in texts:
            assert self.released.wait(BOUND_S), "nobody released the batch"
        if self.poison in texts:
            raise RuntimeError(self.poison)
        frames = [
            read_strange(item.utterance)
            if item.utterance.text == self.strange
            else read_words(item.utterance)
            for item in items
        ]
        if self.miscount in texts:
            frames.pop()
        lengths = [item.n_tokens for item in items]
        padding = 1 - sum(lengths) / (len(lengths) * max(lengths))
        return FakeOutcome(frames, self.run_seconds, padding, len(lengths) * max(lengths))


def read_words(utterance: Utterance) -> Frame:
    """The frame that FakeParser gives: one slot a word, and n_best - 1 alternatives with ever fewer slots."""
    slots, end = [], 0
    for word in utterance.text.split():
        start = utterance.text.index(word, end)
        end = start + len(word)
        slots.append(Slot("word", word, start, end, 0.75))
    intent = Choice(f"words_{len(slots)}", 0.5)
    others = [
        Alternative(None, intent, tuple(slots[:-n]), 0.25 / n)
        for n in range(1, min(utterance.n_best, len(slots)))
    ]
    return Frame(utterance.text, utterance.locale, None, intent, tuple(slots), 0.25, tuple(others))


def read_strange(utterance: Utterance) -> Frame:
    """A refusal with the hypotheses that were asked for; where none may be, the frame, which says how strange it is."""
    read = replace(read_words(utterance), out_of_domain=0.75)
    if not utterance.allow_refusal:
        return read
    hypotheses = (Alternative(None, read.intent, read.slots, read.confidence), *read.alternatives)
    remaining = hypotheses if utterance.n_best > 1 else ()
    return replace(read, intent=None, slots=(), alternatives=remaining, refused=Refusal("domain"))


def golden_of(text: str) -> Golden:
    """What FakeParser answers to a text."""
    return Golden.of(read_words(Utterance(text)))


def located(version: str) -> Located:
    """Where this version of "words" would lie."""
    return Located(Path("models", "words", version), None)


def wish(
    stable: str,
    previous: str | None = None,
    generation: int | None = None,
    *,
    canary: tuple[str, float] | None = None,
    shadow: tuple[str, float] | None = None,
) -> Desired:
    """The wish for some versions of "words"; candidates are given with their percentage and their share."""
    return Desired(
        located(stable),
        None if previous is None else located(previous),
        generation,
        canary=None if canary is None else WishedCanary(located(canary[0]), canary[1]),
        shadow=None if shadow is None else WishedShadow(located(shadow[0]), shadow[1]),
    )


@dataclass
class FakeLoader:
    """Gives its parser as whatever version is asked for; some versions are refused, and some loads are held."""

    parser: FakeParser = field(default_factory=FakeParser)
    golden: Golden = field(default_factory=lambda: golden_of("two words"))
    parsers: dict[str, FakeParser] = field(default_factory=dict)
    """Version -> its parser, where it has one of its own."""
    refusals: dict[str, BaseException] = field(default_factory=dict)
    """Version -> what its load raises."""
    holds: dict[str, Event] = field(default_factory=dict)
    """Version -> what its load waits for."""
    loads: list[str] = field(default_factory=list)
    half_loaded: list[weakref.ref[FakeParser]] = field(default_factory=list)
    """What each load that was refused had made before."""
    released: list[object] = field(default_factory=list)

    def load(self, bundle: Located, *, beside: ServedParser[Any] | None, is_cancelled: Event) -> Loaded:
        version = bundle.bundle.name
        self.loads.append(version)
        while version in self.holds and not self.holds[version].wait(0.001):
            if is_cancelled.is_set():
                raise LoadCancelled(version)
        if version in self.refusals:
            half = replace(self.parser)
            self.half_loaded.append(weakref.ref(half))
            raise self.refusals[version]
        parser = self.parsers.get(version, self.parser)
        return Loaded(ModelVersion("words", version, f"d{version}"), parser, self.golden)

    def release(self, parts: list[object]) -> None:
        if "release" in self.holds:
            assert self.holds["release"].wait(BOUND_S), "nobody let the memory be returned"
        if "release" in self.refusals:
            raise self.refusals["release"]
        self.released += parts
        parts.clear()


@dataclass
class FakeSource:
    """Wishes for what it is told to, or raises it."""

    wished: Desired | Exception = field(default_factory=lambda: wish("1"))

    def read(self) -> Desired:
        if isinstance(self.wished, Exception):
            raise self.wished
        return self.wished


GONE: Message = {"type": "http.disconnect"}


def part(body: bytes, *, more: bool = False) -> Message:
    """A message that brings a piece of a body."""
    return {"type": "http.request", "body": body, "more_body": more}


def caller(messages: Iterable[Message]) -> Receive:
    """Receives these messages and then, as in a server, waits for ever, or hears each time that the caller has gone."""
    left = iter(messages)
    has_gone = False

    async def receive() -> Message:
        nonlocal has_gone
        message = GONE if has_gone else next(left, None)
        if message is None:
            silence: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
            return await silence
        has_gone = message == GONE
        return message

    return receive


async def turns(count: int = 5) -> None:
    """Let the loop turn a few times, so that all that is ready has run."""
    for _ in range(count):
        await asyncio.sleep(0)


async def until(condition: Callable[[], bool]) -> None:
    """Let the loop turn until something holds that the network brings about."""
    async with asyncio.timeout(BOUND_S):
        while not condition():  # noqa: ASYNC110 - what a server does with its sockets sets no event of ours.
            await asyncio.sleep(0)
