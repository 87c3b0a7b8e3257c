"""`polyparse unpack BUNDLE --corpus CORPUS --out DIR`: a bundle as a finished run, which can teach and be gone on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.cli.arguments import ArgumentParser, path
from train.bundle_start import open_bundle
from train.checkpoint import Checkpoint
from train.cli.run_folder import check_free
from train.unpacked import unpack

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Exit 0 when the run is written."""
    options = _parser().parse_args(argv)
    checkpoint = Checkpoint(options.out)
    check_free(checkpoint, resume=False)
    unpack(open_bundle(options.bundle), checkpoint, options.corpus)
    print(f"{options.out}: {checkpoint.run().config.recipe}, a finished run")
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="polyparse unpack", description=__doc__)
    parser.add_argument("bundle", metavar="BUNDLE", type=path, help="the bundle, as in models/NAME/VERSION")
    parser.add_argument(
        "--corpus",
        required=True,
        metavar="FORMAT:PATH",
        help="what it was trained on; the run keeps its dev split",
    )
    parser.add_argument(
        "--out", required=True, metavar="DIR", type=path, help="the run's folder; must be empty or not exist"
    )
    return parser
