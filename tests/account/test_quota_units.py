"""Quotas in vCPUs and accelerators: weighed in the program, recomputed in the check, told."""

import json
from typing import Any

import pytest

from costopt.account.account import Account
from costopt.account.records import Quota
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement


def rented(plan: Plan) -> dict[str, int]:
    """Instance type -> instances."""
    return {line.offer.instance_type: line.count for line in plan.lines}


def limited(**fields: Any) -> Limits:
    """Limits with one quota."""
    return Limits(**fields)


def test_the_types_have_the_sizes_that_the_arithmetic_below_counts_with(three: Catalog) -> None:
    facts = three.joined_offers.set_index("instance_type")
    columns = ["vcpus", "memory_gib", "accelerator_count"]
    sizes = {kind: tuple(facts.loc[kind, columns]) for kind in facts.index}
    assert sizes == {
        "p5.4xlarge": (16.0, 256.0, 1.0),
        "g6e.xlarge": (4.0, 32.0, 1.0),
        "g6e.12xlarge": (48.0, 384.0, 4.0),
    }


def test_a_quota_in_vcpus_weighs_each_instance_by_its_vcpus(
    three: Catalog, seventy: Requirement
) -> None:
    """7 x g6e take 28; of 27, 6 leave 10 of 70: one p5 (16) + 2 x g6e (8) = 24 serve 55 only,
    p5 + 4 x g6e take 32. With 31: 2 x p5 take 32. So 27 and 31 leave nothing; 28 does."""
    for vcpus, found in ((28, {"g6e.xlarge": 7}), (27, {}), (31, {"g6e.xlarge": 7})):
        plan = optimize(seventy, three, limits=limited(vcpu_quota={"aws/us-east-1/*": vcpus}))
        assert rented(plan) == found
    quota = {"aws/us-east-1/g6e.*": 8, "p5.*": 32}
    plan = optimize(seventy, three, limits=limited(vcpu_quota=quota))
    assert rented(plan) == {"p5.4xlarge": 2}
    assert evaluate_plan(Plan.from_json(plan.to_json()), three).violations == ()


def test_a_quota_in_accelerators_weighs_each_instance_by_its_accelerators(
    three: Catalog,
) -> None:
    """g6e.12xlarge works 30 with 4 accelerators, g6e.xlarge 10 with 1: 5 of one for 50."""
    work = Requirement(
        throughput_per_second={"g6e.12xlarge": 60.0, "g6e.xlarge": 10.0}, demand_per_second=50.0
    )
    plan = optimize(work, three, limits=limited(accelerator_quota={"g6e.*": 4}))
    assert rented(plan) == {"g6e.12xlarge": 1}
    plan = optimize(work, three, limits=limited(accelerator_quota={"g6e.*": 5}))
    assert rented(plan) == {"g6e.xlarge": 5}
    plan = optimize(work, three, limits=limited(accelerator_quota={"g6e.*": 3}))
    assert not plan.has_answer


def test_equal_nodes_are_weighed_too(three: Catalog) -> None:
    """Three nodes: 3 x g6e.xlarge take 12 vCPUs, 3 x p5 48, 3 x g6e.12xlarge 144."""
    node = Requirement(nodes=3, accelerators_per_node=1)
    plan = optimize(node, three, limits=limited(vcpu_quota={"*": 12}))
    assert rented(plan) == {"g6e.xlarge": 3}
    plan = optimize(node, three, limits=limited(vcpu_quota={"*": 48, "g6e.xlarge": 11}))
    assert rented(plan) == {"p5.4xlarge": 3}
    assert evaluate_plan(plan, three).violations == ()


def test_a_plan_that_takes_more_vcpus_than_its_quota_does_not_hold(
    three: Catalog, seventy: Requirement
) -> None:
    plan = optimize(seventy, three, limits=limited(vcpu_quota={"g6e.xlarge": 28}))
    less = plan.request.limits.model_copy(update={"vcpu_quota": {"g6e.xlarge": 27}})
    changed = plan.model_copy(update={"request": plan.request.model_copy(update={"limits": less})})
    told = " ".join(evaluate_plan(changed, three).violations)
    assert "vcpu_quota g6e.xlarge: 28 vCPUs, 27 allowed" in told


