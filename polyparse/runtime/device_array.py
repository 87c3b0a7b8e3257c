"""An output that stays on the device until another graph reads it there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from numpy.typing import NDArray


class DeviceArray:
    """Stands for an array: the next graph reads it where it is, and whoever asks for entries gets a copy of them here.

    `value` is ONNX Runtime's, whose first entries along each axis are the array; what lies behind them has no meaning.
    """

    def __init__(self, value: Any, shape: tuple[int, ...] | None = None) -> None:
        """The whole of the value, or its first entries: so many along each axis."""
        self.value = value
        self.shape = tuple(value.shape()) if shape is None else shape

    def numpy(self) -> NDArray[Any]:
        """A copy of it here."""
        array: NDArray[Any] = self.value.numpy()
        return array[tuple(slice(size) for size in self.shape)]

    def __getitem__(self, index: Any) -> NDArray[Any]:
        entries: NDArray[Any] = self.numpy()[index]
        return entries
