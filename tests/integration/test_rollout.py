"""Pods that are replaced one by one behind a real load balancer, as the manifests have it, lose no request."""

from __future__ import annotations

import pytest

from benchmarks.rollout.__main__ import OVERLAY, REPLICAS, Plan, measure
from benchmarks.rollout.deployment import Deployment, rendered
from tests.integration.server import ROOT

NO_CORPUS = "massive:none"
"""Callers then say the bundle's golden utterances."""


@pytest.mark.needs_tools("haproxy", "kubectl")
def test_a_rolling_restart_and_a_change_of_model_lose_no_request() -> None:
    deployment = Deployment.of(rendered(OVERLAY))
    plan = Plan(rate_per_s=40, by=["connection"], quiet_s=0.5)
    result = measure(ROOT / "models", NO_CORPUS, deployment, plan)
    assert result.passed, result.table()
    assert result.figures["longest_end_s"] > deployment.pre_stop_s
    assert result.figures["requests"] > REPLICAS * deployment.min_ready_s * plan.rate_per_s / 2
