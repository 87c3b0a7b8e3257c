"""A graph on a device: inputs are padded to shapes that repeat, outputs are cut to what was asked."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from polyparse.runtime.buckets import bucket, buckets, pad
from polyparse.runtime.device_array import DeviceArray

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence

    from numpy.typing import NDArray

    from polyparse.runtime.session import Session

    Value = NDArray[Any] | DeviceArray


class BucketedSession:
    """Runs a session in fixed shapes; the outputs that `kept` names stay on the device, for a graph that reads them next."""

    def __init__(self, session: Session, *, kept: Collection[str] = ()) -> None:
        self._session = session
        self._kept = kept
        self.axes, self.outputs = session.axes, session.outputs
        self.is_packed = session.is_packed

    def run(self, inputs: Mapping[str, Value]) -> Sequence[NDArray[Any]]:
        """The graph's outputs in its order, a DeviceArray for each that stays; raises what `Session.run` raises."""
        sizes = {
            axis: size
            for name, value in inputs.items()
            for axis, size in zip(self.axes.get(name, ()), value.shape, strict=False)
        }
        padded = {name: self._padded(name, value) for name, value in inputs.items()}
        outputs = self._session.run_bound(padded, self._kept)
        return [
            _cut(
                value,
                tuple(sizes.get(axis, size) for axis, size in zip(self.axes[name], value.shape, strict=True)),
            )
            for name, value in zip(self.outputs, outputs, strict=True)
        ]

    def warm_up(self, most: Mapping[str, int]) -> None:
        """Run every shape in which the inputs may come, zeros, with so many entries at most along each axis."""
        names = [name for name in self.axes if name not in self.outputs]
        for sizes in product(*(buckets(axis, size) for axis, size in most.items())):
            of = dict(zip(most, sizes, strict=True))
            self._session.run_bound({name: self._zeros(name, of) for name in names}, self._kept)

    def _zeros(self, name: str, sizes: Mapping[str, int]) -> NDArray[Any]:
        return np.zeros([sizes[str(axis)] for axis in self.axes[name]], dtype=np.int64)

    def _padded(self, name: str, value: Value) -> Value:
        axes = self.axes.get(name)
        if axes is None or len(axes) != len(value.shape):
            return value  # the runtime refuses it, and says why
        if isinstance(value, DeviceArray):
            sizes = [bucket(str(axis), size) for axis, size in zip(axes, value.shape, strict=True)]
            if list(value.value.shape()) == sizes:
                return value
            value = value.numpy()
        return pad(name, value, axes)


def _cut(value: Value, shape: tuple[int, ...]) -> NDArray[Any]:
    if isinstance(value, DeviceArray):
        return cast(
            "NDArray[Any]", DeviceArray(value.value, shape)
        )  # what stands for it, until a graph reads it
    return value[tuple(slice(size) for size in shape)]
