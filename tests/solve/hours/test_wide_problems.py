"""Which problems over hours are too wide to look at every offer in each hour."""

from dataclasses import replace

import numpy as np
import pytest

from costopt.solve.hours.kinds import hour_kinds
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.reach import reach_of
from costopt.solve.hours.wide import is_wide
from costopt.solve.problem import ServingBlock


def problem_of(servers: int, hours: int) -> HourlyProblem:
    """Servers that all serve 36 request sizes, each hour with a demand of its own."""
    block = ServingBlock(
        demand=np.ones(36),
        rates=np.ones((servers, 36)),
        max_utilisation=np.ones(servers),
        is_spot=np.zeros(servers, dtype=np.bool_),
    )
    return HourlyProblem(
        price_per_hour=np.ones(servers),
        server=np.arange(servers),
        upper=np.full(servers, np.inf),
        quantity=np.full(servers, -1),
        blocks=(block,),
        weight=np.ones(hours),
        demand_factor=np.linspace(0.5, 1.5, hours)[None],
    )


@pytest.mark.parametrize(
    ("servers", "hours", "wide"),
    [(20, 168, False), (50, 168, True), (18, 8760, False), (19, 8760, True)],
)
def test_a_long_series_counts_by_the_levels_that_it_is_searched_in(
    servers: int, hours: int, wide: bool
) -> None:
    """36 x 50 x 168 = 302,400 is above 250,000; of a year 384 levels: 36 x 18 x 384 = 248,832."""
    problem = problem_of(servers, hours)
    reach = reach_of(problem, hour_kinds(problem))
    every = np.ones(servers, dtype=np.bool_)
    assert is_wide(problem, reach, every) is wide
    assert not is_wide(problem, replace(reach, loads=(reach.loads[0] * np.inf,)), every)
