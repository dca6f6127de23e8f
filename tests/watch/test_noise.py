"""Noise inside the threshold never makes advice alternate, whoever follows it every night."""

from collections.abc import Callable
from itertools import pairwise
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from costopt.catalog.catalog import Catalog
from costopt.planning.optimize_request import optimize
from costopt.watch.comparison import Comparison
from costopt.watch.settings import WatchSettings
from costopt.watch.verdict import Judgement
from costopt.watch.watch import watch_plans
from costopt.workload.requirement import Requirement

Priced = Callable[..., Catalog]

NIGHTS = 30
NOISE = 0.02
"""Of each price around its level: as much as the threshold."""


def follow(requirement: Requirement, nights: list[Catalog]) -> list[str]:
    """Follow the advice every night; instance types that run after each night."""
    running = optimize(requirement, nights[0])
    types = []
    for catalog in nights:
        (verdict,) = watch_plans([running], catalog)
        assert verdict.verdict is not Judgement.INVALID
        running = verdict.new_plan or running
        types.append("+".join(line.offer.instance_type for line in running.lines))
    return types


@pytest.mark.parametrize(("g5", "g6"), [(1 - NOISE, 1 + NOISE), (1 + NOISE, 1 - NOISE)])
def test_two_plans_of_equal_level_never_alternate(
    g5: float, g6: float, priced: Priced, forty: Requirement
) -> None:
    """What runs is up 2 % and the other down 2 %: 1 - 0.98 / 1.02 = 3.9 % saved, 4.03 % needed.

    A verdict rests on one night alone, so the worst night from either side is every night.
    """
    running = optimize(forty, priced(g6, g5))
    (verdict,) = watch_plans([running], priced(g5, g6))
    assert verdict.saving_fraction == pytest.approx(1 - 0.98 / 1.02)
    assert verdict.verdict is Judgement.KEEP


def test_thirty_noisy_nights_switch_at_most_once_and_never_back(
    priced: Priced, forty: Requirement
) -> None:
    """Levels 3 % apart, noise of 2 %: what is dearer by level is cheapest in the first night."""
    random = Random(7)
    noisy = [
        priced(0.97 * (1 + random.uniform(-NOISE, NOISE)), 1 + random.uniform(-NOISE, NOISE))
        for _ in range(NIGHTS - 1)
    ]
    types = follow(forty, [priced(0.97 * (1 + NOISE), 1 - NOISE), *noisy])
    switches = sum(now != before for before, now in pairwise(types))
    assert types[0] == "g6.xlarge"
    assert switches == 1
    assert types[-1] == "g5.xlarge"


@given(
    levels=st.lists(st.floats(0.5, 2.0), min_size=2, max_size=4),
    noise=st.lists(
        st.lists(st.floats(-NOISE, NOISE), min_size=4, max_size=4),
        min_size=NIGHTS,
        max_size=NIGHTS,
    ),
)
def test_each_switch_lowers_the_level_of_what_is_paid(
    levels: list[float], noise: list[list[float]]
) -> None:
    """So no plan is ever returned to, whatever the noise and however many plans there are."""
    settings = WatchSettings()
    now = 0
    for night in noise:
        costs = [level * (1 + part) for level, part in zip(levels, night, strict=False)]
        best = min(range(len(costs)), key=lambda index: costs[index])
        found = Comparison(
            current_total=costs[now],
            new_total=costs[best],
            switching_cost=settings.switching_cost_fraction * costs[now],
            months=1.0,
            days=730 / 24,
        )
        if best != now and found.is_worth_it(settings, 1e-4):
            assert levels[best] < levels[now]
            now = best
