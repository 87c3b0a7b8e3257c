"""`polyparse language --checkpoint DIR`: fit the screen by which a trained model refuses languages that it does not serve.

The screen learns from the training partition of the run's corpus, in the locales of the run and in all others that the
corpus has. What it refuses at most is chosen on dev, as it is and with noise. The command writes languages.npz into the
checkpoint, which `polyparse export` reads; it prints the share refused of dev.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from polyparse.cli.arguments import ArgumentParser, path, stated
from polyparse.errors import ConfigError
from polyparse.outputs import check_folder
from train.checkpoint import Checkpoint
from train.postprocessing.language import fit_to_corpus

if TYPE_CHECKING:
    from collections.abc import Sequence


def main(argv: Sequence[str]) -> int:
    """Exit 0 when languages.npz is written."""
    options = _parser().parse_args(argv)
    checkpoint = Checkpoint(options.checkpoint)
    if not checkpoint.complete:
        raise ConfigError(f"{options.checkpoint}: found no finished run, expected one")
    check_folder(checkpoint.folder, files=["languages.npz"])
    run = checkpoint.run()
    screen = fit_to_corpus(options.corpus or run.corpus, run.locales, say=print)
    checkpoint.save("languages", screen)
    print(f"{options.checkpoint}/languages.npz: threshold {screen.threshold:.4f}")
    return 0


def _parser() -> ArgumentParser:
    parser = ArgumentParser(prog="polyparse language", description=__doc__)
    parser.add_argument("--checkpoint", metavar="DIR", type=path, required=True, help="a finished run")
    parser.add_argument(
        "--corpus",
        metavar="FORMAT:PATH",
        type=stated("FORMAT:PATH"),
        help="where its corpus is now, with further locales (default: where it was when it ran)",
    )
    return parser
