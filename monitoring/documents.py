"""Rules as files: what Prometheus reads, and the PrometheusRule of its operator on Kubernetes."""

from collections.abc import Sequence
from typing import Any

import yaml

from loadtest.slo import SHIPPED, Slo
from loadtest.toml_file import read
from monitoring import drift, objective, operation, release
from monitoring.rule import Alert, Record, RuleGroup, scaled

RUNBOOKS = "docs/runbooks"
"""Where runbooks stand: a folder of the repository, or the URL at which it is published."""
NOTE = "# Written by `python -m monitoring`: edit the tables in monitoring/*.py and run it again.\n"


def groups(
    *, scale: float = 1, memory_limit_bytes: int = operation.MEMORY_LIMIT_BYTES
) -> tuple[RuleGroup, ...]:
    """All groups, for the shipped objective and so much memory a process, with windows `scale` times as long."""
    of_operation = operation.groups(memory_limit_bytes)
    shipped = (*objective.groups(read(Slo, SHIPPED)), *of_operation, *release.GROUPS, *drift.GROUPS)
    return tuple(
        RuleGroup(group.name, tuple(scaled(rule, scale) for rule in group.rules)) for group in shipped
    )


def rules_file(chosen: Sequence[RuleGroup], kind: type[Record | Alert], runbooks: str = RUNBOOKS) -> str:
    """The groups of one kind of rule as a file for `rule_files` of Prometheus."""
    return _yaml(
        {"groups": [_group(group, runbooks) for group in chosen if isinstance(group.rules[0], kind)]}
    )


def prometheus_rule(chosen: Sequence[RuleGroup], runbooks: str = RUNBOOKS) -> str:
    """All rules as an object of monitoring.coreos.com/v1."""
    return _yaml(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {"name": "polyparse", "labels": {"app.kubernetes.io/name": "polyparse"}},
            "spec": {"groups": [_group(group, runbooks) for group in chosen]},
        }
    )


def _group(group: RuleGroup, runbooks: str) -> dict[str, Any]:
    return {"name": group.name, "rules": [_rule(rule, runbooks) for rule in group.rules]}


def _rule(rule: Record | Alert, runbooks: str) -> dict[str, Any]:
    if isinstance(rule, Record):
        labels = {"labels": dict(rule.labels)} if rule.labels else {}
        return {"record": rule.name, "expr": rule.expr, **labels}
    return {
        "alert": rule.name,
        "expr": rule.expr,
        "for": rule.holds_for,
        "labels": {"severity": rule.severity},
        "annotations": {
            "summary": rule.summary,
            "description": rule.description,
            "runbook_url": f"{runbooks}/{rule.name}.md",
        },
    }


def _yaml(document: dict[str, Any]) -> str:
    text: str = yaml.safe_dump(document, sort_keys=False, width=120, allow_unicode=True)
    return NOTE + text
