"""Write the rules and the dashboard anew.

python -m monitoring                                              # what is committed
python -m monitoring --runbooks https://pages.example/runbooks --out DIR
python -m monitoring --memory-limit-bytes 4294967296 --out DIR    # for processes that may have 4 GiB
python -m monitoring --scale 0.01 --out DIR                       # to rehearse a page within seconds
"""

import argparse
import math
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from monitoring.dashboard import dashboard
from monitoring.documents import RUNBOOKS, groups, prometheus_rule, rules_file
from monitoring.operation import MEMORY_LIMIT_BYTES
from monitoring.rule import Alert, Record

HERE = Path(__file__).parent


def files(
    *, scale: float = 1, runbooks: str = RUNBOOKS, memory_limit_bytes: int = MEMORY_LIMIT_BYTES
) -> Mapping[str, str]:
    """The text of every file that is written, by its name in the folder."""
    chosen = groups(scale=scale, memory_limit_bytes=memory_limit_bytes)
    return {
        "rules/recording.yaml": rules_file(chosen, Record, runbooks),
        "rules/alerts.yaml": rules_file(chosen, Alert, runbooks),
        "prometheus-rule.yaml": prometheus_rule(chosen, runbooks),
        "dashboard.json": dashboard(),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m monitoring",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument(
        "--scale", type=_positive, default=1, metavar="FACTOR", help="by which all windows are multiplied"
    )
    parser.add_argument(
        "--memory-limit-bytes",
        type=_whole,
        default=MEMORY_LIMIT_BYTES,
        metavar="N",
        help=f"what a process may have (default: {MEMORY_LIMIT_BYTES})",
    )
    parser.add_argument(
        "--runbooks", default=RUNBOOKS, metavar="URL", help="where docs/runbooks is published"
    )
    parser.add_argument(
        "--out", type=Path, default=HERE, metavar="DIR", help="where to write (default: monitoring/)"
    )
    options = parser.parse_args(argv)
    written = files(
        scale=options.scale, runbooks=options.runbooks, memory_limit_bytes=options.memory_limit_bytes
    )
    for name, text in written.items():
        file = options.out / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return 0


def _positive(text: str) -> float:
    number = float(text)
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"found {text}, expected a number above 0")
    return number


def _whole(text: str) -> int:
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"found {text}, expected at least 1")
    return number


if __name__ == "__main__":
    sys.exit(main())
