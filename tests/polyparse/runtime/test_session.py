"""Sessions: a graph runs or says why not; one that the manifest does not describe, or no device, is refused by name."""

from __future__ import annotations

import re
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import numpy as np
import onnx
import onnxruntime
import pytest

from model_export.bundle.files import signature_of
from polyparse.bundle.manifest import GraphSignature, Tensor
from polyparse.errors import DeviceLost, DeviceUnavailable, GraphInvalid, ModelRunFailed
from polyparse.runtime.cuda_options import provider_options
from polyparse.runtime.device_array import DeviceArray
from polyparse.runtime.session import NEGATE, PROVIDERS, Cuda, Session, choose_device, look_for_cuda
from tests.bundles import write_bundle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from numpy.typing import NDArray

    Change = Callable[[tuple[Tensor, ...]], tuple[Tensor, ...]]

HAS_CUDA = PROVIDERS["cuda"] in onnxruntime.get_available_providers()
without_cuda = pytest.mark.skipif(HAS_CUDA, reason="the installed ONNX Runtime has CUDA")
INPUTS = {
    "emissions_BTK": np.array([[[0.0, 3.0], [5.0, 0.0]], [[9.0, 1.0], [0.0, 0.0]]], dtype=np.float32),
    "allowed_BK": np.array([[True, True], [False, True]]),
    "lengths_B": np.array([2, 1], dtype=np.int32),
}


@pytest.fixture(scope="module")
def graph(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_bundle(tmp_path_factory.mktemp("models") / "words" / "1") / "decode.onnx"


@pytest.fixture(scope="module")
def signature(graph: Path) -> GraphSignature:
    return signature_of(onnx.load(graph))


@pytest.fixture(scope="module")
def session(graph: Path, signature: GraphSignature) -> Session:
    return Session(graph, signature, device="cpu")


def path_of(session: Session) -> list[list[int]]:
    path_BT: NDArray[np.int64] = session.run(INPUTS)[0]
    path: list[list[int]] = path_BT.tolist()
    return path


def test_outputs_come_in_the_graphs_order_and_under_its_names(session: Session) -> None:
    assert session.outputs == ("path_BT", "path_marginals_BT", "log_prob_B")
    assert [output.shape for output in session.run(INPUTS)] == [(2, 2), (2, 2), (2,)]
    assert path_of(session) == [[1, 0], [1, 0]]


def test_threads_share_a_session(session: Session) -> None:
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: path_of(session), range(40)))
    assert paths == [path_of(session)] * 40


@pytest.mark.parametrize("content", [b"", b"no graph", b"\x08\x0a" * 20])
def test_a_file_that_is_no_graph_is_refused_by_its_name(
    tmp_path: Path, signature: GraphSignature, content: bytes
) -> None:
    file = tmp_path / "score.onnx"
    file.write_bytes(content)
    with pytest.raises(GraphInvalid, match=r"^score\.onnx: found a graph that does not load") as refusal:
        Session(file, signature, device="cpu")
    assert refusal.value.file.name == "score.onnx"


def test_a_graph_that_is_absent_is_refused_by_its_name(tmp_path: Path, signature: GraphSignature) -> None:
    with pytest.raises(GraphInvalid, match=r"^score\.onnx: found a graph that does not load"):
        Session(tmp_path / "score.onnx", signature, device="cpu")


def changed(tensor: Tensor, **changes: object) -> Tensor:
    return replace(tensor, **changes)  # type: ignore[arg-type]  # of Tensor's own attributes


