"""Errors of ONNX Runtime after which the device is lost are told from those of one run."""

import pytest

from polyparse.runtime.device_faults import LOST, why_lost

RUN = "[ONNXRuntimeError] : 1 : FAIL : Non-zero status code returned while running LSTM node. Name:'l' Status Message: "
TAIL = " ; GPU=0 ; hostname=n ; file=/onnxruntime/cuda_call.cc ; line=129 ; expr=cudaStreamSynchronize(s);"


@pytest.mark.parametrize("code", LOST)
def test_an_error_that_stays_is_told_with_its_reason(code: int) -> None:
    assert why_lost(f"{RUN}CUDA failure {code}: some words{TAIL}") == LOST[code]


@pytest.mark.parametrize(
    "message",
    [
        f"{RUN}CUDA error 700: an illegal memory access was encountered{TAIL}",
        f"{RUN}CUDA failure 2: out of memory{TAIL} CUDA failure 719: unspecified launch failure{TAIL}",
        "Unable to determine the device handle for GPU 0000:00:1E.0: GPU is lost.  Reboot the system",
    ],
)
def test_it_is_told_wherever_it_stands(message: str) -> None:
    assert why_lost(message) is not None


@pytest.mark.parametrize(
    "message",
    [
        f"{RUN}CUDA failure 2: out of memory{TAIL}",
        f"{RUN}CUDNN failure 3000: CUDNN_STATUS_NOT_SUPPORTED{TAIL}",
        f"{RUN}Failed to allocate memory for requested buffer of size 700",
        "decode.onnx: INVALID_ARGUMENT : Got invalid dimensions for input: lengths_B index: 0 Got: 700 Expected: 4",
        "",
    ],
)
def test_an_error_of_one_run_is_none(message: str) -> None:
    assert why_lost(message) is None
