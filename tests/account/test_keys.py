"""Keys of an account and of a request: alternatives, case, unknown names, short forms."""

from typing import Any

import pytest

from costopt.account.account import Account
from costopt.account.records import PriceStep, Quota
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.evaluate.check import evaluate_plan
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement


def quota(key: str, **more: Any) -> Quota:
    """A quota of no instance at all, unless more is said."""
    return Quota(**{"key": key, "limit": 0, "name": "G instances", **more})


def excluded(catalog: Catalog, limits: Limits) -> set[str]:
    """Instance types that quotas of 0 exclude."""
    found = set()
    for kind in catalog.offers["instance_type"]:
        one = catalog.filter(instance_types=[kind])
        plan = optimize(Requirement(nodes=1), one, limits=limits)
        if any(item.reason == "quota" for item in plan.exclusions):
            found.add(kind)
    return found


def test_alternatives_in_any_part_of_a_key_count_whatever_the_case(three: Catalog) -> None:
    account = Account(quotas=(quota("AWS|gcp/us-east-1/P5.*|g6e.XLARGE/on_demand|owned"),))
    assert excluded(three, account.limiting(Limits(), three)) == {"p5.4xlarge", "g6e.xlarge"}


def test_a_discount_reaches_every_alternative(three: Catalog) -> None:
    step = PriceStep(key="aws/*/p5.4xlarge|g6e.xlarge", step="percent", amount=50.0)
    offers = Account(steps=(step,)).priced(three).offers.set_index("instance_type")
    paid = offers["effective_per_hour"].to_dict()
    assert paid == pytest.approx({"p5.4xlarge": 3.44, "g6e.xlarge": 0.9305,
                                  "g6e.12xlarge": 10.49264})  # fmt: skip


def test_an_unknown_alternative_that_a_person_wrote_names_the_nearest(three: Catalog) -> None:
    account = Account(quotas=(quota("aws/us-east-1/g6e.xlarge|p5.4xlrge"),))
    with pytest.raises(UnknownNameError, match=r"'p5\.4xlrge'\. Did you mean p5\.4xlarge"):
        account.limiting(Limits(), three)
    with pytest.raises(UnknownNameError, match=r"'p5\.4xlrge'\. Did you mean p5\.4xlarge"):
        optimize(Requirement(), three, limits=Limits(quota={"g6e.xlarge|p5.4xlrge": 1}))


def test_of_a_key_that_was_read_what_the_catalogue_does_not_know_is_left_out(
    three: Catalog,
) -> None:
    key = "aws/us-east-1/g6e.xlarge|x99.metal/on_demand"
    account = Account(quotas=(quota(key, limit=3, origin="aws/us-east-1"),))
    limits = account.limiting(Limits(), three)
    assert limits.quota == {"aws/us-east-1/g6e.xlarge/on_demand": 3}
    unknown = Account(quotas=(quota("aws/us-east-9/x99.metal", origin="aws/us-east-9"),))
    assert unknown.limiting(Limits(), three) == Limits()


def test_a_type_where_the_region_belongs_is_told_how_to_write_it(three: Catalog) -> None:
    account = Account(quotas=(quota("aws/p5.4xlarge"),))
    with pytest.raises(InvalidInputError, match=r"so write aws/\*/p5\.4xlarge"):
        account.limiting(Limits(), three)
    account = Account(quotas=(quota("p5.4xlarge"),))
    with pytest.raises(InvalidInputError, match=r"so write \*/\*/p5\.4xlarge"):
        account.limiting(Limits(), three)


def test_tiers_of_one_key_do_not_stack_however_it_is_written(three: Catalog) -> None:
    """5 % from 0 on under aws, 10 % from 1,000 on under aws/*: 10.49264 x 0.9 = 9.443376."""
    tiers = (
        PriceStep(key="aws", step="tier", amount=5.0, from_spend=0.0),
        PriceStep(key="AWS/*", step="tier", amount=10.0, from_spend=1000.0),
    )
    offers = Account(steps=tiers, spend_per_month=2000.0).priced(three).offers
    paid = offers.set_index("instance_type")["effective_per_hour"]
    assert paid["g6e.12xlarge"] == pytest.approx(9.443376)


def test_a_quota_with_alternatives_limits_their_sum_and_the_check_agrees(
    three: Catalog, seventy: Requirement
) -> None:
    """At most 6 of both together: 6 x g6e serve 60; p5 + 4 x g6e = 75 at 6.88 + 7.444."""
    limits = Limits(quota={"p5.4xlarge|g6e.xlarge": 6, "aws/p5.*": 1})
    plan = optimize(seventy, three, limits=limits)
    assert {line.offer.instance_type: line.count for line in plan.lines} == {
        "p5.4xlarge": 1,
        "g6e.xlarge": 4,
    }
    assert plan.cost_per_hour == pytest.approx(14.324)
    more = plan.lines[0].model_copy(update={"count": 9})
    told = evaluate_plan(plan.model_copy(update={"lines": (more, *plan.lines[1:])}), three)
    assert "quota p5.4xlarge|g6e.xlarge: " in " ".join(told.violations)