def swapped(tensors: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    first, second, *rest = tensors
    return second, first, *rest


OTHER = Tensor(name="extra", dtype="float32", shape=("B",))
CHANGES: dict[str, Change] = {
    "none": lambda tensors: (),
    "one less": lambda tensors: tensors[:-1],
    "one more": lambda tensors: (*tensors, OTHER),
    "another name": lambda tensors: (changed(tensors[0], name="scores_BTK"), *tensors[1:]),
    "another type": lambda tensors: (changed(tensors[0], dtype="float16"), *tensors[1:]),
    "another size": lambda tensors: (*tensors[:-1], changed(tensors[-1], shape=(7,))),
    "another letter": lambda tensors: (*tensors[:-1], changed(tensors[-1], shape=("N",))),
    "one axis more": lambda tensors: (*tensors[:-1], changed(tensors[-1], shape=("B", 1))),
    "another order": swapped,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
@pytest.mark.parametrize("kind", ["inputs", "outputs"])
def test_a_graph_of_other_inputs_or_outputs_than_the_manifest_lists_is_refused_by_its_name(
    graph: Path, signature: GraphSignature, kind: str, change: Change
) -> None:
    listed = replace(signature, **{kind: change(getattr(signature, kind))})
    message = rf"^decode\.onnx: found {kind} \[.*\], expected \[.*\] as the manifest lists$"
    with pytest.raises(GraphInvalid, match=message) as refusal:
        Session(graph, listed, device="cpu")
    assert refusal.value.file.name == "decode.onnx"


def test_axes_are_those_of_the_inputs_and_outputs(session: Session, signature: GraphSignature) -> None:
    assert session.axes["emissions_BTK"] == ("B", "T", "K")
    assert session.axes["log_prob_B"] == ("B",)
    assert session.axes.keys() == {each.name for each in (*signature.inputs, *signature.outputs)}


@pytest.mark.parametrize(
    ("metadata", "is_packed"), [({}, False), ({"rows": "packed"}, True), ({"rows": "padded"}, False)]
)
def test_a_graph_of_schema_1_says_itself_that_it_is_packed(
    graph: Path, signature: GraphSignature, tmp_path: Path, metadata: dict[str, str], is_packed: bool
) -> None:
    model = onnx.load(graph)
    onnx.helper.set_model_props(model, metadata)
    onnx.save(model, tmp_path / "score.onnx")
    assert Session(tmp_path / "score.onnx", signature, device="cpu").is_packed is is_packed


@pytest.mark.parametrize(
    "changes",
    [
        {"lengths_B": np.array([2, 1], dtype=np.int64)},
        {"allowed_BK": np.array([[True, True, True]])},
        {"emissions_BTK": np.zeros((2, 2), dtype=np.float32)},
        {"extra": np.zeros(1)},
    ],
)
def test_inputs_that_do_not_fit_fail_the_run_and_name_the_graph(
    session: Session, changes: dict[str, NDArray[np.float32]]
) -> None:
    with pytest.raises(ModelRunFailed, match=r"^decode\.onnx: "):
        session.run(INPUTS | changes)
    assert path_of(session) == [[1, 0], [1, 0]]


def test_a_failed_run_leaves_the_session_usable(session: Session) -> None:
    with pytest.raises(ModelRunFailed):
        session.run({})
    assert path_of(session) == [[1, 0], [1, 0]]


def test_the_cpu_is_always_there() -> None:
    assert choose_device("cpu") == "cpu"


def test_auto_is_the_best_device_that_there_is() -> None:
    assert choose_device("auto") == ("cuda" if HAS_CUDA else "cpu")


@without_cuda
def test_a_device_that_is_absent_is_refused_with_what_to_install() -> None:
    version = re.escape(onnxruntime.__version__)
    expected = rf"--device cuda: found ONNX Runtime {version} with .*CPU.*, expected CUDA.*polyparse\[gpu\]"
    with pytest.raises(DeviceUnavailable, match=expected):
        choose_device("cuda")


@without_cuda
def test_a_session_never_falls_back_to_another_device(graph: Path, signature: GraphSignature) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # ONNX Runtime's own, which says the same
        with pytest.raises(DeviceUnavailable, match=r"cuda: ONNX Runtime fell back to CPU.*, expected CUDA"):
            Session(graph, signature, device="cuda")


class Failing:
    """ONNX Runtime's session, as it is after an error of the device."""

    def __init__(self, message: str) -> None:
        self._message = message

    def run(self, *_: object) -> None:
        raise RuntimeError(self._message)

    def io_binding(self) -> None:
        raise RuntimeError(self._message)


@pytest.mark.parametrize(
    ("code", "error"), [(2, ModelRunFailed), (700, DeviceLost)], ids=["too little memory", "a lost device"]
)
def test_a_run_tells_a_lost_device_from_a_failure(
    graph: Path, signature: GraphSignature, code: int, error: type[Exception]
) -> None:
    session = Session(graph, signature, device="cpu")
    session._session = Failing(f"FAIL : CUDA failure {code}: some words ; GPU=0")
    for run in (session.run, session.run_bound):
        with pytest.raises(error, match=rf"^decode\.onnx: .*CUDA failure {code}"):
            run(INPUTS)


def test_a_failed_run_writes_nothing_to_standard_error_itself(
    session: Session, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ModelRunFailed, match=r"^decode\.onnx: "):
        session.run(INPUTS | {"allowed_BK": np.array([[True, True, True]] * 2)})
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("device", "cuda", "chosen"),
    [
        ("cpu", Cuda(is_installed=True, trouble=None), "cpu"),
        ("auto", Cuda(is_installed=True, trouble=None), "cuda"),
        ("cuda", Cuda(is_installed=True, trouble=None), "cuda"),
        ("auto", Cuda(is_installed=False, trouble="found none"), "cpu"),
    ],
)
def test_a_device_is_chosen_without_a_word_where_there_is_nothing_to_say(
    device: Literal["auto", "cpu", "cuda"], cuda: Cuda, chosen: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert choose_device(device, look=lambda: cuda) == chosen
    assert caplog.messages == []


def test_auto_serves_on_the_cpu_where_cuda_is_installed_and_does_not_run_and_says_why(
    caplog: pytest.LogCaptureFixture,
) -> None:
    broken = Cuda(is_installed=True, trouble="found CUDA that does not run (no driver)")
    assert choose_device("auto", look=lambda: broken) == "cpu"
    assert caplog.messages == ["--device auto takes the CPU: found CUDA that does not run (no driver)"]
    with pytest.raises(
        DeviceUnavailable, match=r"^--device cuda: found CUDA that does not run \(no driver\)$"
    ):
        choose_device("cuda", look=lambda: broken)


def test_the_graph_that_cuda_is_tried_with_is_a_sound_one() -> None:
    onnx.checker.check_model(onnx.load_from_string(NEGATE), full_check=True)
    (negated,) = onnxruntime.InferenceSession(NEGATE, providers=[PROVIDERS["cpu"]]).run(
        None, {"x": np.ones(1, np.float32)}
    )
    assert negated.tolist() == [-1.0]


class Runtime:
    """A runtime with some providers, of which CUDA's runs, does not, or is left for another one."""

    __version__ = "1.2.3"

    def __init__(
        self, providers: list[str], *, error: str | None = None, first: str = PROVIDERS["cuda"]
    ) -> None:
        self._providers, self._error, self._first = providers, error, first
        self.asked: list[object] = []

    def get_available_providers(self) -> list[str]:
        return self._providers

    def preload_dlls(self, *, directory: str) -> None:
        self.asked.append(directory)

    def InferenceSession(self, _graph: bytes, *, providers: list[object], enable_fallback: int) -> Runtime:
        assert enable_fallback == 0
        self.asked += providers
        return self

    def run(self, *_: object) -> None:
        if self._error is not None:
            raise RuntimeError(self._error)

    def get_providers(self) -> list[str]:
        return [self._first]


BOTH = [PROVIDERS["cuda"], PROVIDERS["cpu"]]
LACKING = (
    "found ONNX Runtime 1.2.3 with CPUExecutionProvider, "
    "expected CUDAExecutionProvider (install polyparse[gpu] in place of polyparse[cpu])"
)


@pytest.mark.parametrize(
    ("runtime", "found"),
    [
        (Runtime([PROVIDERS["cpu"]]), Cuda(is_installed=False, trouble=LACKING)),
        (Runtime(BOTH), Cuda(is_installed=True, trouble=None)),
        (
            Runtime(BOTH, error="CUDA failure 35: driver too old"),
            Cuda(
                is_installed=True,
                trouble="found CUDA that does not run (CUDA failure 35: driver too old), "
                "expected a device, its driver and its libraries",
            ),
        ),
        (
            Runtime(BOTH, first=PROVIDERS["cpu"]),
            Cuda(
                is_installed=True,
                trouble="found that ONNX Runtime fell back to CPUExecutionProvider, "
                "expected CUDAExecutionProvider; see its messages above",
            ),
        ),
    ],
    ids=["built without", "runs", "no driver", "fell back"],
)
def test_what_a_list_of_providers_says_of_cuda_is_tried(runtime: Runtime, found: Cuda) -> None:
    assert look_for_cuda(runtime) == found
    if found.is_installed:
        assert runtime.asked == ["", (PROVIDERS["cuda"], provider_options(len(NEGATE)))]


def test_a_bound_run_gives_what_a_run_gives(session: Session) -> None:
    bound = session.run_bound(INPUTS, kept=("path_BT",))
    assert isinstance(bound[0], DeviceArray)
    for one, other in zip([bound[0].numpy(), *bound[1:]], session.run(INPUTS), strict=True):
        assert isinstance(one, np.ndarray)
        assert one.dtype == other.dtype
        assert one.tolist() == other.tolist()


def test_what_is_on_the_device_is_read_there(session: Session) -> None:
    marginals = session.run_bound(INPUTS, kept=("path_marginals_BT",))[1]
    assert isinstance(marginals, DeviceArray)
    with pytest.raises(ModelRunFailed, match=r"^decode\.onnx: .*emissions_BTK"):  # it has one axis too few
        session.run_bound(INPUTS | {"emissions_BTK": marginals})


def test_threads_share_a_session_of_bound_runs(session: Session) -> None:
    with ThreadPoolExecutor(4) as pool:
        paths = list(pool.map(lambda _: session.run_bound(INPUTS)[0].tolist(), range(40)))  # type: ignore[union-attr]
    assert paths == [path_of(session)] * 40
