"""How well utterances of a domain that a model never saw are told from its own: every domain is left out once.

The domains are left out by groups of unlike ones; a small network beside a MaxEnt is trained without each group, on all
locales, and scores all of dev. The weights of the score, and the threshold, that a group is judged by come from the other
groups. With --out, what was trained is kept, and a run that was stopped goes on.
"""

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from benchmarks import command, corpus
from benchmarks.result import Result, Target
from benchmarks.unseen_domains.fold_model import fold_model
from benchmarks.unseen_domains.leave_out import FoldRequest, leave_out
from benchmarks.unseen_domains.report import Findings, judge
from polyparse.errors import ConfigError
from polyparse.inference.ood import SIGNALS
from polyparse.schema import override, unstructure
from train.postprocessing.ood import SIGNAL_WEIGHTS
from train.progress import Progress

TARGETS = {"ood_auroc": Target(">=", 0.90), "refused_share": Target("<=", 0.02)}
REFUSED = 0.015
"""The share of kept utterances that a threshold may refuse where it is chosen; less than the target, which others judge."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = command.parser("benchmarks.unseen_domains", __doc__)
    command.counts(
        parser,
        ("--folds", 6, "groups of domains"),
        ("--members", 1, "networks trained for each group and pooled"),
    )
    parser.add_argument(
        "--out", type=Path, metavar="DIR", help="where the models are kept (default: nowhere)"
    )
    parser.add_argument(
        "--locales", default=",".join(corpus.LOCALES), metavar="a,b", help="locales of the corpus"
    )
    parser.add_argument(
        "--set",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="change one entry of the models' config",
    )
    parser.add_argument(
        "--signals",
        default=",".join(
            name if weight is None else f"{name}={weight:g}" for name, weight in SIGNAL_WEIGHTS.items()
        ),
        metavar="a,b=0.5",
        help=f"what the score is made of, of {', '.join(SIGNALS)}, some by a weight that is given (default: %(default)s)",
    )
    parser.add_argument("--ood", type=Path, metavar="FILE", help="where to write the weights found")
    parser.add_argument("--threads", type=int, metavar="N", help="CPU threads for PyTorch")
    requested = parser.parse_args(argv)
    if requested.threads:
        torch.set_num_threads(requested.threads)
    return command.run(
        lambda: measure(_request(requested), _signals(requested.signals), requested.out, requested.ood),
        json=requested.json,
    )


def measure(
    request: FoldRequest, signals: Mapping[str, float | None], out: Path | None, weights: Path | None
) -> Result:
    """Leave out, judge by these signals, and write the weights where that was asked for."""
    if not corpus.is_present(request.corpus):
        raise ConfigError(
            f"--corpus: found nothing at {request.corpus.partition(':')[2]}, expected a corpus with domains"
        )
    with TemporaryDirectory() as nowhere:
        trials = leave_out(out or Path(nowhere), request, Progress(quiet=True))
        findings = judge(signals, trials, refused=REFUSED)
    if weights is not None:
        weights.write_text(json.dumps(unstructure(findings.ood), indent=1) + "\n", encoding="utf-8")
    return Result("unseen_domains", figures(findings), TARGETS)


def figures(findings: Findings) -> dict[str, float]:
    """The mean area, shares at the threshold, the area of each domain, and the weights over all groups."""
    ood = findings.ood
    return {
        "ood_auroc": findings.mean,
        "refused_share": findings.refused_share,
        "caught_share": findings.caught_share,
        **{f"auroc_{domain}": area for domain, area in findings.auroc.items()},
        "threshold": ood.threshold,
        "bias": ood.bias,
        **{f"weight_{name}": weight for name, weight in ood.weights.items()},
    }


def _request(requested: argparse.Namespace) -> FoldRequest:
    return FoldRequest(
        config=override(fold_model(), requested.set),
        corpus=requested.corpus,
        locales=tuple(requested.locales.split(",")),
        folds=requested.folds,
        members=requested.members,
    )


def _signals(listed: str) -> dict[str, float | None]:
    """Each signal's given weight; None where it is to be found."""
    actual: dict[str, float | None] = {}
    for each in listed.split(","):
        name, gives, weight = each.partition("=")
        if name not in SIGNALS:
            raise ConfigError(f"--signals: found {name!r}, expected some of {', '.join(SIGNALS)}")
        try:
            actual[name] = float(weight) if gives else None
        except ValueError:
            raise ConfigError(f"--signals: {name}: found {weight!r}, expected a number") from None
    return actual


if __name__ == "__main__":
    sys.exit(main())
