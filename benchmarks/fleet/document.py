"""The part of k8s/README.md that the plan fills in, between two marks."""

from pathlib import Path

from benchmarks.command import ROOT
from benchmarks.errors import MeasurementFailed

README = ROOT / "k8s" / "README.md"
BEGIN = "<!-- python -m benchmarks.fleet --plan: begin -->"
END = "<!-- end -->"


def block(document: str) -> str:
    """What stands between the marks; MeasurementFailed where they are not there once, in their order."""
    begins, found, after = document.partition(BEGIN)
    inside, ends, _ = after.partition(END)
    if not found or not ends or BEGIN in after or END in begins:
        raise MeasurementFailed(f"found no place for the plan, expected {BEGIN} and then {END}, each once")
    return inside.strip("\n")


def filled(document: str, plan: str) -> str:
    """The document with the plan between the marks."""
    block(document)
    before, _, after = document.partition(BEGIN)
    return f"{before}{BEGIN}\n\n{plan}\n\n{END}{after.partition(END)[2]}"


def write(plan: str, file: Path = README) -> None:
    """Fill the plan into a file; MeasurementFailed where it has no place for it."""
    file.write_text(filled(file.read_text(encoding="utf-8"), plan), encoding="utf-8")
