"""Instances of one spot pool, which come and go together."""

from itertools import product
from math import comb, prod

import numpy as np
import pandas as pd
import pytest

from costopt.interruption.failure_groups import failure_groups
from costopt.interruption.pool import chance_of_at_least, chance_of_each, instances_there
from costopt.workload.limits import FailureGroup


def test_two_instances_are_both_away_as_often_as_their_correlation_says() -> None:
    # P(both away) = (1 - A) (1 - A + rho A) = 0.05 x (0.05 + 0.9 x 0.95) = 0.05 x 0.905 = 0.04525
    # P(both there) = A (A + rho (1 - A)) = 0.95 x (0.95 + 0.9 x 0.05) = 0.95 x 0.995 = 0.94525
    assert instances_there(0.95, 0.9, 2) == pytest.approx([0.04525, 0.0095, 0.94525])


def test_without_correlation_instances_are_there_by_the_binomial_distribution() -> None:
    expected = [comb(5, i) * 0.8**i * 0.2 ** (5 - i) for i in range(6)]
    assert instances_there(0.8, 0.0, 5) == pytest.approx(expected)


def test_fully_correlated_instances_are_all_there_or_none() -> None:
    assert instances_there(0.7, 1.0, 3) == pytest.approx([0.3, 0, 0, 0.7])


@pytest.mark.parametrize(("available", "there"), [(1.0, [0, 0, 0, 1]), (0.0, [1, 0, 0, 0])])
def test_a_pool_that_is_always_or_never_there(available: float, there: list[float]) -> None:
    assert instances_there(available, 0.9, 3) == pytest.approx(there)


@pytest.mark.parametrize("correlation", [0.0, 0.3, 0.9])
def test_the_mean_and_the_correlation_are_those_asked_for(correlation: float) -> None:
    rented, available = 7, 0.85
    chance = instances_there(available, correlation, rented)
    counts = np.arange(rented + 1)
    mean = chance @ counts
    variance = chance @ (counts - mean) ** 2
    binomial = rented * available * (1 - available)
    assert chance.sum() == pytest.approx(1)
    assert mean == pytest.approx(rented * available)
    assert (variance / binomial - 1) / (rented - 1) == pytest.approx(correlation)


def test_more_instances_of_a_correlated_pool_help_little() -> None:
    one, two, eight = (float(chance_of_at_least(0.95, 0.9, n)[1]) for n in (1, 2, 8))
    assert one == pytest.approx(0.95)
    assert two == pytest.approx(1 - 0.04525)
    assert eight < 0.97


def test_parts_of_a_pool_keep_what_they_need_as_often_as_all_outcomes_say() -> None:
    # Instances one by one: the first two are part one, the other three part two. An outcome with
    # t of 5 there has the chance P(t) / C(5, t).
    chance = instances_there(0.8, 0.6, 5)
    expected = sum(
        chance[sum(there)] / comb(5, sum(there))
        for there in product((0, 1), repeat=5)
        if sum(there[:2]) >= 1 and sum(there[2:]) >= 2
    )
    assert chance_of_each(0.8, 0.6, [2, 3], [1, 2]) == pytest.approx(expected)


def test_parts_of_a_pool_keep_theirs_at_least_as_often_as_if_they_were_independent() -> None:
    apart = prod(
        float(chance_of_at_least(0.85, 0.9, n)[m])
        for n, m in zip((4, 2, 3), (3, 1, 3), strict=True)
    )
    assert chance_of_each(0.85, 0.9, [4, 2, 3], [3, 1, 3]) > apart


OFFERS = pd.DataFrame(
    [
        ("aws", "r1", "r1a", "t", "spot"),
        ("aws", "r1", "r1b", "t", "spot"),
        ("aws", "r1", "r1b", "u", "spot"),
        ("aws", "r2", "", "t", "spot"),
        ("aws", "r2", "r2a", "t", "spot"),
        ("gcp", "r1", "r1a", "t", "spot"),
        ("aws", "r1", "r1a", "t", "on_demand"),
    ],
    columns=["provider", "region", "zone", "instance_type", "purchase_option"],
)


@pytest.mark.parametrize(
    ("kind", "groups"),
    [("pool", [0, 1, 2, 3, 4, 5]), ("zone", [0, 1, 1, 2, 2, 3]), ("region", [0, 0, 0, 1, 1, 2])],
)
def test_spot_is_lost_with_its_pool_zone_or_region_and_an_unnamed_zone_is_any(
    kind: FailureGroup, groups: list[int]
) -> None:
    *spot, firm = failure_groups(OFFERS, kind).tolist()
    assert firm == ""
    assert [list(dict.fromkeys(spot)).index(name) for name in spot] == groups


def test_a_failure_group_is_named_by_what_and_where_it_is() -> None:
    pool, zone, region = (failure_groups(OFFERS, kind)[1] for kind in ("pool", "zone", "region"))
    assert pool == "t spot in aws r1 r1b"
    assert zone == "all spot in aws r1 r1b"
    assert region == "all spot in aws r1"
