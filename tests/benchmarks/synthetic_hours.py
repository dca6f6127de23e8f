"""Synthetic problems over hours: one 8B model on 16 kinds of nodes, a week of demand."""

import numpy as np
from numpy.typing import NDArray

from costopt.solve.hours.commitments import QuantityCommitments, SpendCommitments
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.problem import ServingBlock

FloatArray = NDArray[np.float64]

PARAMETERS = 8e9
"""Weights of the model [1], of 2 bytes each."""

KV_BYTES_PER_TOKEN = 131_072.0
"""Cache of one token: 32 layers, 8 heads of 128, keys and values of 2 bytes [bytes]."""

NODES = (
    ("L4", 121e12, 300e9, 24e9, 1, 0.80),
    ("A10G", 125e12, 600e9, 24e9, 1, 1.10),
    ("RTX-4090", 165e12, 1_008e9, 24e9, 1, 1.35),
    ("L40", 181e12, 864e9, 48e9, 1, 1.50),
    ("A6000", 155e12, 768e9, 48e9, 1, 1.25),
    ("L40S", 362e12, 864e9, 48e9, 1, 1.86),
    ("A100-40GB", 312e12, 1_555e9, 40e9, 1, 2.90),
    ("A100-80GB", 312e12, 2_039e9, 80e9, 1, 3.67),
    ("H100", 989e12, 3_350e9, 80e9, 1, 6.88),
    ("H200", 989e12, 4_800e9, 141e9, 1, 7.90),
    ("MI300X", 1_307e12, 5_300e9, 192e9, 1, 8.20),
    ("B200", 2_250e12, 8_000e9, 192e9, 1, 12.00),
    ("L4", 121e12, 300e9, 24e9, 4, 3.10),
    ("A100-40GB", 312e12, 1_555e9, 40e9, 8, 21.90),
    ("A100-80GB", 312e12, 2_039e9, 80e9, 8, 27.40),
    ("H100", 989e12, 3_350e9, 80e9, 8, 52.00),
)
"""Name, dense 16-bit peak [flop/s], bandwidth [bytes/s], memory [bytes], accelerators, price of
the node [$/h]. Peaks are the data sheets'; prices are round figures, larger nodes a little
cheaper for each accelerator."""

SPOT_PRICE = 0.4
"""Price of spot in units of the price by the hour."""


def bucket_sizes(grid: int) -> tuple[FloatArray, FloatArray]:
    """Prompt and answer lengths of a grid of buckets, geometric (buckets,) [tokens]."""
    prompt = np.geomspace(64, 8_192, grid)
    answer = np.geomspace(16, 1_024, grid)
    return np.repeat(prompt, grid), np.tile(answer, grid)


def rates_by_roofline(grid: int) -> tuple[FloatArray, FloatArray]:
    """Requests per second of a node in each bucket, and its price (nodes, buckets), (nodes,).

    ``1 / rate = 2 P in / (0.5 peak) + out (2 P / batch + kv (in + out / 2)) / (0.7 bandwidth)``
    with the batch that memory beside the weights holds, 256 at most. Nodes of several
    accelerators run a copy on each.
    """
    prompt, answer = bucket_sizes(grid)
    rates, prices = [], []
    for _, peak, bandwidth, memory, accelerators, node_price in NODES:
        held = KV_BYTES_PER_TOKEN * (prompt + answer)
        batch = np.clip((0.9 * memory - 2 * PARAMETERS) / held, 1, 256)
        prefill = 2 * PARAMETERS * prompt / (0.5 * peak)
        step = 2 * PARAMETERS / batch + KV_BYTES_PER_TOKEN * (prompt + answer / 2)
        rates.append(accelerators / (prefill + answer * step / (0.7 * bandwidth)))
        prices.append(node_price)
    return np.array(rates), np.array(prices)


def week_of_demand(hours: int, seed: int) -> FloatArray:
    """Demand of each hour over its mean: day and night, quiet weekends, 5 % of noise (hours,)."""
    hour = np.arange(hours)
    daily = 1 + 0.6 * np.sin(2 * np.pi * (hour % 24 - 9) / 24)
    weekly = np.where(hour // 24 % 7 >= 5, 0.65, 1.0)
    noise = np.random.default_rng(seed).lognormal(0, 0.05, hours)
    factor = daily * weekly * noise
    return np.asarray(factor / factor.mean())


def synthetic_hours(
    *,
    requests_per_second: float,
    hours: int,
    grid: int = 6,
    seed: int = 0,
    spot_fraction: float | None = None,
    savings_plan: bool = False,
) -> HourlyProblem:
    """One model, every node by the hour and under a one-year commitment 37-45 % cheaper.

    Args:
        requests_per_second: mean demand [requests/s].
        hours: hours of the profile.
        grid: buckets along each axis.
        seed: of mix, noise and discounts.
        spot_fraction: highest share of any bucket on spot, which is then on offer; None = none.
        savings_plan: whether a plan of money per hour, 30 % off, is on offer too.
    """
    random = np.random.default_rng(seed)
    rates, price = rates_by_roofline(grid)
    nodes = len(price)
    mix = random.dirichlet(np.full(grid * grid, 0.7))
    servers, is_spot = rates, np.zeros(nodes, dtype=bool)
    prices = [price, np.zeros(nodes)]
    server = [np.arange(nodes), np.arange(nodes)]
    quantity = [np.full(nodes, -1), np.arange(nodes)]
    if spot_fraction is not None:
        servers = np.concatenate([rates, rates])
        is_spot = np.repeat([False, True], nodes)
        prices.append(SPOT_PRICE * price)
        server.append(nodes + np.arange(nodes))
        quantity.append(np.full(nodes, -1))
    block = ServingBlock(
        demand=mix * requests_per_second,
        rates=servers,
        max_utilisation=np.full(len(servers), 0.85),
        is_spot=is_spot,
        max_spot_fraction=1.0 if spot_fraction is None else spot_fraction,
    )
    offers = sum(map(len, prices))
    discount = random.uniform(0.37, 0.45, nodes)
    return HourlyProblem(
        price_per_hour=np.concatenate(prices),
        server=np.concatenate(server),
        upper=np.full(offers, np.inf),
        quantity=np.concatenate(quantity),
        blocks=(block,),
        weight=np.ones(hours),
        demand_factor=week_of_demand(hours, seed)[None, :],
        quantities=QuantityCommitments(
            cost=hours * price * (1 - discount), upper=np.full(nodes, np.inf)
        ),
        spends=_savings_plan(price, offers, hours) if savings_plan else SpendCommitments.none(),
    )


def _savings_plan(price: FloatArray, offers: int, hours: int) -> SpendCommitments:
    rate = np.full((1, offers), np.nan)
    rate[0, : len(price)] = 0.7 * price
    return SpendCommitments(
        cost=np.array([float(hours)]),
        upper=np.array([np.inf]),
        owned=np.zeros((1, hours)),
        rate=rate,
        other_usage=np.zeros((0, hours)),
        other_price=np.zeros(0),
        other_rate=np.zeros((1, 0)),
    )
