"""Changed requests are searched for once, and useless changes are told apart by one search."""

from time import perf_counter

import pytest

from costopt.catalog.catalog import Catalog
from costopt.explain.infeasible import helpful_changes
from costopt.explain.known_plans import KnownPlans
from costopt.planning.search import search
from costopt.planning.tries import Tries
from costopt.workload.limits import Limits
from costopt.workload.request import PlanRequest
from costopt.workload.requirement import Requirement

LIMITED = Requirement(
    demand_per_second=100.0,
    throughput_per_second={"g6.xlarge": 10.0},
    accelerator_types=("L4",),
    vram_gib_per_accelerator=1.0,
)


@pytest.fixture(scope="module")
def one_type(bundled: Catalog) -> Catalog:
    """g6.xlarge in us-east-1, on demand."""
    return bundled.filter(
        providers=["aws"], regions=["us-east-1"], instance_types=["g6.xlarge"],
        purchase_options=["on_demand"],
    )  # fmt: skip


@pytest.fixture
def searches(monkeypatch: pytest.MonkeyPatch) -> list[PlanRequest]:
    """Requests that were searched for, in order."""
    asked: list[PlanRequest] = []

    def counted(workloads: object, request: PlanRequest, catalog: object) -> object:
        asked.append(request)
        return search(workloads, request, catalog)  # type: ignore[arg-type]

    monkeypatch.setattr("costopt.planning.tries.search", counted)
    return asked


def request(**limits: object) -> PlanRequest:
    given = Limits.model_validate({"purchase_options": ("on_demand",)} | limits)
    return PlanRequest(workloads=(LIMITED,), limits=given)


def plans_of(catalog: Catalog) -> KnownPlans:
    return KnownPlans(Tries(catalog=catalog, ends_at=perf_counter() + 60, seconds=10, gap=0.01))


def test_a_plan_near_its_bound_answers_for_a_loose_one_and_not_the_other_way(
    one_type: Catalog, searches: list[PlanRequest]
) -> None:
    plans = plans_of(one_type)
    loose = plans.found(request(), 0.5)
    assert plans.found(request(), 0.5) is loose
    near = plans.found(request(), None)
    assert plans.found(request(), 0.5) is near
    assert len(searches) == 2


def test_a_proof_that_there_is_no_plan_is_made_once(
    one_type: Catalog, searches: list[PlanRequest]
) -> None:
    plans, asked = plans_of(one_type), request(quota={"*": 3})
    assert plans.found(asked, 0.5) is None
    assert plans.is_impossible(asked)
    assert not plans.is_impossible(request())
    assert len(searches) == 2


def test_conditions_that_help_in_no_way_are_proven_useless_by_one_search(
    one_type: Catalog, searches: list[PlanRequest]
) -> None:
    # 100 / 10 = 10 instances, 3 allowed: neither type nor memory stands in the way.
    *_, last = helpful_changes(request(quota={"*": 3}), one_type)
    assert "only accelerator_types or only vram_gib_per_accelerator does not help" in last
    eased = [
        asked
        for asked in searches
        if asked.limits.quota == {"*": 3} and asked.workloads[0].accelerator_types is None  # type: ignore[union-attr]
    ]
    assert len(eased) == 1
