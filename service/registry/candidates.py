"""The candidates of a wish in this process: which versions they are, which requests are theirs, what is seen of them.

A stop of a candidate holds until the wish is another, however it would do by then.
"""

import logging
import random
from collections.abc import Callable, Sequence
from typing import NamedTuple

from service.registry.assignment import Asked, Split, point_of
from service.registry.comparison import Bounds, Spent
from service.registry.policy import Desired, VersionState
from service.registry.trial import Trial
from service.registry.version import LoadedVersion, Version

logger = logging.getLogger(__name__)


class Sick(NamedTuple):
    """A canary that is unhealthy here: of which generation of the state, which one, and by what figures."""

    generation: int
    version: str
    digest: str
    reason: str


class Candidates:
    """The canary and the shadow. All use is in the event loop's thread, but for reading `sick`."""

    def __init__(
        self,
        bounds: Bounds | None = None,
        *,
        stops_canary: bool = False,
        stopped: Callable[[], None] = lambda: None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        """`stops_canary` is whether an unhealthy one gets no more requests, which calls `stopped`; `draw` gives 0 to 1."""
        self._bounds = bounds or Bounds()
        self._stops_canary = stops_canary
        self._stopped = stopped
        self._draw = draw
        self._changed: Callable[[], None] = lambda: None
        self._wish: object = None
        self._generation = 0
        self._serving: Version | None = None
        self._trial = Trial(self._bounds)
        self._is_shadow_stopped = False
        self.split: Split | None = None
        self.shadow: Version | None = None
        self.sick: Sick | None = None

    def listen(self, changed: Callable[[], None]) -> None:
        """Let this be called when there is something to tell of a candidate."""
        self._changed = changed

    def follow(self, desired: Desired, versions: Sequence[Version], serving: Version | None) -> None:
        """Find the candidates among the versions, and note on each what it is; with another wish all begins anew."""
        wish = (desired.generation, desired.canary, desired.shadow, serving)
        if wish != self._wish:
            self._wish, self._generation, self._serving = wish, desired.generation or 0, serving
            self._trial, self._is_shadow_stopped, self.sick = Trial(self._bounds), False, None
        self.split = self.shadow = None
        for version in versions:
            takes_requests = version.state is VersionState.READY and serving is not None
            self._note_canary(version, _percent(desired, version) if takes_requests else None)
            self._note_shadow(version, _share(desired, version) if takes_requests else None)

    def point(self, asked: Asked) -> float:
        """Where a request stands: by its key, else anew each time; of no meaning where no canary takes requests."""
        if self.split is None:
            return 1.0
        if asked.canary_key is None:
            return self._draw()
        return point_of(asked.canary_key, self.split.canary.digest or "")

    def is_shadowed(self) -> bool:
        """Whether the shadow is to parse what was answered now: drawn anew each time."""
        return self.shadow is not None and self._draw() < (self.shadow.share or 0)

    def saw(self, version: LoadedVersion, spent: Spent | None) -> None:
        """Count an utterance that a version parsed by such a run, or failed on (None), and heed what that shows."""
        if self.split is None or self._serving is None:
            return
        if version is self._serving.loaded:
            self._trial.saw_stable(spent)
        elif version is self.split.canary.loaded and self._trial.saw_canary(spent):
            self._heed(self.split.canary)

    def stop_shadow(self, reason: str) -> None:
        """Let the shadow parse nothing more."""
        if self.shadow is not None:
            logger.error("shadow stopped", extra=self.shadow.fields() | {"reason": reason})
        self._is_shadow_stopped = True
        self._changed()

    def _heed(self, canary: Version) -> None:
        """Tell of a new verdict, and stop a canary that is unhealthy."""
        verdict, reason = self._trial.judgement
        level = logging.ERROR if self._trial.is_unhealthy else logging.INFO
        logger.log(level, "canary %s", verdict, extra=canary.fields() | {"reason": reason})
        if self._trial.is_unhealthy:
            self.sick = Sick(self._generation, canary.number, canary.digest or "", reason)
            if self._stops_canary:
                self._stopped()
        self._changed()

    def _note_canary(self, version: Version, percent: float | None) -> None:
        version.percent, version.verdict = percent, None
        if percent is None:
            return
        version.verdict = self._trial.judgement.verdict
        if self._stops_canary and self._trial.is_unhealthy:
            version.percent = 0.0
        else:
            self.split = Split(version, percent)

    def _note_shadow(self, version: Version, share: float | None) -> None:
        version.share = share
        if share is not None and self._is_shadow_stopped:
            version.share = 0.0
        elif share is not None:
            self.shadow = version


def _percent(desired: Desired, version: Version) -> float | None:
    canary = desired.canary
    return canary.percent if canary is not None and canary.bundle == version.bundle else None


def _share(desired: Desired, version: Version) -> float | None:
    shadow = desired.shadow
    return shadow.share if shadow is not None and shadow.bundle == version.bundle else None
