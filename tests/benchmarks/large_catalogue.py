"""Time, proven gap and cost of the program over a hundred thousand offers.

Run: python tests/benchmarks/large_catalogue.py. It takes some minutes: the direct program does.

The offers are synthetic. 12 kinds of accelerator in instances of 1 to 16 make 70 instance types;
each is offered in 480 zones by three purchase options: on demand and reserved (firm, one server
for each type) and spot (one pool, one server and one failure group for each type and zone).
Rates follow a roofline of an 8B dense model in bfloat16: the prompt takes two floating-point
operations for each parameter and token at half of the peak; a step of decoding reads the weights
once and the cache of every request in the batch, and the batch fills nine tenths of the memory.
A size that waits for its first token longer than two seconds has rate 0 there. Types compete:
each costs about what the mix of requests is worth on it. Prices vary by region and zone, reserved
costs 0.58 to 0.7 and spot 0.25 to 0.6 of on demand, and every offer has a quota of its own.
"""

import os
import platform
from dataclasses import dataclass
from statistics import median
from time import perf_counter, process_time

import numpy as np
import pandas as pd

from costopt.catalog.catalog import Catalog
from costopt.solve import run
from costopt.solve.problem import FloatArray, LimitRow, Problem, ServingBlock
from costopt.solve.run import SIFTED_OFFERS, solve_problem
from costopt.solve.solution import Solution

ACCELERATORS = np.array(
    [
        # memory [GB], bandwidth [GB/s], bfloat16 peak [TFLOP/s], price [$/h]
        [16, 320, 65, 0.35],
        [24, 300, 121, 0.70],
        [24, 600, 125, 1.00],
        [32, 900, 125, 1.60],
        [48, 696, 150, 1.30],
        [48, 864, 362, 1.85],
        [40, 1555, 312, 2.60],
        [80, 2039, 312, 3.60],
        [80, 3350, 989, 6.90],
        [141, 4800, 989, 8.40],
        [192, 5300, 1307, 7.90],
        [192, 8000, 2250, 11.50],
    ]
)
COUNTS = (1, 2, 4, 6, 8, 16)
TYPES = 70
ZONES = 480
REGION_OF_ZONE = np.arange(ZONES) // 3
PARAMETERS = 8e9
WEIGHT_BYTES = 2 * PARAMETERS
CACHE_BYTES_PER_TOKEN = 131072
"""32 layers, 8 heads of keys and values of 128, two bytes, keys and values."""
LONGEST_FIRST_TOKEN_SECONDS = 2.0
EIGHT_OF = ("A100-40GB", "A100-80GB")


@dataclass(frozen=True, kw_only=True)
class Size:
    """One row of the table: grid of request sizes, rate, and what is asked for."""

    grid: int
    requests_per_second: float
    gap: float
    seconds: float


SIZES = (
    Size(grid=6, requests_per_second=500, gap=0.005, seconds=10),
    Size(grid=10, requests_per_second=500, gap=0.005, seconds=10),
    Size(grid=6, requests_per_second=50, gap=0.03, seconds=5),
    Size(grid=10, requests_per_second=50, gap=0.03, seconds=5),
    Size(grid=6, requests_per_second=50, gap=0.02, seconds=5),
    Size(grid=10, requests_per_second=50, gap=0.02, seconds=5),
)
DIRECT_ZONES = 96
DIRECT_SECONDS = 60
LONG_SECONDS = 30


def main() -> None:
    """Print time, gap and cost for every size, the ratio to the direct program, and a look-up."""
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}; one thread")
    print_look_up()
    for size in SIZES:
        print_size(size)
    for size in SIZES[:2]:
        print_ratio(size)


def print_size(size: Size) -> None:
    """Solve one size; at the low rate also for longer, to compare the costs."""
    problem = draw_offers(size.grid, size.requests_per_second)
    started = process_time()
    solution = solve_problem(problem, gap=size.gap, time_limit_seconds=size.seconds)
    processor = process_time() - started
    print(f"{title(size, problem)}: {told(solution)}, {processor:.2f} s of processor")
    if size.requests_per_second < 100:
        longer = solve_problem(problem, gap=1e-4, time_limit_seconds=LONG_SECONDS)
        print(f"    in {LONG_SECONDS} s: {told(longer)}; {compared(solution, longer)}")


def print_ratio(size: Size) -> None:
    """Time sifting against the program of all kept offers, on a part of the catalogue."""
    problem = draw_offers(size.grid, size.requests_per_second, zones=DIRECT_ZONES)
    sifted = solve_problem(problem, gap=size.gap, time_limit_seconds=DIRECT_SECONDS)
    run.SIFTED_OFFERS = problem.offer_count  # type: ignore[misc]
    direct = solve_problem(problem, gap=size.gap, time_limit_seconds=DIRECT_SECONDS)
    run.SIFTED_OFFERS = SIFTED_OFFERS  # type: ignore[misc]
    print(f"{title(size, problem)}: sifting {told(sifted)}; direct {told(direct)}")
    print(f"    ratio {direct.seconds / sifted.seconds:.1f}; {compared(sifted, direct)}")


