"""From a folder to a version that can serve at once, on polyparse's runtime.

    every byte verified -> loaded -> warmed up -> golden frames match

Warm means that it has run batches of every size and length that the service may give it, so that no caller pays for a first
one: a first run of a shape allocates, and on a GPU chooses algorithms.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

from polyparse.bundle.golden import Golden
from polyparse.bundle.store import Located, check_names
from polyparse.contract.frame import Utterance
from polyparse.errors import InputError
from polyparse.runtime.buckets import buckets
from polyparse.runtime.load import load as load_bundle
from polyparse.runtime.session import Device
from service.batching.policy import LOOKAHEAD
from service.registry.loaded import Loaded, ModelVersion, ServedParser

STEP = 4
"""From one size of batch that is tried to the next: what lies between them allocates what the larger one has."""

LONGEST = 512
"""Tokens; a text has no more by default, and what is longer is so rare that its first run may take longer."""

LINE = 64
"""Characters of a text that is made of words to meet."""
LINES = 2
"""Such texts at once: they take some 1 ms, for what serves has to go on."""
PAUSE_S = 0.02
WORDS_S = 4.5
"""The pauses between them together at most: what a version is loaded for may be a way back."""

Shape = tuple[int, int]
"""(tokens, sequences) of a batch."""
Pause = Callable[[], None]
"""Called after each part of a load and each run, so that requests come in between."""


def load_warm(
    bundle: Located,
    *,
    device: Device,
    batch_tokens: int,
    ood_threshold: float | None = None,
    pause: Pause = lambda: None,
) -> Loaded:
    """Verify and load a bundle, warm it up and check its golden frames; one thread a run, since they run side by side.

    They are as recorded by the bundle's own threshold of the out-of-domain score. With another one, the first of them has to
    be from then on what it is by that.

    Raises:
        BundleError: a file of the bundle is wrong, or its golden frames are; the file is named.
        DeviceUnavailable: the device asked for is absent.
        ModelRunFailed: it fails on a batch.
    """
    loaded = load_bundle(bundle.bundle, digest=bundle.digest, device=device, threads=1, pause=pause)
    if (
        bundle.digest is not None
    ):  # A state names it by its folder; who names a bundle itself may call its folder anything.
        check_names(loaded.manifest, bundle.bundle)
    golden = loaded.golden()
    warm_up(loaded.parser, golden, SHAPES[loaded.device](batch_tokens), pause=pause)
    loaded.check_golden(pause=pause)
    identity = ModelVersion(loaded.manifest.name, loaded.manifest.version, loaded.digest)
    if ood_threshold is None:
        return Loaded(identity, loaded.parser, golden[0])
    parser = loaded.parser.with_ood_threshold(ood_threshold)
    (frame,) = parser.run([parser.prepare(Utterance(golden[0].text, golden[0].locale))]).frames
    return Loaded(identity, parser, Golden.of(frame))


def warm_up(
    parser: ServedParser[Any], golden: Sequence[Golden], shapes: Iterable[Shape], *, pause: Pause
) -> None:
    """Run batches of such shapes, made of golden utterances."""
    words = " ".join(entry.text for entry in golden).split()
    for tokens, sequences in shapes:
        text = " ".join(words[position % len(words)] for position in range(tokens))
        item = parser.prepare(Utterance(text, None))
        parser.run([item] * sequences)
        pause()


def meet_words(parser: ServedParser[Any], chunks: Iterable[str], *, rest: Callable[[float], None]) -> None:
    """Let a parser make what it keeps of words, chunks of text in which another one has met them.

    After each few of them `rest(seconds)` is called, where they are many with fewer seconds.

    What serves has met the words that callers use, and keeps what it made of them. A version that begins without would be
    slower by all of that in its first second, which is when it is watched most.
    """
    lines = [*_lines(chunks)]
    starts = range(0, len(lines), LINES)
    for start in starts:
        items = []
        for line in lines[start : start + LINES]:
            with suppress(InputError):  # Chunks may be of marks alone.
                items.append(parser.prepare(Utterance(line, None)))
        if items:
            parser.meet(items)
        rest(min(PAUSE_S, WORDS_S / len(starts)))


def _lines(chunks: Iterable[str]) -> Iterator[str]:
    """Texts of LINE characters, or of one chunk that is as long."""
    line = ""
    for chunk in chunks:
        if line and len(line) + len(chunk) >= LINE:
            yield line
            line = ""
        line = f"{line} {chunk}" if line else chunk
    if line:
        yield line


def stepped_shapes(batch_tokens: int) -> Iterator[Shape]:
    """Both sizes are powers of STEP, and their product is `batch_tokens` at most."""
    tokens = 1
    while tokens <= batch_tokens:
        sequences = 1
        while tokens * sequences <= batch_tokens:
            yield tokens, sequences
            sequences *= STEP
        tokens *= STEP


def bucketed_shapes(batch_tokens: int) -> Iterator[Shape]:
    """Every shape to which a batch of `batch_tokens` at most is padded, each utterance being asked for one hypothesis."""
    shorter = 0
    for tokens in buckets("T", min(batch_tokens, LONGEST)):
        for sequences in buckets("B", min(LOOKAHEAD, batch_tokens // (shorter + 1))):
            yield tokens, sequences
        shorter = tokens


SHAPES: Mapping[Device, Callable[[int], Iterator[Shape]]] = {"cpu": stepped_shapes, "cuda": bucketed_shapes}
