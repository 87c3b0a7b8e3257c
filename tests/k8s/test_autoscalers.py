"""Autoscalers ask for what is served, have the plan's aims, and see a pod that has no room left as full."""

from __future__ import annotations

import json
import re
import subprocess
from typing import TYPE_CHECKING

import pytest
import yaml

from benchmarks.fleet import plan
from benchmarks.fleet.__main__ import KEPT, read_figures
from benchmarks.fleet.plan import DEFAULTS
from service.settings import Settings
from tests.k8s.manifests import FOLDER, only, quantity

if TYPE_CHECKING:
    from pathlib import Path

TOLERANCE = 0.1
"""By which a metric may be off its aim before Kubernetes acts: the default of its autoscaler."""
UTILISATION, BATCHES = "polyparse_utilisation", "polyparse_batch_utilisation"
QUEUE_AGE = "polyparse_queue_age_seconds"


def aims() -> dict[str, float]:
    """Name of a custom metric -> what the autoscaler wants it to be."""
    metrics = [each["pods"] for each in only("HorizontalPodAutoscaler")["spec"]["metrics"]]
    return {each["metric"]["name"]: quantity(each["target"]["averageValue"]) for each in metrics}


def adapter_rules() -> dict[str, str]:
    """Name of a custom metric -> the query that gives it, with what the adapter puts in for pods."""
    values = yaml.safe_load(FOLDER.joinpath("components/hpa/adapter-values.yaml").read_text(encoding="utf-8"))
    put_in = {"<<.GroupBy>>": "pod", "<<.LabelMatchers>>": 'job="polyparse"'}
    return {
        rule["name"]["as"]: re.sub(r"<<\.\w+>>", lambda found: put_in[found[0]], rule["metricsQuery"])
        for rule in values["rules"]["custom"]
    }


def keda_queries() -> list[str]:
    return [each["metadata"]["query"] for each in only("ScaledObject")["spec"]["triggers"]]


def test_the_autoscaler_asks_for_what_the_adapter_serves() -> None:
    assert aims().keys() == adapter_rules().keys()


def test_both_autoscalers_have_the_same_aims() -> None:
    hpa, keda = only("HorizontalPodAutoscaler")["spec"], only("ScaledObject")["spec"]
    assert list(aims().values()) == [float(each["metadata"]["threshold"]) for each in keda["triggers"]]
    assert (hpa["minReplicas"], hpa["maxReplicas"]) == (keda["minReplicaCount"], keda["maxReplicaCount"])
    assert hpa["behavior"] == keda["advanced"]["horizontalPodAutoscalerConfig"]["behavior"]
    assert hpa["scaleTargetRef"] == keda["scaleTargetRef"]


def test_more_replicas_come_before_requests_are_refused() -> None:
    assert aims()[QUEUE_AGE] < Settings().max_wait_ms / 1000


def test_the_aim_is_the_plan_s_utilisation_while_all_zones_are_there() -> None:
    planned = DEFAULTS.utilisation_one_zone_lost * (DEFAULTS.zones - 1) / DEFAULTS.zones
    assert aims()[UTILISATION] == pytest.approx(planned)
    assert only("InferenceService")["spec"]["predictor"]["scaleTarget"] == pytest.approx(100 * planned)


def test_a_lost_zone_leaves_room_by_every_aim() -> None:
    for name in (UTILISATION, BATCHES):
        assert aims()[name] * DEFAULTS.zones / (DEFAULTS.zones - 1) < 1


def test_the_least_replicas_are_the_plan_s() -> None:
    least = only("HorizontalPodAutoscaler")["spec"]["minReplicas"]
    assert least == DEFAULTS.least_pods == only("InferenceService")["spec"]["predictor"]["minReplicas"]
    assert least == plan.fleet(plan.RATES[0], read_figures(KEPT)).pods


def test_a_promote_moves_no_autoscaler() -> None:
    """All of its seconds, its rehearsal's too, within one window of the counter."""
    (window_s,) = {60 * int(minutes) for minutes in re.findall(r"\[(\d+)m\]", adapter_rules()[UTILISATION])}
    added = read_figures(KEPT)["promote_s"] / (window_s * DEFAULTS.cores_per_pod)
    assert added < TOLERANCE * aims()[UTILISATION]


FULL = {
    'process_cpu_seconds_total{job="polyparse",pod="POD"}': "0+120x10",
    **{
        f'polyparse_stage_seconds_sum{{job="polyparse",pod="POD",stage="{stage}"}}': f"0+{seconds}x10"
        for stage, seconds in {"encode": 5, "queue": 500, "score": 80, "decode": 30, "assemble": 10}.items()
    },
    **{
        f'polyparse_inference_threads{{job="polyparse",pod="POD",state="{state}"}}': f"{count}x10"
        for state, count in {"idle": 2, "busy": 2, "hung": 0}.items()
    },
    'polyparse_queue_age_seconds{job="polyparse",pod="POD"}': "0.04x10",
}
"""A pod of two cores, minute by minute, that both are busy in, with light texts: the threads for heavy ones are idle."""
EXPECTED = {UTILISATION: 1.0, BATCHES: 1.0, QUEUE_AGE: 0.04}


@pytest.mark.needs_tools("promtool")
def test_a_pod_whose_cores_are_all_busy_is_full(tmp_path: Path) -> None:
    """Prometheus' own answer to the queries of both autoscalers, of two such pods."""
    rules = adapter_rules()
    series = [
        {"series": name.replace("POD", pod), "values": values}
        for pod in "ab"
        for name, values in FULL.items()
    ]
    asked = [
        {
            "expr": rules[name],
            "eval_time": "5m",
            "exp_samples": [{"labels": f'{{pod="{pod}"}}', "value": value} for pod in "ab"],
        }
        for name, value in EXPECTED.items()
    ]
    asked += [
        {"expr": query, "eval_time": "5m", "exp_samples": [{"labels": "{}", "value": 2 * EXPECTED[name]}]}
        for name, query in zip(aims(), keda_queries(), strict=True)
    ]
    file = tmp_path / "full.json"
    test = {"interval": "1m", "input_series": series, "promql_expr_test": asked}
    file.write_text(json.dumps({"tests": [test]}), encoding="utf-8")
    done = subprocess.run(  # noqa: S603  a tool of Prometheus
        ["promtool", "test", "rules", str(file)],  # noqa: S607
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
