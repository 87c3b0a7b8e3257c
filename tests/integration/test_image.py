"""The image for CPUs is built, runs under the restricted profile, answers, drains, and holds what it should and no more."""

from __future__ import annotations

import json
import re
import shutil
from typing import TYPE_CHECKING

import pytest

from tests.integration.image import BASE, IMAGE, ROOT, SBOM_IMAGE, TOOLS, Container, Images, can_mount
from tests.integration.thinking_callers import BOUND_S, Caller
from tests.k8s.manifests import VERSIONS, only, quantity
from tests.tools import CANNOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = pytest.mark.needs_tools(*TOOLS)
CALLERS = 8
LIMITS = ("--memory=1g", "--cpus=1")
SERVE = ("serve", "--device", "cpu", "--port", "0", "--lame-duck-s", "1", "--max-wait-ms", "60000")
FOLDER = ROOT / "docker"
ROW = re.compile(r"^\| (.+?) \| (\d+) MB \| (.*) \|$", re.MULTILINE)
MOVES = 0.05
"""By how much a size may be another one than README says."""
DISTRIBUTIONS = "import importlib.metadata as m, json; print(json.dumps([(d.name, d.version) for d in m.distributions()]))"
PACKAGES = """
import json
from email.parser import HeaderParser
told = open('/var/lib/dpkg/status').read().strip().split('\\n\\n')
packages = [HeaderParser().parsestr(each) for each in told]
print(json.dumps([(each['Package'], each['Version']) for each in packages if each['Status'] == 'install ok installed']))
"""


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Images]:
    """A store with the image that serves on CPUs."""
    if not can_mount():
        pytest.skip(f"{CANNOT} mount, and so build no image")
    folder = tmp_path_factory.mktemp("images")
    store = Images(folder)
    try:
        store.make_base()
        store.make_context()
        store.build("cpu.Dockerfile", IMAGE, BASE=BASE)
        yield store
    finally:
        store.remove()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="module")
def container(images: Images, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Container]:
    """One that serves with a read-only root, no capability, 1 GiB and one core."""
    log = tmp_path_factory.mktemp("container") / "shared"
    with images.running(IMAGE, log, options=LIMITS, command=SERVE) as started:
        yield started


def test_it_answers_a_golden_utterance(container: Container) -> None:
    with ROOT.joinpath("models/massive/1.8.0-viterbi/golden.jsonl").open(encoding="utf-8") as lines:
        golden = json.loads(next(lines))
    frame = container.parse(golden["text"], locale=golden["locale"]).body
    slots = [[slot["name"], slot["start"], slot["end"]] for slot in frame["slots"]]
    assert (frame["intent"]["name"], slots) == (golden["intent"], golden["slots"])


def test_it_sees_its_limits(container: Container) -> None:
    metrics = container.get("/metrics").body
    threads = re.findall(r'^polyparse_inference_threads\{state="\w+"\} (\d+)', metrics, re.MULTILINE)
    assert sum(map(int, threads)) == 2  # One for light requests, one for heavy ones.
    limit = container.python("from service.memory import available_bytes_here as a; print(a())")
    assert int(limit) < 2**30


def test_it_has_no_capability_and_can_write_nowhere(container: Container) -> None:
    status = container.python("print(open('/proc/self/status').read())")
    assert re.search(r"^Uid:\t10001\t10001\t10001", status, re.MULTILINE)
    assert re.search(r"^CapEff:\t0+$", status, re.MULTILINE)
    assert re.search(r"^NoNewPrivs:\t1$", status, re.MULTILINE)
    write = "try: open('/var/cache/polyparse/x', 'w')\nexcept OSError as error: print(error.strerror)"
    assert container.python(write) == "Read-only file system"


