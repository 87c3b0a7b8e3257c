"""What an image is made of, largest parts first, told by its own Python; docker/README.md has what it printed:

    docker run --rm --interactive --entrypoint python polyparse:0.2.0-cpu - < docker/parts.py

Sizes are those of files, uncompressed; one with several names counts once. A part is a distribution of Python, a package of
Debian, or a folder; code that was compiled counts to what it was compiled from.
"""

import os
import stat
import sys
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import distributions
from pathlib import Path

ROWS = 10
FOLDERS = {Path("/srv/models"): "models", Path("/opt/polyparse"): "polyparse", Path("/usr/local"): "Python"}
REST = "no package"
NOT_BASE = (Path("/opt"), Path("/srv"))
"""Where all stands that the base did not bring."""
DPKG = Path("/var/lib/dpkg/info")
CACHE = "__pycache__"
REASONS = {
    "base": "Debian's minimal system with Python, a stand-in for upstream's slim one",
    "numpy": "arrays; two fifths of it is OpenBLAS",
    "onnxruntime": "runs the graphs",
    "botocore": "extra `s3`: descriptions of every service of AWS, of which one is used",
    "models": "the two shipped bundles, so that the image answers at once",
    "coreutils": "the base's commands for a shell; the service calls none",
    "cryptography": "extra `signing`: checks signatures",
    "libpython3.11-stdlib": "the base's Python: its library",
    "uvloop": "the event loop",
    "libc6": "the base's C library, with its tables of character sets",
    "libpython3.11-minimal": "the base's Python: the modules that it starts with",
}
"""Part -> why it is there."""


def main() -> int:
    """Print the table."""
    sizes = parts()
    base = sum(size for (_, is_base), size in sizes.items() if is_base)
    rows = [("whole image", sum(sizes.values()), ""), ("of it the base", base, REASONS["base"])]
    rows += [(part, size, REASONS.get(part, "?")) for (part, _), size in sizes.most_common(ROWS)]
    print("| part | size | why it is there |\n|---|---|---|")
    for part, size, reason in rows:
        print(f"| {part} | {size / 1e6:.0f} MB | {reason} |")
    return 0


def parts() -> Counter[tuple[str, bool]]:
    """(Name of a part, whether the base brought it) -> bytes of its files."""
    owners = owned()
    sizes: Counter[tuple[str, bool]] = Counter()
    seen = set()
    for file, status in files(Path("/")):
        if (inode := (status.st_dev, status.st_ino)) not in seen:
            seen.add(inode)
            is_base = not any(file.is_relative_to(folder) for folder in NOT_BASE)
            sizes[owners.get(_source(file)) or owners.get(file) or _in_folder(file), is_base] += (
                status.st_size
            )
    return sizes


def owned() -> dict[Path, str]:
    """File -> the package that lists it."""
    debian = {
        _real(Path(line)): listing.stem.partition(":")[0]
        for listing in DPKG.glob("*.list")
        for line in listing.read_text(encoding="utf-8").splitlines()
    }
    python = {
        _real(Path(str(each.locate_file(file)))): each.name
        for each in distributions()
        for file in each.files or ()
    }
    return debian | python


def files(top: Path) -> Iterator[tuple[Path, os.stat_result]]:
    """Every regular file below a folder, other file systems than its own left out."""
    device = top.stat().st_dev
    for name, folders, names in os.walk(top):
        folder = Path(name)
        folders[:] = [each for each in folders if (folder / each).lstat().st_dev == device]
        for file in map(folder.joinpath, names):
            status = file.lstat()
            if stat.S_ISREG(status.st_mode):
                yield file, status


def _real(file: Path) -> Path:
    """A file's name without links in its folder: /lib is one, to /usr/lib."""
    return Path(os.path.realpath(file.parent), file.name)


def _source(file: Path) -> Path:
    """What a file was compiled from, if it was."""
    return file.parents[1] / f"{file.name.partition('.')[0]}.py" if file.parent.name == CACHE else file


def _in_folder(file: Path) -> str:
    return next((part for folder, part in FOLDERS.items() if file.is_relative_to(folder)), REST)


if __name__ == "__main__":
    sys.exit(main())
