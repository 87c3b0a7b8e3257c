"""`polyparse export --checkpoint DIR --out DIR`: export a finished checkpoint as a bundle that passes its gates."""

from __future__ import annotations

from typing import TYPE_CHECKING

from model_export.bundle.request import Request
from model_export.bundle.write import write_bundle
from polyparse.bundle.manifest import is_folder_name
from polyparse.cli.arguments import ArgumentParser, path, stated
from train.checkpoint import Checkpoint

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Exit 0 when the bundle is written."""
    options = _parser().parse_args(argv)
    out = options.out.absolute()
    parent = out.parent.name
    request = Request(
        name=options.name or (parent if is_folder_name(parent) else out.name),
        version=options.version or out.name,
        precision=options.precision,
        approximate=options.approximate,
        refuse=not options.no_refusal,
        data=options.data,
        licence=options.licence,
    )
    written = write_bundle(Checkpoint(options.checkpoint), out, request, say=print)
    size = sum(record.size for record in written.files.values())
    print(f"{out}: {written.name} {written.version}, {size / 1e6:.2f} MB, decodes by {written.decode_head}")
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="polyparse export", description=__doc__)
    parser.add_argument(
        "--checkpoint", required=True, metavar="DIR", type=path, help="what `polyparse train` wrote"
    )
    parser.add_argument(
        "--out",
        required=True,
        metavar="DIR",
        type=path,
        help="the bundle's folder, as in models/NAME/VERSION; must not exist",
    )
    parser.add_argument(
        "--name", type=stated("a name"), help="name of the model; the parent folder's by default"
    )
    parser.add_argument(
        "--version", type=stated("a version"), help="version of the bundle; the folder's name by default"
    )
    parser.add_argument(
        "--precision", choices=("small", "float32"), default="small", help="how weights are stored"
    )
    parser.add_argument(
        "--approximate", choices=("ain",), help="decode a CRF by mean field in place of Viterbi"
    )
    parser.add_argument(
        "--no-refusal",
        action="store_true",
        help="refuse nothing, unless `polyparse ood` chose a score for the checkpoint (default: refuse what is foreign)",
    )
    parser.add_argument("--data", metavar="TEXT", help="what the card calls the corpus; its path by default")
    parser.add_argument("--licence", metavar="TEXT", help="licence of the corpus, for the card")
    return parser