def test_it_holds_no_torch_no_compiler_and_no_pip(container: Container) -> None:
    modules = (
        "import importlib.util as u; print([m for m in ('torch', 'train', 'pip', 'onnx') if u.find_spec(m)])"
    )
    assert container.python(modules) == "[]"
    programs = "import shutil; print([p for p in ('cc', 'gcc', 'g++', 'clang', 'make') if shutil.which(p)])"
    assert container.python(programs) == "[]"


def test_nothing_is_compiled_at_the_start(container: Container) -> None:
    code = "import service.cli as m, pathlib; print(pathlib.Path(m.__cached__).exists())"
    assert container.python(code) == "True"


def test_its_health_check_passes_while_it_serves_and_fails_where_nothing_listens(
    images: Images, container: Container
) -> None:
    kind, program, option, code = images.inspect(IMAGE)["Healthcheck"]["Test"]
    assert (kind, program, option) == ("CMD", "python", "-c")
    assert container.python(code.replace("8080", str(container.port))) == ""
    with pytest.raises(AssertionError, match="refused"):
        container.python(code.replace("8080", "1"))


def test_it_answers_what_came_before_sigterm_and_ends_well(images: Images, tmp_path: Path) -> None:
    with images.running(IMAGE, tmp_path / "drained", options=LIMITS, command=SERVE) as started:
        callers = [Caller(started.port) for _ in range(CALLERS)]
        for caller in callers:
            caller.start()
        for caller in callers:
            assert caller.has_begun.wait(BOUND_S)
        started.terminate()
        for caller in callers:
            caller.join(BOUND_S)
        assert [lost for caller in callers for lost in caller.lost] == []
        assert started.process.wait(BOUND_S) == 0


def test_its_parts_are_those_that_are_told(container: Container) -> None:
    """Names, order and reasons exactly; sizes of Debian's packages move a little."""
    printed = container.python(FOLDER.joinpath("parts.py").read_text(encoding="utf-8"))
    seen, told = (
        ROW.findall(text) for text in (printed, FOLDER.joinpath("README.md").read_text(encoding="utf-8"))
    )
    assert [(part, reason) for part, _, reason in seen] == [(part, reason) for part, _, reason in told]
    assert "?" not in {reason for *_, reason in seen}
    assert [int(size) for _, size, _ in seen] == pytest.approx(
        [int(size) for _, size, _ in told], rel=MOVES, abs=1
    )


def test_its_store_has_no_more_than_its_files(images: Images, container: Container) -> None:
    printed = container.python(FOLDER.joinpath("parts.py").read_text(encoding="utf-8"))
    (whole, *_) = (int(size) for _, size, _ in ROW.findall(printed))
    assert images.inspect(IMAGE)["Size"] == pytest.approx(1e6 * whole, rel=MOVES)


def test_the_manifest_s_limit_of_memory_holds_every_version_at_once(container: Container) -> None:
    status = container.python("print(open('/proc/1/status').read())")
    (resident_kb,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    (server,) = only("Deployment")["spec"]["template"]["spec"]["containers"]
    assert VERSIONS * 1024 * int(resident_kb) < quantity(server["resources"]["limits"]["memory"])


def test_its_bill_of_materials_names_what_is_installed(images: Images, container: Container) -> None:
    images.build("sbom.Dockerfile", SBOM_IMAGE, IMAGE=IMAGE, BASE=BASE)
    bill = json.loads(images.read(SBOM_IMAGE, "polyparse.cdx.json"))
    found = [re.match(r"pkg:(\w+)/", each.get("purl", "")) for each in bill["components"]]
    listed: dict[str, dict[str, str]] = {"deb": {}, "pypi": {}}
    for each, kind in zip(bill["components"], found, strict=True):
        if kind is not None:
            listed[kind[1]][_normal(each["name"])] = each["version"]
    assert listed["pypi"] == _pairs(container.python(DISTRIBUTIONS))
    assert listed["deb"] == _pairs(container.python(PACKAGES))


def _pairs(printed: str) -> dict[str, str]:
    return {_normal(name): version for name, version in json.loads(printed)}


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
