"""A CPU in a GPU's place: all that is done for CUDA is done, and the graphs run here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from polyparse.runtime.device_array import DeviceArray
from polyparse.runtime.session import Session

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from polyparse.bundle.manifest import GraphSignature, Manifest
    from polyparse.runtime.session import Device


class StandIn(Session):
    """A session that is asked to run on CUDA and runs on the CPU; it notes the shapes of what each run is given."""

    runs: list[tuple[str, dict[str, tuple[int, ...]], list[str]]]
    """Graph, shapes of its inputs, and which of these were on the device already."""

    def __init__(self, graph: Path, signature: GraphSignature, *, device: Device, threads: int = 1) -> None:
        assert device == "cuda"
        super().__init__(graph, signature, device="cpu", threads=threads)

    @staticmethod
    def _options(device: Device, threads: int) -> Any:
        return Session._options("cuda", threads)

    def run_bound(
        self, inputs: Mapping[str, NDArray[Any] | DeviceArray], kept: Collection[str] = ()
    ) -> Sequence[NDArray[Any] | DeviceArray]:
        there = {name: value.value for name, value in inputs.items() if isinstance(value, DeviceArray)}
        shapes = {name: tuple(value.shape) for name, value in inputs.items()}
        shapes |= {name: tuple(value.shape()) for name, value in there.items()}
        self.runs.append((self._graph, shapes, list(there)))
        return super().run_bound(inputs, kept)


def for_cuda(manifest: Manifest) -> Manifest:
    """The manifest, its graphs for the CPU being for CUDA too."""
    networks = [
        replace(network, graphs={**network.graphs, "cuda": network.graphs["cpu"]})
        for network in manifest.networks
    ]
    return replace(manifest, networks=tuple(networks))
