"""What ends with the server, in the order of its end."""

from collections.abc import Awaitable, Callable
from typing import NamedTuple


class Lifetime(NamedTuple):
    """`begin` is called at the signal to end, `give_up` when whatever is not answered yet has to be."""

    begin: Callable[[], None]
    give_up: Callable[[], Awaitable[None]]
