"""From a folder to a model that serves: the one file of the service that knows polyparse's runtime."""

from typing import Literal

from polyparse.bundle import golden
from polyparse.bundle.store import Located
from polyparse.runtime.load import Parser
from service.registry.loaded import Loaded

Device = Literal["auto", "cpu", "cuda"]


def load(located: Located, *, device: Device) -> Loaded:
    """Verify and load a bundle, and check its golden frames; one thread a run, since lanes run side by side.

    Raises:
        BundleError: a file of the bundle is wrong, or its golden frames are; the file is named.
        DeviceUnavailable: the device asked for is absent.
    """
    parser = Parser.load(located.bundle, digest=located.digest, device=device, threads=1)
    parser.check_golden()
    return Loaded(parser, golden.load(located.bundle / parser.manifest.golden)[0])
