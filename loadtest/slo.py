"""The service level objective, read from a TOML file: what callers are promised, up to which load."""

from pathlib import Path
from typing import Annotated, Self

from pydantic import Field

from loadtest.toml_file import TomlModel

SHIPPED = Path(__file__).with_name("slo.toml")


class Slo(TomlModel):
    """A request is good if it is answered in time, and by a 2xx, or by a 4xx that says what its caller did wrong."""

    load_per_s: Annotated[float, Field(gt=0)]
    """Requests a second up to which this is promised."""
    good_share: Annotated[float, Field(gt=0, le=1)]
    in_time_ms: Annotated[float, Field(gt=0)]
    p99_ms: Annotated[float, Field(gt=0)]

    def at(self, load_per_s: float) -> Self:
        """The same promise at another load."""
        return self.model_copy(update={"load_per_s": load_per_s})
