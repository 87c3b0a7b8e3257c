"""The admission gate where requests are traced: what is refused by its head has a trace too."""

from collections.abc import Mapping, Sequence

from service.api.admission_gate import AdmissionGate, Passed
from service.clock import Clock
from service.errors import PROBLEMS
from service.tracing.tracer import TracedEnd, TracedHead, Tracer


class TracedGate:
    """Looks at heads as the gate does; `names` are those of the routes by their path."""

    def __init__(self, gate: AdmissionGate, tracer: Tracer, names: Mapping[str, str], clock: Clock) -> None:
        self._gate = gate
        self._tracer = tracer
        self._names = names
        self._clock = clock

    def __call__(
        self, method: bytes, target: bytes, headers: Sequence[tuple[bytes, bytes]], arrived_s: float
    ) -> Passed:
        """What a request may do."""
        since_s = self._clock()
        passed = self._gate(method, target, headers, arrived_s)
        if passed.reason is not None:
            path, request_id, code = passed.reason
            head = TracedHead(self._names[path], headers, request_id, arrived_s)
            trace = self._tracer.begin(head, since_s)
            self._tracer.end(trace, TracedEnd(code, PROBLEMS[code].status, self._clock()))
        return passed