def test_a_quota_that_is_used_up_is_named(three: Catalog, seventy: Requirement) -> None:
    plan = optimize(seventy, three, limits=limited(vcpu_quota={"g6e.xlarge": 28}))
    assert "vcpu_quota g6e.xlarge: 28 of 28 vCPUs" in plan.explain().binding


def test_a_quota_below_one_instance_excludes_with_the_words_of_the_increase_request(
    three: Catalog, seventy: Requirement
) -> None:
    """3 of 64 vCPUs are left; one g6e.xlarge takes 4, one g6e.12xlarge 48."""
    quota = Quota(
        key="aws/us-east-1/g6e.*/on_demand|owned", limit=64, used=61, unit="vcpus",
        name="L-DB2E81BA G and VT",
    )  # fmt: skip
    words = (
        "raise 'L-DB2E81BA G and VT' for aws/us-east-1/g6e.*/on_demand|owned at the provider: 3 "
        "of 64 vCPUs are left, one g6e.xlarge takes 4"
    )
    plan = optimize(seventy, three, account=Account(quotas=(quota,)))
    (excluded,) = (item for item in plan.exclusions if item.reason == "quota")
    assert (excluded.offers, excluded.text) == (2, f"with no quota left for one ({words})")
    assert rented(plan) == {"p5.4xlarge": 2}
    only = Requirement(throughput_per_second={"g6e.xlarge": 10.0}, demand_per_second=70.0)
    assert optimize(only, three, account=Account(quotas=(quota,))).unanswered_because[-1] == words


def test_what_the_account_leaves_of_each_unit_limits_the_plan(three: Catalog) -> None:
    key = "aws/us-east-1/g6e.*"
    account = Account(
        quotas=(
            Quota(key=key, limit=64, used=24, unit="vcpus", name="vCPUs"),
            Quota(key=key, limit=9, used=1, unit="accelerators", name="L40S"),
            Quota(key=key, limit=5, name="instances"),
        )
    )
    limits = account.limiting(Limits(vcpu_quota={key: 50}), three)
    assert (limits.vcpu_quota, limits.accelerator_quota) == ({key: 40}, {key: 8})
    assert limits.quota == {key: 5}
    assert account.limiting(limits, three) == limits


def test_an_offer_whose_vcpus_are_not_known_takes_no_part_under_a_quota_of_vcpus(
    bundled: Catalog,
) -> None:
    joined = bundled.joined_offers
    unknown = joined[joined["vcpus"].isna() & (joined["purchase_option"] == "on_demand")].iloc[0]
    one = bundled.filter(
        providers=[unknown["provider"]], regions=[unknown["region"]],
        instance_types=[unknown["instance_type"]], purchase_options=["on_demand"],
    )  # fmt: skip
    assert optimize(Requirement(), one).has_answer
    plan = optimize(Requirement(), one, limits=Limits(vcpu_quota={"gcp/*": 10**6}))
    assert [item.reason for item in plan.exclusions if item.offers] == ["quota_unknown"]
    assert not plan.has_answer


def test_a_quota_on_spend_adds_up_one_currency_only(bundled: Catalog) -> None:
    aws = bundled.filter(providers=["aws"], purchase_options=["on_demand"])
    with pytest.raises(InvalidInputError, match=r"aws/\*/\* adds up CNY and USD; narrow its key"):
        optimize(Requirement(), aws, limits=Limits(spend_quota_per_hour={"aws/*/*": 5.0}))


def test_a_quota_on_spend_limits_the_prices_together(three: Catalog, seventy: Requirement) -> None:
    """13.027 for 7 x g6e fit into 13.1; into 13 neither they nor 13.76 for 2 x p5 do."""
    plan = optimize(seventy, three, limits=Limits(spend_quota_per_hour={"aws/*": 13.1}))
    assert rented(plan) == {"g6e.xlarge": 7}
    plan = optimize(seventy, three, limits=Limits(spend_quota_per_hour={"aws/*": 13.0}))
    assert not plan.has_answer
    assert "spend_quota_per_hour" in json.dumps(plan.unanswered_because)
