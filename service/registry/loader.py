"""From a folder to a version that serves: the one file of the service that knows polyparse's runtime."""

from typing import Literal

from polyparse.bundle.store import Located
from polyparse.runtime.load import load as load_bundle
from service.registry.loaded import Loaded, ModelVersion

Device = Literal["auto", "cpu", "cuda"]


def load(located: Located, *, device: Device) -> Loaded:
    """Verify and load a bundle, and check its golden frames; one thread a run, since inference threads run side by side.

    Raises:
        BundleError: a file of the bundle is wrong, or its golden frames are; the file is named.
        DeviceUnavailable: the device asked for is absent.
    """
    bundle = load_bundle(located.bundle, digest=located.digest, device=device, threads=1)
    bundle.check_golden()
    identity = ModelVersion(bundle.manifest.name, bundle.manifest.version, bundle.digest)
    return Loaded(identity, bundle.parser, bundle.device, bundle.golden()[0])
