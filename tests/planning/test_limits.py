"""Limits of the request and of each workload, spot shares, currencies and partitions."""

from collections.abc import Callable, Mapping

import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import Traffic

Priced = Callable[[Mapping[str, float]], Catalog]
CHAT = InferenceService(
    model="meta-llama/Llama-3.1-8B-Instruct",
    precision=("bf16",),
    traffic=Traffic.from_trace("azure-llm-2023-conv", requests_per_second=12),
    max_ttft_ms=1500,
    max_tpot_ms=60,
)


def spot_shares(plan: Plan) -> list[float]:
    """Share of each request size on spot."""
    spot = [line.routing for line in plan.lines if line.is_spot]
    buckets = len(plan.lines[0].routing)
    return [sum(routing[bucket] for routing in spot) for bucket in range(buckets)]


@pytest.mark.parametrize("allowed", [0.0, 0.5, 1.0])
def test_no_request_size_is_on_spot_beyond_its_share(allowed: float, few: Catalog) -> None:
    plan = optimize(CHAT, few, limits=Limits(max_spot_fraction=allowed)).require()
    shares = spot_shares(plan)
    assert len(shares) == 36
    assert max(shares) <= allowed + 1e-9
    assert plan.outcomes[0].spot_fraction == pytest.approx(max(shares), abs=1e-9)
    assert plan.outcomes[0].served_after_worst_loss >= 1 - allowed - 1e-9


def test_less_spot_never_costs_less(few: Catalog) -> None:
    plans = [optimize(CHAT, few, limits=Limits(max_spot_fraction=f)) for f in (0.0, 0.5, 1.0)]
    costs = [plan.require().cost_per_hour or 0 for plan in plans]
    assert costs[0] > costs[1] * (1 - 1e-4)
    assert costs[1] > costs[2] * (1 - 1e-4)
    assert costs[0] > costs[2]


def test_limits_of_workload_and_request_both_apply(few: Catalog) -> None:
    own = Limits(instance_types=("g5.*", "g6.xlarge"), max_spot_fraction=0.8)
    shared = Limits(instance_types=("g6.xlarge", "g4dn.*"), purchase_options=("on_demand",))
    plan = optimize(Requirement(limits=own), few, limits=shared).require()
    (line,) = plan.lines
    # What both allow: g6.xlarge on demand.
    assert (line.offer.instance_type, line.offer.purchase_option) == ("g6.xlarge", "on_demand")


def test_limits_with_nothing_in_common_are_refused(few: Catalog) -> None:
    own = Requirement(limits=Limits(purchase_options=("on_demand",)))
    with pytest.raises(InvalidInputError, match="no purchase option is left"):
        optimize(own, few, limits=Limits(purchase_options=("spot",)))


def test_places_with_no_offer_in_common_are_refused(bundled: Catalog) -> None:
    with pytest.raises(InvalidInputError, match="have no offer in common"):
        optimize(Requirement(), bundled, limits=Limits(providers=("gcp",), regions=("cn-*",)))


def test_the_tighter_of_two_quotas_counts(few: Catalog) -> None:
    wanted = Requirement(
        demand_per_second=30,
        throughput_per_second={"g6.xlarge": 10},
        limits=Limits(quota={"g6.xlarge": 2}),
    )
    assert optimize(wanted, few, limits=Limits(quota={"g6.xlarge": 3})).lines == ()
    looser = wanted.model_copy(update={"limits": Limits(quota={"g6.xlarge": 4})})
    assert optimize(looser, few, limits=Limits(quota={"g6.xlarge": 2})).lines == ()
    plan = optimize(looser, few, limits=Limits(quota={"g6.xlarge": 3})).require()
    assert sum(line.count for line in plan.lines) == 3  # 3 x 10/s


def test_a_quota_of_zero_leaves_a_type_out_and_says_so(few: Catalog) -> None:
    plan = optimize(Requirement(), few, limits=Limits(quota={"g4dn.*": 0, "aws/g6.xlarge": 0}))
    assert {line.offer.instance_type for line in plan.require().lines} == {"g5.xlarge"}
    (left_out,) = [one for one in plan.exclusions if one.reason == "quota"]
    assert (left_out.offers, left_out.instance_types) == (4, 2)


def test_a_quota_in_one_region_moves_the_plan_to_another(bundled: Catalog) -> None:
    catalog = bundled.filter(
        providers=["aws"],
        regions=["us-east-1", "us-west-2", "eu-west-1"],
        instance_types=["g6.xlarge"],
        purchase_options=["on_demand"],
    )
    prices = catalog.offers.set_index("region")["recurring_per_hour"]
    first = optimize(Requirement(nodes=2), catalog).require().lines[0].offer.region
    moved = optimize(
        Requirement(nodes=2), catalog, limits=Limits(quota={f"aws/{first}/g6.xlarge": 1})
    ).require()
    assert moved.lines[0].offer.region != first
    assert moved.cost_per_hour == pytest.approx(2 * prices.drop(first).min())


