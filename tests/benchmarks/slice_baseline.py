"""The published slice formulation, and random instances to compare it with the mix.

Demand of each request-size bucket is cut into equal slices; a binary variable says which type
serves a slice, an integer variable how many instances of the type are rented. It is written here
from the published description (arXiv 2404.14527) as the baseline of the benchmark beside it.
"""

from dataclasses import dataclass
from time import perf_counter

import numpy as np
import pulp
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One comparison: demand (buckets,), throughput (types, buckets), price (types,)."""

    demand: FloatArray
    throughput: FloatArray
    price_per_hour: FloatArray


@dataclass(frozen=True, slots=True, kw_only=True)
class SliceAnswer:
    """What the baseline found: cost [currency/h], None without a plan; whether it was cut off."""

    cost: float | None
    is_cut_off: bool
    seconds: float


def solve_slices(
    instance: Instance, *, slices: int, gap: float = 1e-4, time_limit_seconds: float = 120
) -> SliceAnswer:
    """Solve the slice formulation with PuLP and CBC on one thread.

    A cell with zero throughput gets no variable: the published formula divides by it.
    """
    started = perf_counter()
    model = pulp.LpProblem("slices", pulp.LpMinimize)
    types, buckets = instance.throughput.shape
    counts = [model.add_variable(f"n_{kind}", 0, None, pulp.LpInteger) for kind in range(types)]
    load: list[list[pulp.LpAffineExpression]] = [[] for _ in range(types)]
    for bucket in range(buckets):
        if instance.demand[bucket] == 0:
            continue
        able = [kind for kind in range(types) if instance.throughput[kind, bucket] > 0]
        for piece in range(slices):
            taken = {
                kind: model.add_variable(f"x_{bucket}_{piece}_{kind}", 0, 1, pulp.LpBinary)
                for kind in able
            }
            model += pulp.lpSum(taken.values()) == 1
            for kind, variable in taken.items():
                share = instance.demand[bucket] / slices / instance.throughput[kind, bucket]
                load[kind].append(float(share) * variable)
    model += pulp.lpSum(
        float(price) * count for price, count in zip(instance.price_per_hour, counts, strict=True)
    )
    for kind in range(types):
        model += pulp.lpSum(load[kind]) <= counts[kind]
    solver = pulp.COIN_CMD(
        path=pulp.PULP_CBC_CMD.pulp_cbc_path,
        msg=False,
        threads=1,
        gapRel=gap,
        timeLimit=time_limit_seconds,
    )
    model.solve(solver)
    seconds = perf_counter() - started
    if model.sol_status not in (pulp.LpSolutionOptimal, pulp.LpSolutionIntegerFeasible):
        return SliceAnswer(cost=None, is_cut_off=seconds >= time_limit_seconds, seconds=seconds)
    rented = np.array([round(pulp.value(count)) for count in counts])
    return SliceAnswer(
        cost=float(rented @ instance.price_per_hour),
        is_cut_off=model.sol_status == pulp.LpSolutionIntegerFeasible,
        seconds=seconds,
    )


def published_example() -> Instance:
    """Two types, a two by two grid of request sizes, 30 requests/s."""
    return Instance(
        demand=30 * np.array([0.2, 0.1, 0.5, 0.2]),
        throughput=np.array([[2.0, 1.0, 5.0, 2.0], [20.0, 20.0, 40.0, 20.0]]),
        price_per_hour=np.array([1.01, 3.67]),
    )


def random_instance(seed: int, *, grid: int, types: int, requests_per_second: float) -> Instance:
    """Make an instance from a roofline of an 8 billion parameter decoder on made-up types.

    A cell is 0 where its first token would take over a second, its next one over 50 ms, or where
    the memory holds no sequence of that size.

    Args:
        seed: seed of everything random.
        grid: input sizes and output sizes, each (grid x grid buckets).
        types: instance types.
        requests_per_second: rate over all buckets.
    """
    random = np.random.default_rng(seed)
    accelerators = random.choice([1, 2, 4, 8], types)
    compute = accelerators * np.exp(random.uniform(np.log(60e12), np.log(1e15), types))
    bandwidth = accelerators * np.exp(random.uniform(np.log(0.3e12), np.log(4.8e12), types))
    memory = accelerators * random.choice([16, 24, 32, 40, 48, 80, 96, 141], types) * 1e9
    price = 2.2 * (compute / 3e14) ** 0.45 * (bandwidth / 2e12) ** 0.5
    price *= np.exp(random.normal(0, 0.25, types))
    inputs, outputs = (
        axis.ravel()
        for axis in np.meshgrid(np.geomspace(64, 8192, grid), np.geomspace(32, 2048, grid))
    )
    parameters, cache_per_token = 8e9, 131_072.0
    weights = 2 * parameters
    cache = cache_per_token * (inputs + outputs)
    batch = np.clip(np.floor((memory * 0.9 - weights)[:, None] / cache), 0, 256)
    prefill = 2 * parameters * inputs / (0.5 * compute[:, None])
    step = np.maximum(
        2 * parameters * batch / (0.5 * compute[:, None]),
        (weights + batch * cache) / (0.7 * bandwidth[:, None]),
    )
    with np.errstate(divide="ignore"):
        rate = 1 / (prefill + outputs * step / batch)
    able = (batch >= 1) & (prefill <= 1) & (step <= 0.05)
    share = np.exp(-((np.log(inputs / 900) / 1.2) ** 2) - (np.log(outputs / 220) / 1.0) ** 2)
    share *= random.uniform(0.3, 1.7, grid * grid)
    share[~able.any(axis=0)] = 0
    return Instance(
        demand=requests_per_second * share / share.sum(),
        throughput=np.where(able, rate, 0.0),
        price_per_hour=np.round(price, 4),
    )
