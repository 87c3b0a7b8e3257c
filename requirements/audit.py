"""Look up every pinned version in a database of known vulnerabilities: python requirements/audit.py [FILE ...].

It says "clean" only of pins that were looked up, and only once the database has shown that it knows a vulnerability: an
auditor whom nothing answers finds nothing either. Exit status: 0 clean; 1 vulnerable; 2 wrong usage; 3 not audited.
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).parent
PROGRAM = "pip-audit"
SERVICES = ("pypi", "osv")
"""Databases, in the order in which they are asked: the next one where one cannot be."""
CLEAN, VULNERABLE, NOT_AUDITED = 0, 1, 3
BOUND_S = 1800.0
MOST_SAID = 300
PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==(\S+)")


class Pin(NamedTuple):
    """A distribution at a version, its name as PyPI normalises it."""

    name: str
    version: str


KNOWN_BAD = Pin("urllib3", "1.24.1")
"""Has been known to be vulnerable since 2019 (CVE-2019-11324): a database that does not say so is none."""

Report = Mapping[str, Any]
"""What pip-audit writes as JSON."""
Look = Callable[[Sequence[Pin], str], Report]
"""Looks pins up in the database of a service; raises NotAudited."""


class NotAudited(Exception):  # noqa: N818 - named after what it tells
    """Nobody could be asked; the message says why."""


class Verdict(NamedTuple):
    """An exit status, and lines for people."""

    status: int
    lines: tuple[str, ...]


def pins_of(files: Iterable[Path]) -> list[Pin]:
    """Every pin of some files of requirements, each once, in order; ValueError for a line that is none."""
    pins = set()
    for file in files:
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if not (text := line.partition("#")[0].strip()):
                continue
            if (found := PIN.match(text)) is None:
                raise ValueError(f"{file}:{number}: found {text!r}, expected NAME==VERSION")
            pins.add(Pin(normal(found[1]), found[2]))
    return sorted(pins)


def audit(pins: Sequence[Pin], look: Look) -> Verdict:
    """Look pins up in the first database that knows what is known."""
    reasons = []
    for service in SERVICES:
        try:
            check_knows(look, service)
            return judge(pins, found(look(pins, service)), service)
        except NotAudited as error:
            reasons.append(f"not audited by {service}: {error}")
    return Verdict(
        NOT_AUDITED,
        (*reasons, f"not audited: none of {len(pins)} pins could be looked up; this says nothing of them"),
    )


def check_knows(look: Look, service: str) -> None:
    """Raise NotAudited for a database that does not know what is known."""
    if not found(look([KNOWN_BAD], service)).get(KNOWN_BAD):
        raise NotAudited(f"found nothing on {KNOWN_BAD.name} {KNOWN_BAD.version}, which is vulnerable")


def judge(pins: Sequence[Pin], known: Mapping[Pin, Sequence[str]], service: str) -> Verdict:
    """What is to be said of pins, given the vulnerabilities of those that were looked up. Pure."""
    left_out = [pin for pin in pins if pin not in known]
    bad = [pin for pin in pins if known.get(pin)]
    lines = [f"vulnerable: {pin.name} {pin.version}: {', '.join(known[pin])}" for pin in bad]
    lines += [f"not audited: {pin.name} {pin.version}: {service} does not know it" for pin in left_out]
    if bad:
        lines.append(f"vulnerable: {len(bad)} of {len(pins)} pins; not audited: {len(left_out)}")
        return Verdict(VULNERABLE, tuple(lines))
    if left_out or not pins:
        lines.append(
            f"not audited: {len(left_out)} of {len(pins)} pins; the others have no known vulnerability"
        )
        return Verdict(NOT_AUDITED, tuple(lines))
    return Verdict(CLEAN, (f"clean: {len(pins)} pins, none with a vulnerability that {service} knows",))


def found(report: Report) -> dict[Pin, list[str]]:
    """Identifiers of the vulnerabilities of every pin that was looked up; NotAudited for no report."""
    try:
        looked_up = [each for each in report["dependencies"] if "skip_reason" not in each]
        return {
            Pin(normal(each["name"]), each["version"]): [vuln["id"] for vuln in each["vulns"]]
            for each in looked_up
        }
    except (KeyError, TypeError) as error:
        raise NotAudited(f"found no report of {PROGRAM} ({error!r})") from error


def look_up(pins: Sequence[Pin], service: str) -> Report:
    """Ask pip-audit."""
    if (program := shutil.which(PROGRAM)) is None:
        raise NotAudited(f"found no {PROGRAM} on PATH (make audit brings it)")
    with tempfile.TemporaryDirectory() as folder:
        file, out = Path(folder, "pins.txt"), Path(folder, "report.json")
        file.write_text("".join(f"{pin.name}=={pin.version}\n" for pin in pins), encoding="utf-8")
        command = [
            program,
            "--requirement",
            str(file),
            "--no-deps",
            "--disable-pip",
            "--vulnerability-service",
            service,
        ]
        try:
            done = subprocess.run(  # noqa: S603  our own pins
                [*command, "--progress-spinner=off", "--format=json", f"--output={out}"],
                capture_output=True,
                text=True,
                timeout=BOUND_S,
                check=False,
            )
            return dict(json.loads(out.read_text(encoding="utf-8")))
        except subprocess.TimeoutExpired:
            raise NotAudited(f"found no answer within {BOUND_S:g} s") from None
        except (OSError, ValueError):
            said = "".join(done.stderr.strip().splitlines()[-1:])[:MOST_SAID]
            raise NotAudited(f"{PROGRAM} ended with {done.returncode}: {said}") from None


def normal(name: str) -> str:
    """A distribution's name as PyPI compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def files_here() -> list[Path]:
    """The files beside this one that pin distributions of PyPI."""
    return [file for file in sorted(FOLDER.glob("*.txt")) if file.name != "integration-apt.txt"]


def main(argv: Sequence[str] | None = None) -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument(
        "files", nargs="*", type=Path, metavar="FILE", help="pins (default: all of requirements/)"
    )
    options = parser.parse_args(argv)
    try:
        pins = pins_of(options.files or files_here())
    except (OSError, ValueError) as error:
        parser.error(str(error))
    verdict = audit(pins, look_up)
    print("\n".join(verdict.lines))
    return verdict.status


if __name__ == "__main__":
    sys.exit(main())