@pytest.mark.parametrize("most", [1, 2, 3])
def test_no_more_types_than_allowed_are_rented(most: int, priced: Priced) -> None:
    catalog = priced({"g4dn.xlarge/on_demand": 1.0, "g5.xlarge/on_demand": 2.3,
                      "g6.xlarge/on_demand": 3.2})  # fmt: skip
    wanted = Requirement(
        demand_per_second=17,
        throughput_per_second={"g4dn.xlarge": 3, "g5.xlarge": 7, "g6.xlarge": 10},
    )
    limits = Limits(max_distinct_types=most, purchase_options=("on_demand",))
    plan = optimize(wanted, catalog, limits=limits, gap=0.0).require()
    assert len({line.offer.instance_type for line in plan.lines}) <= most
    # 17 = 10 + 7: one g6 and one g5 for 5.5 $/h. Alone: 6 g4dn 6.0, 3 g5 6.9, 2 g6 6.4.
    assert plan.cost_per_hour == pytest.approx({1: 6.0, 2: 5.5, 3: 5.5}[most])


def test_a_budget_of_exactly_the_cost_is_enough(few: Catalog) -> None:
    free = optimize(Requirement(nodes=2), few).require()
    exact = Limits(budget=free.cost_total)
    assert optimize(Requirement(nodes=2), few, limits=exact).cost_total == free.cost_total
    less = Limits(budget=(free.cost_total or 0) * 0.999)
    refused = optimize(Requirement(nodes=2), few, limits=less)
    assert refused.status is PlanStatus.INFEASIBLE
    assert any("budget" in text for text in refused.unanswered_because)
    assert not any("hardware" in text for text in refused.unanswered_because)


@pytest.mark.parametrize(
    ("limits", "word"),
    [
        (Limits(budget=1.0), "budget"),
        (Limits(quota={"g*": 1}), "quota"),
        (Limits(purchase_options=("spot",), max_spot_fraction=0.5), "max_spot_fraction"),
    ],
)
def test_a_limit_on_counts_or_sums_is_blamed_and_not_the_hardware(
    limits: Limits, word: str, few: Catalog
) -> None:
    plan = optimize(CHAT, few, limits=limits)
    assert plan.status is PlanStatus.INFEASIBLE
    assert any(word in text for text in plan.unanswered_because)
    assert not any("VRAM" in text for text in plan.unanswered_because)


def test_a_plan_in_yuan_is_the_plan_in_dollars_times_the_rate(few: Catalog) -> None:
    dollars = optimize(CHAT, few).require()
    yuan = optimize(CHAT, few, currency="CNY").require()
    assert [line.offer for line in yuan.lines] == [line.offer for line in dollars.lines]
    assert yuan.cost_total == pytest.approx((dollars.cost_total or 0) * 7.1884, rel=1e-9)
    assert {line.exchange_rate_as_of for line in yuan.lines} == {"2024-12-31"}


def test_a_budget_is_in_the_currency_of_the_plan(few: Catalog) -> None:
    # g4dn.xlarge on spot: 0.23498 $/h x 730 h = 171.54 $ = 1,233.06 yuan.
    limits = Limits(budget=1233.0)
    assert optimize(Requirement(), few, limits=limits, currency="CNY").lines == ()
    assert optimize(Requirement(), few, limits=limits).require().cost_total == pytest.approx(
        171.54, abs=0.01
    )


@pytest.mark.parametrize(
    ("regions", "partition"),
    [(("us-*",), "public"), (None, "public"), (("us-gov-*",), "own"), (("us-gov-west-1",), "own")],
)
def test_regions_with_accounts_of_their_own_take_part_only_when_named(
    regions: tuple[str, ...] | None, partition: str, bundled: Catalog
) -> None:
    # The prices of GovCloud are made the lowest: only the partition keeps them out.
    cheap = bundled.filter(providers=["aws"], instance_types=["g4dn.xlarge"]).with_prices(
        discounts={"aws/us-gov-*": 0.99}
    )
    plan = optimize(Requirement(), cheap, limits=Limits(regions=regions)).require()
    is_government = plan.lines[0].offer.region.startswith("us-gov")
    assert is_government == (partition == "own")


@pytest.mark.parametrize("key", ["g6.xlrge", "aws/g6.xlrge", "aws/us-east-1/g6.xlrge"])
def test_a_quota_of_an_unknown_instance_type_names_the_nearest(key: str, few: Catalog) -> None:
    for limits, own in ((Limits(quota={key: 2}), Limits()), (Limits(), Limits(quota={key: 2}))):
        wanted = Requirement(accelerators_per_node=1, limits=own)
        with pytest.raises(UnknownNameError, match=r"'g6\.xlrge'\. Did you mean g6\.xlarge"):
            optimize(wanted, few, limits=limits)