def print_look_up() -> None:
    """Find the cheapest instance with eight A100 among a hundred thousand rows."""
    catalog = Catalog.bundled()
    offers = catalog.joined_offers
    copies = 1 + 100_000 // len(catalog)
    rows = pd.concat([offers] * copies, ignore_index=True)
    seconds = []
    for _ in range(7):
        started = perf_counter()
        eight = rows.loc[rows["accelerator_count"].eq(8), ["accelerator", "effective_per_hour"]]
        price = eight.loc[eight["accelerator"].isin(EIGHT_OF), "effective_per_hour"]
        cheapest = rows.loc[price.nsmallest(1).index]
        seconds.append(perf_counter() - started)
    print(
        f"8 x A100 among {len(rows)} rows: {1e3 * median(seconds):.1f} ms, "
        f"{cheapest['instance_type'].iloc[0]} in {cheapest['region'].iloc[0]}"
    )


def title(size: Size, problem: Problem) -> str:
    """What was asked for."""
    return (
        f"{size.grid}x{size.grid} at {size.requests_per_second:g}/s to {size.gap:.1%}, "
        f"{problem.offer_count} offers"
    )


def compared(one: Solution, other: Solution) -> str:
    """Cost of the first beside the other's."""
    if one.cost is None or other.cost is None:
        return "one side has no plan"
    return f"cost {one.cost / other.cost - 1:+.2%}"


def told(solution: Solution) -> str:
    """Seconds, cost and gap in a few words."""
    gap = "no plan" if solution.gap is None else f"{solution.cost:.2f} $/h, gap {solution.gap:.2%}"
    return f"{solution.seconds:.2f} s, {gap}"


def draw_offers(
    grid: int, requests_per_second: float, *, zones: int = ZONES, types: int = TYPES, seed: int = 1
) -> Problem:
    """Draw a catalogue of ``3 * zones * types`` offers.

    Args:
        grid: prompt and answer sizes each [1].
        requests_per_second: of all sizes together [requests/s].
        zones: zones with offers [1].
        types: instance types [1].
        seed: of the draw.
    """
    random = np.random.default_rng(seed)
    kinds = np.repeat(ACCELERATORS, len(COUNTS), axis=0)[:types]
    counts = np.tile(np.array(COUNTS, dtype=float), len(ACCELERATORS))[:types]
    rates, demand = roofline(kinds, counts, grid), mix(grid) * requests_per_second
    # Types compete: each costs about what the mix of requests is worth on it.
    speed = 1 / (mix(grid) / np.where(rates > 0, rates, 1e9)).sum(axis=1)
    base = 0.9 * speed**0.97 * random.uniform(0.9, 1.2, types)
    region = random.uniform(0.9, 1.35, (1, ZONES // 3))[:, REGION_OF_ZONE[:zones]]
    on_demand = base[:, None] * region * random.uniform(0.98, 1.02, (types, zones))
    reserved = on_demand * random.uniform(0.58, 0.70, (types, zones))
    spot = on_demand * random.uniform(0.25, 0.60, (types, zones))
    firm = np.repeat(np.arange(types), zones)
    pool = types + np.arange(types * zones)
    block = ServingBlock(
        demand=demand,
        rates=np.vstack([rates, rates[firm]]),
        max_utilisation=np.full(types + len(pool), 0.8),
        is_spot=np.arange(types + len(pool)) >= types,
        failure_group=np.concatenate([np.full(types, -1), np.arange(len(pool))]),
        max_losses=1,
        max_lost_fraction=0.25,
    )
    quota = [
        random.choice(allowed, types * zones)
        for allowed in ([0, 2, 4, 8], [0, 0, 1, 2], [2, 4, 8])
    ]
    accelerators = np.tile(counts[firm], 3)
    return Problem(
        price_per_hour=np.round(np.concatenate([on_demand, reserved, spot], axis=None), 4),
        server=np.concatenate([firm, firm, pool]),
        upper=np.concatenate(quota).astype(float),
        group=np.tile(firm, 3),
        blocks=(block,),
        rows=(LimitRow(name="accelerators", offer_coefficients=accelerators, upper=2000.0),),
    )


def roofline(kinds: FloatArray, counts: FloatArray, grid: int) -> FloatArray:
    """Rates of an 8B dense model (types, grid * grid) [requests/s]."""
    memory, bandwidth, peak = kinds[:, :3].T[:, :, None] * counts[None, :, None] * 1e9
    peak = peak * 1e3
    prompts, answers = (values.ravel() for values in np.meshgrid(*sizes(grid), indexing="ij"))
    first = 2 * PARAMETERS * prompts / (0.5 * peak)
    cache = CACHE_BYTES_PER_TOKEN * (prompts + answers)
    batch = np.minimum(np.floor((0.9 * memory - WEIGHT_BYTES) / cache), 256)
    step = (WEIGHT_BYTES + batch * cache) / (0.7 * bandwidth)
    able = (batch >= 1) & (first <= LONGEST_FIRST_TOKEN_SECONDS)
    seconds = first + answers * step / np.maximum(batch, 1)
    return np.where(able, 1 / seconds, 0.0)


def sizes(grid: int) -> tuple[FloatArray, FloatArray]:
    """Tokens of prompts and of answers, in equal ratios [tokens]."""
    return np.geomspace(64, 16384, grid), np.geomspace(16, 2048, grid)


def mix(grid: int) -> FloatArray:
    """Share of the requests of each size; log-normal around 1,000 and 200 tokens (sizes,)."""
    prompts, answers = sizes(grid)
    of_prompt = np.exp(-0.5 * (np.log(prompts / 1000) / 1.3) ** 2)
    of_answer = np.exp(-0.5 * (np.log(answers / 200) / 1.1) ** 2)
    weights = np.outer(of_prompt, of_answer).ravel()
    return np.asarray(weights / weights.sum())


if __name__ == "__main__":
    main()
