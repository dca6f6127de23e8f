"""What limits promise of spot losses: what belongs together, and whom it concerns."""

import re
from typing import Any

import pytest

from costopt.errors import InvalidInputError
from costopt.workload.limits import Limits
from costopt.workload.request import PlanRequest
from costopt.workload.requirement import Requirement
from costopt.workload.spot_promises import SpotPromises
from costopt.workload.training import FineTuneJob

DEMAND = Requirement(demand_per_second=5, throughput_per_second={"g5.xlarge": 2})
NODES = Requirement(nodes=2)
JOB = FineTuneJob(
    model="meta-llama/Llama-3.1-8B-Instruct",
    method="lora",
    tokens=1e6,
    sequence_length=1024,
    deadline_hours=5,
)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"survive_pool_losses": 1}, "served_after_loss what is then left: give both"),
        ({"served_after_loss": 0.8}, "survive_pool_losses says how many pools may be lost"),
        ({"survive_pool_losses": 0, "served_after_loss": 0.8}, "must be above 0"),
        ({"survive_pool_losses": 1, "served_after_loss": 0.0}, "must be above 0"),
        ({"survive_pool_losses": 1, "served_after_loss": 1.1}, "must be at most 1"),
        ({"availability": 1.0}, "must be below 1"),
        ({"availability": 0.0}, "must be above 0"),
        ({"availability": float("nan")}, "must be a finite number"),
        ({"min_pools": 0}, "must be above 0"),
        ({"failure_group": "rack", "min_pools": 2}, "allowed: pool, zone, region"),
        (
            {"failure_group": "zone"},
            "give survive_pool_losses and served_after_loss, or min_pools",
        ),
        (
            {"survive_pool_losses": 1, "served_after_loss": 1.0, "purchase_options": ("spot",)},
            "allows only spot, but served_after_loss is 1",
        ),
    ],
)
def test_limits_that_contradict_themselves_are_refused(given: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidInputError, match=re.escape(said)):
        Limits(**given)


@pytest.mark.parametrize(
    ("workload", "said"),
    [(JOB, "limit max_spot_fraction or deadline_hours"), (NODES, "give demand_per_second")],
)
def test_promises_for_what_is_no_service_are_refused_with_what_to_use(
    workload: FineTuneJob | Requirement, said: str
) -> None:
    with pytest.raises(InvalidInputError, match=said):
        PlanRequest(workloads=(workload,), limits=Limits(availability=0.9))
    own = workload.model_copy(update={"limits": Limits(min_pools=2)})
    with pytest.raises(InvalidInputError, match="min_pools"):
        PlanRequest(workloads=(own,))


def test_a_service_beside_a_job_has_promises_in_its_own_limits() -> None:
    own = DEMAND.model_copy(update={"limits": Limits(availability=0.9)})
    assert PlanRequest(workloads=(own, JOB)).workloads[0].limits.availability == 0.9


def test_of_a_workload_and_a_request_the_stricter_of_each_promise_counts() -> None:
    own = Limits(survive_pool_losses=2, served_after_loss=0.6, min_pools=3)
    shared = Limits(
        survive_pool_losses=1, served_after_loss=0.9, failure_group="zone", availability=0.8
    )
    joined = SpotPromises.of(own, shared)
    assert joined == SpotPromises.of(shared, own)
    assert joined == SpotPromises(
        losses=2, served_fraction=0.9, failure_group="zone", min_groups=3, availability=0.8
    )
    assert joined.max_lost_fraction == pytest.approx(0.1)


def test_limits_without_promises_promise_nothing() -> None:
    assert SpotPromises.of(Limits(), Limits()) == SpotPromises()
    assert SpotPromises.of(Limits(), Limits()).max_lost_fraction == 1


def test_the_number_of_losses_and_what_they_leave_are_dropped_together() -> None:
    limits = Limits(survive_pool_losses=1, served_after_loss=0.9, min_pools=2)
    assert limits.without("served_after_loss") == Limits(min_pools=2)
    assert limits.without("survive_pool_losses") == Limits(min_pools=2)
    assert limits.promises == ("survive_pool_losses", "served_after_loss", "min_pools")
