"""What ONNX Runtime's CUDA provider is told, and why: one table, and the memory that a session may take."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

DEVICE_ID = 0
"""The first of the devices that CUDA_VISIBLE_DEVICES leaves."""


class Option(NamedTuple):
    """A value, as the provider reads it, and the reason for it."""

    value: str
    reason: str


OPTIONS: Mapping[str, Option] = {
    "device_id": Option(str(DEVICE_ID), "one process has one device; CUDA_VISIBLE_DEVICES says which"),
    "cudnn_conv_algo_search": Option(
        "HEURISTIC", "the default tries every algorithm at each new shape, while a request waits"
    ),
    "arena_extend_strategy": Option(
        "kSameAsRequested", "the default doubles: a session would keep twice what its largest batch takes"
    ),
    "use_tf32": Option(
        "0",
        "products of 10 bits are not within 1e-4, and differ between batches: alone must equal in company",
    ),
    "do_copy_in_default_stream": Option("1", "copies in a stream of their own race with what reads them"),
    "use_ep_level_unified_stream": Option(
        "0", "each run that is under way has a stream of its own, so that two threads do not wait in one"
    ),
    "enable_cuda_graph": Option(
        "0", "what counts its tokens on the device, loops or branches cannot be captured: NonZero, Scan, If"
    ),
    "fuse_conv_bias": Option("0", "it compiles at each new shape"),
    "tunable_op_enable": Option(
        "0", "it measures kernels while requests wait, and may choose others next time"
    ),
}
SESSION_ENTRIES: Mapping[str, Option] = {
    "session.disable_quant_qdq": Option(
        "1", "CUDA has no products of these integers: weights are widened once, at the load, not at each run"
    )
}
LEAST_BYTES = 2 << 30
"""What the arena of a small graph may take: ten times what a batch of 8,192 tokens takes of the shipped ones."""
GROWTH = 8
"""Bytes that the arena may take besides for each byte of the graph's file: weights of one byte are widened to four."""


def provider_options(graph_bytes: int) -> dict[str, str]:
    """The options of a session, given the size of its graph's file."""
    limit = LEAST_BYTES + GROWTH * graph_bytes
    return {name: option.value for name, option in OPTIONS.items()} | {"gpu_mem_limit": str(limit)}
