"""Every kind of limit at once: one program, sifting, coordination and PuLP find the same cost."""

import numpy as np
import pytest

from costopt.solve.changes import Changes, GangChanges
from costopt.solve.problem import Choice, LimitRow, Payers, Problem, ServingBlock
from costopt.solve.pulp_model import write_pulp_model
from costopt.solve.run import solve_problem

EXACT_GAP = 1e-9
NONE = -1


def draw_block(random: np.random.Generator) -> ServingBlock:
    """One firm server for everything; the others may be spot and lost in groups."""
    servers, buckets = int(random.integers(2, 6)), int(random.integers(1, 4))
    rates = np.exp(random.normal(0, 0.6, (servers, buckets))) * random.uniform(1, 5, (servers, 1))
    rates[random.random((servers, buckets)) < 0.15] = 0.0
    is_spot = random.random(servers) < 0.6
    is_spot[0] = False
    rates[0] = np.maximum(rates[0], 0.5)
    return ServingBlock(
        demand=random.choice([0.0, 0.3, 1.1, 2.7, 6.0], buckets),
        rates=rates,
        max_utilisation=random.choice([0.7, 0.85, 1.0], servers),
        is_spot=is_spot,
        max_spot_fraction=float(random.choice([0.3, 0.8, 1.0, 1.0])),
        failure_group=np.where(is_spot, random.integers(0, 3, servers), NONE),
        max_losses=int(random.integers(0, 4)),
        max_lost_fraction=float(random.choice([0.25, 0.5, 0.8])),
        min_failure_groups=int(random.choice([0, 0, 2, 3])),
    )


def draw_job(random: np.random.Generator) -> Choice:
    ways = int(random.integers(1, 4))
    alternative = random.integers(0, ways, int(random.integers(1, 5)))
    instances = random.integers(1, 5, ways)[alternative]
    return Choice(
        cost=random.choice([0.0, 1.0, 2.5], ways),
        group=random.integers(0, 4, ways),
        payers=Payers(
            alternative=alternative,
            instances=instances,
            cost=np.round(random.uniform(0.2, 2.0, len(alternative)), 2),
        ),
    )


def draw_everything(seed: int) -> Problem:
    """Blocks with losses, jobs with payers, quotas, budget, types and, at times, a fleet."""
    random = np.random.default_rng(seed)
    blocks = tuple(draw_block(random) for _ in range(random.integers(1, 4)))
    servers = sum(len(block.is_spot) for block in blocks)
    offers = servers + int(random.integers(0, 4))
    jobs = tuple(draw_job(random) for _ in range(random.integers(0, 3)))
    rows = tuple(
        LimitRow(
            name=f"quota {index}",
            offer_coefficients=random.choice([0.0, 0.0, 1.0, 3.0], offers),
            choice_coefficients=tuple(random.choice([0.0, 1.0], len(job.cost)) for job in jobs),
            payer_coefficients=tuple(random.choice([0.0, 1.0], len(job.payers)) for job in jobs),
            upper=float(random.choice([6.0, 12.0, 20.0, np.inf])),
        )
        for index in range(random.integers(0, 3))
    )
    return Problem(
        price_per_hour=random.choice([0.0, 0.5, 0.7, 1.0, 1.1, 2.0, 3.0], offers),
        server=np.concatenate([np.arange(servers), random.integers(0, servers, offers - servers)]),
        upper=random.choice([1.0, 3.0, np.inf, np.inf, np.inf], offers),
        group=random.integers(0, 4, offers),
        blocks=blocks,
        choices=jobs,
        rows=rows,
        budget_per_hour=float(random.choice([15.0, 25.0])) if random.random() < 0.3 else None,
        max_groups=int(random.integers(2, 4)) if random.random() < 0.3 else None,
        changes=draw_fleet(random, offers, jobs) if random.random() < 0.35 else None,
    )


def draw_fleet(random: np.random.Generator, offers: int, jobs: tuple[Choice, ...]) -> Changes:
    kinds = int(random.integers(1, 4))
    gangs = tuple(
        GangChanges(
            running=random.integers(0, 3, (len(job.cost), kinds)),
            new=random.integers(0, 3, len(job.cost)),
            payer_kind=random.integers(NONE, kinds, len(job.payers)),
        )
        for job in jobs
    )
    return Changes(
        kind=random.integers(NONE, kinds, offers),
        running=random.integers(1, 4, kinds),
        start_cost=float(random.choice([0.0, 0.1, 0.7, 2.0])),
        stop_cost=float(random.choice([0.0, 0.1, 0.7, 2.0])),
        instances=random.integers(1, 4, offers),
        gangs=gangs,
    )


def same(found: float | None, known: float | None) -> bool:
    if found is None or known is None:
        return found is known
    return found == pytest.approx(known, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("first", range(0, 40, 10))
def test_every_road_costs_the_same_whatever_limits_meet(
    first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered = 0
    for seed in range(first, first + 10):
        problem = draw_everything(seed)
        monkeypatch.setattr("costopt.solve.run.SIFTED_OFFERS", 1_000)
        whole = solve_problem(problem, gap=EXACT_GAP, prune=False)
        pruned = solve_problem(problem, gap=EXACT_GAP)
        written = write_pulp_model(problem).solve(gap=EXACT_GAP)
        monkeypatch.setattr("costopt.solve.run.SIFTED_OFFERS", 0)
        sifted = solve_problem(problem, gap=EXACT_GAP)
        for found in (pruned, written, sifted):
            assert same(found.cost, whole.cost), f"seed {seed}"
        if whole.cost is not None:
            loose = solve_problem(problem, gap=0.05)
            assert loose.bound is not None
            assert loose.bound <= whole.cost * (1 + 1e-7), f"seed {seed}"
            answered += 1
    assert answered > 2


@pytest.mark.parametrize("first", range(0, 12, 6))
def test_prices_of_shared_limits_prove_no_more_than_is_true(
    first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in range(first, first + 6):
        problem = draw_everything(seed)
        known = solve_problem(problem, gap=EXACT_GAP)
        monkeypatch.setattr("costopt.solve.run.MANY_PARTS", 2)
        found = solve_problem(problem, gap=0.03)
        monkeypatch.setattr("costopt.solve.run.MANY_PARTS", 99)
        assert found.status.value == known.status.value, f"seed {seed}"
        if known.cost is not None:
            assert found.bound is not None
            assert found.cost is not None
            assert found.bound <= known.cost * (1 + 1e-7) <= found.cost * (1 + 2e-7)
