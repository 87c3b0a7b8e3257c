"""Puts a supervisor together with what it needs, and runs it: `polyparse serve --workers N`, for N above 1."""

import logging
from collections.abc import Sequence
from functools import partial
from socket import AF_INET6, socket

from service import logs
from service.settings import Settings
from service.sockets import bound
from service.workers.door import Door
from service.workers.policy import check_device
from service.workers.processes import Starter
from service.workers.run_folder import run_folder
from service.workers.seat import Seat
from service.workers.signals import caught
from service.workers.supervisor import EndTimes, Supervisor
from service.workers.tally import make_tallies

END_S = 10.0
"""What a worker has to end in beside its drains: those of its connections, and of its batches."""

logger = logging.getLogger(__name__)


def supervise(settings: Settings, flags: Sequence[str]) -> int:
    """Serve with `settings.workers` workers, each of which reads these flags, until a signal; the exit status."""
    check_device(settings.workers, settings.device)
    logs.configure(settings.log_level)
    with caught() as signals, run_folder() as folder:
        listeners = bound(settings.host, settings.port)
        seats = [Seat(number, tally) for number, tally in enumerate(make_tallies(folder, settings.workers))]
        supervisor = Supervisor(
            seats,
            Door(listeners, seats),
            Starter(folder, settings.workers, flags),
            signals=signals,
            listening=partial(_say_where, listeners, settings.workers),
            times=EndTimes(settings.lame_duck_s, 2 * settings.drain_timeout_s + END_S),
        )
        return supervisor.run()


def _say_where(listeners: Sequence[socket], workers: int) -> None:
    for listener in listeners:
        host, port = listener.getsockname()[:2]
        address = f"[{host}]:{port}" if listener.family == AF_INET6 else f"{host}:{port}"
        logger.info("polyparse running on http://%s", address, extra={"workers": workers})
