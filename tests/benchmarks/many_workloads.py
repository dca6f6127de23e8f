"""Time to a proven gap for ten services under shared quotas: coordinated, and all at once.

Run: python tests/benchmarks/many_workloads.py. Ten services of their own speeds and rates on 40
types, 36 request sizes each, a quota on each type at half of what the services would use alone.
"""

import os
import platform
from time import perf_counter

import numpy as np
from slice_baseline import random_instance

from costopt.solve import run
from costopt.solve.problem import LimitRow, Problem, ServingBlock
from costopt.solve.run import solve_problem

WORKLOADS, TYPES, GRID, REQUESTS_PER_SECOND = 10, 40, 6, 10.0
LIMIT_SECONDS, GAP = 30.0, 0.01


def main() -> None:
    """Print cost, proven gap and seconds of both ways on five draws."""
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}; one thread, gap {GAP:.0%}\n")
    print(f"{'seed':>4}  {'way':<12}{'$/h':>8}{'proven':>9}{'seconds':>9}")
    for seed in range(1, 6):
        problem = draw(seed)
        for way, many in (("coordinated", run.MANY_PARTS), ("all at once", 10**6)):
            run.MANY_PARTS = many  # type: ignore[misc]
            started = perf_counter()
            found = solve_problem(problem, gap=GAP, time_limit_seconds=LIMIT_SECONDS)
            seconds = perf_counter() - started
            proven = "none" if found.gap is None else f"{found.gap:.2%}"
            print(f"{seed:>4}  {way:<12}{found.cost or 0:>8.2f}{proven:>9}{seconds:>9.1f}")
        run.MANY_PARTS = 5  # type: ignore[misc]


def draw(seed: int) -> Problem:
    """Make ten services under quotas that bind."""
    random = np.random.default_rng(seed)
    base = random_instance(seed, grid=GRID, types=TYPES, requests_per_second=REQUESTS_PER_SECOND)
    blocks = tuple(_service(random, base.demand, base.throughput) for _ in range(WORKLOADS))
    used = np.zeros(TYPES)
    for block in blocks:
        used += solve_problem(_problem((block,), base.price_per_hour), gap=0.01).counts
    spare = random.integers(2, 8, TYPES)
    upper = np.where(used > 0, np.maximum(1, np.floor(used / 2)), spare)
    return _problem(blocks, base.price_per_hour, upper)


def _service(
    random: np.random.Generator, demand: np.ndarray, throughput: np.ndarray
) -> ServingBlock:
    share = demand * random.uniform(0.2, 1.8, len(demand))
    scale = random.uniform(0.3, 2.0)
    speed = np.exp(random.normal(0, 0.15, (TYPES, 1))) / random.uniform(0.5, 2.5)
    return ServingBlock(
        demand=share / share.sum() * REQUESTS_PER_SECOND * scale,
        rates=throughput * speed,
        max_utilisation=np.full(TYPES, 0.85),
        is_spot=np.zeros(TYPES, dtype=bool),
    )


def _problem(
    blocks: tuple[ServingBlock, ...], prices: np.ndarray, quotas: np.ndarray | None = None
) -> Problem:
    kind = np.tile(np.arange(TYPES), len(blocks))
    rows = (
        ()
        if quotas is None
        else tuple(
            LimitRow(
                name=f"quota {one}",
                offer_coefficients=(kind == one).astype(float),
                upper=float(quotas[one]),
            )
            for one in range(TYPES)
        )
    )
    return Problem(
        price_per_hour=np.tile(prices, len(blocks)),
        server=np.arange(len(kind)),
        upper=np.full(len(kind), np.inf),
        group=kind,
        blocks=blocks,
        rows=rows,
    )


if __name__ == "__main__":
    main()
