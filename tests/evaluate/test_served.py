"""Software, shared prompts and drafts count in plans and in their check alike."""

from typing import Any

import pytest

from costopt.catalog.catalog import Catalog
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.batch import BatchInference
from costopt.workload.limits import Limits
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import RequestSize, Traffic

MODEL: dict[str, Any] = {"model": "meta-llama/Llama-3.1-8B-Instruct", "precision": ("bf16",)}
SIZES = (
    RequestSize(input_tokens=500, output_tokens=100, share_fraction=0.6),
    RequestSize(input_tokens=1500, output_tokens=300, share_fraction=0.4),
)
DRAFT: dict[str, Any] = {"speculative_tokens": 3, "acceptance_fraction": 0.7}
SETUPS: tuple[dict[str, Any], ...] = (
    {"software": "vendor_tuned"},
    {"software": "framework"},
    {"prefix_cache_fraction": 0.5},
    DRAFT,
    DRAFT | {"draft_time_fraction": 0.05, "prefix_cache_fraction": 0.3},
)
NO_SPOT = Limits(max_spot_fraction=0.0)


def service_plan(few: Catalog, given: dict[str, Any]) -> Plan:
    service = InferenceService(
        **MODEL,
        traffic=Traffic.from_sizes(SIZES, requests_per_second=20),
        max_ttft_ms=1500,
        max_tpot_ms=60,
        **given,
    )
    return optimize(service, few, limits=NO_SPOT).require()


def batch_plan(few: Catalog, given: dict[str, Any]) -> Plan:
    batch = BatchInference(**MODEL, sizes=SIZES, requests=400_000, deadline_hours=6, **given)
    return optimize(batch, few, limits=NO_SPOT).require()


@pytest.mark.parametrize("given", SETUPS)
@pytest.mark.parametrize("plan", [service_plan, batch_plan])
def test_plan_is_recomputed_the_same(few: Catalog, plan: Any, given: dict[str, Any]) -> None:
    found = Plan.from_json(plan(few, given).to_json())

    assert evaluate_plan(found, few).violations == ()


@pytest.mark.parametrize("plan", [service_plan, batch_plan])
def test_less_work_costs_less_and_slower_software_more(few: Catalog, plan: Any) -> None:
    plain, slow, shared = (
        plan(few, given).cost_total
        for given in ({}, {"software": "framework"}, {"prefix_cache_fraction": 0.5})
    )

    assert shared < plain < slow


def test_rates_without_the_setup_do_not_hold(few: Catalog, asked_otherwise: Any) -> None:
    plan = service_plan(few, {"prefix_cache_fraction": 0.5})
    plain = plan.request.workloads[0].model_copy(update={"prefix_cache_fraction": 0.0})

    violations = asked_otherwise(plan, workloads=(plain,)).violations

    assert any("loaded to" in text for text in violations)


def test_plan_names_what_is_not_the_default(few: Catalog) -> None:
    told: dict[str, Any] = {"software": "vendor_tuned", "prefix_cache_fraction": 0.3}
    plan = service_plan(few, told | DRAFT | {"draft_time_fraction": 0.05})
    plain = service_plan(few, {})

    assert (
        "Assumed: served by the vendor's tuned software; 30 % of every prompt is shared and in the"
        in str(plan)
    )
    assert "3 drafted tokens a step, 70 % of them accepted, each in 5 % of a" in " ".join(
        str(plan).split()
    )
    assert "<p>Assumed: served by" in plan._repr_html_()
    assert "Assumed" not in str(plain)
