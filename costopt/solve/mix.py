"""cheapest_mix: the bare program, for people with their own measurements and prices."""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from costopt.errors import InvalidInputError
from costopt.plan.status import PlanStatus
from costopt.plan.words import percent_to
from costopt.solve.labels import SUBJECT, Table, aligned, numbers, read_table
from costopt.solve.problem import BoolArray, FloatArray, Problem, ServingBlock
from costopt.solve.problem_checks import bad_numbers, check_effort, is_number_between
from costopt.solve.run import solve_problem

if TYPE_CHECKING:
    import pandas as pd

    Numbers = ArrayLike | Sequence[Any] | Mapping[Any, Any] | pd.Series[Any] | pd.DataFrame


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, repr=False)
class Mix:
    """The cheapest mix of instance types, in the form in which the throughput came.

    A frame gives a Series and a DataFrame, a mapping gives dicts by label, anything else gives
    numpy arrays. Without a mix the counts and shares are all 0, and cost and gap are None.

    Attributes:
        counts: instances of each type (types,) [1].
        shares: share of each bucket that each type serves (types, buckets) [0..1]; 0 for
            buckets without demand.
        demand_shares: share of all requests that each type serves (types,) [0..1].
        cost: price of all instances, in the currency of the prices [currency/h].
        bound: proven: no mix costs less [currency/h]; None when infeasible.
        gap: (cost - bound) / cost [1].
        status: what the search came to.
        seconds: wall-clock time of the search [s].
        unserved: buckets that no type can serve within its own quota.
    """

    counts: Any
    shares: Any
    demand_shares: Any
    cost: float | None
    bound: float | None
    gap: float | None
    status: PlanStatus
    seconds: float
    unserved: tuple[Hashable, ...]

    def __repr__(self) -> str:
        if self.cost is None or self.gap is None:
            return f"No mix: {self._why_none()} ({self.seconds:.2f} s)"
        headline = (
            f"Mix at {_money(self.cost)} per hour, {self.status.replace('_', ' ')} "
            f"(gap {percent_to(self.gap, 2)}, {self.seconds:.2f} s)"
        )
        counts, shares = _pairs(self.counts), dict(_pairs(self.demand_shares))
        rented = [(label, count) for label, count in counts if count]
        width = max((len(f"{count:,}") for _, count in rented), default=0)
        lines = [
            f"  {count:>{width},} x {label}: {percent_to(shares[label], 1)} of all requests"
            for label, count in rented
        ]
        return "\n".join([headline, *lines])

    def _why_none(self) -> str:
        if self.status is PlanStatus.NO_ANSWER_IN_TIME:
            known = f"; none costs less than {_money(self.bound)} per hour" if self.bound else ""
            return f"none was found within the time limit{known}"
        if not self.unserved:
            return "infeasible; the quotas together do not carry the demand"
        listed = ", ".join(map(str, self.unserved[:5]))
        more = f" and {len(self.unserved) - 5} more" if len(self.unserved) > 5 else ""
        return f"infeasible; no type within its quota serves bucket {listed}{more}"


def _money(amount: float) -> str:
    return f"{amount:,.2f}" if amount >= 1 or amount == 0 else f"{amount:.4g}"


def _pairs(by_type: Any) -> list[tuple[Any, Any]]:
    if hasattr(by_type, "items"):
        return list(by_type.items())
    return [(f"type {position}", number) for position, number in enumerate(by_type)]


def cheapest_mix(
    demand: "Numbers",
    throughput: "Numbers",
    price_per_hour: "Numbers",
    *,
    quota: "Numbers | None" = None,
    max_utilisation: float = 1.0,
    gap: float = 1e-4,
    time_limit_seconds: float = 10.0,
) -> Mix:
    """Find the cheapest counts of instance types that serve a demand by request size.

    ``min sum_k c_k n_k`` with ``sum_k x_bk = 1`` for each bucket and
    ``sum_b demand_b / throughput_kb x_bk <= max_utilisation n_k`` for each type; counts ``n``
    are whole, shares ``x`` are not. Loads may exceed an instance by one part in a million
    (`costopt.solve.recheck.FEASIBILITY_TOLERANCE`), so an exactly full one counts as full.

    Buckets may form a grid, input sizes by output sizes: demand (rows, columns), throughput
    (types, rows, columns). Frames and mappings carry labels: throughput has types in its index
    and buckets in its columns, or is ``{type: {bucket: rate}}`` or ``{type: [rate, ..]}``. Every
    other input with labels is aligned by them, whatever its order; an input without labels
    stands in the order of the throughput.

    Args:
        demand: rate that each bucket needs (buckets,) [requests/s].
        throughput: rate of one instance that serves nothing but the bucket (types, buckets)
            [requests/s]; 0 = cannot serve it.
        price_per_hour: price of one instance (types,) [currency/h].
        quota: most instances of each type (types,) [1]; ``inf``, or a label left out, = no limit.
        max_utilisation: highest share of an instance that may be loaded, above 0 and up to 1.
        gap: relative distance between cost and proven bound at which to stop [1].
        time_limit_seconds: wall-clock limit [s].

    Raises:
        InvalidInputError: an input holds something that is not a number of at least 0, the
            shapes or labels do not agree, or a setting is out of range.
        UnknownNameError: a label that the throughput has not.
        PlanCheckError: the answer fails its recheck; a defect to report.

    Example:
        >>> cheapest_mix([6, 15], {"A10G": [2, 5], "A100": [20, 40]}, {"A10G": 1.01, "A100": 3.67})
        ...     # doctest: +ELLIPSIS
        Mix at 3.67 per hour, optimal within gap (gap 0.00 %, ... s)
          1 x A100: 100.0 % of all requests
    """
    check_effort(SUBJECT, gap, time_limit_seconds)
    table = read_table("throughput", throughput)
    wanted = _read_demand(demand, table)
    prices = aligned("price_per_hour", price_per_hour, "type", table.types)
    upper = np.full(len(table.types), np.inf)
    if quota is not None:
        upper = aligned("quota", quota, "type", table.types, default=np.inf)
    _check(table, wanted, prices, upper, max_utilisation)
    kinds = len(table.types)
    block = ServingBlock(
        demand=wanted,
        rates=table.values.reshape(kinds, -1),
        max_utilisation=np.full(kinds, float(max_utilisation)),
        is_spot=np.zeros(kinds, dtype=bool),
    )
    problem = Problem(
        price_per_hour=prices,
        server=np.arange(kinds),
        upper=upper,
        group=np.arange(kinds),
        blocks=(block,),
    )
    return _mix(problem, table, gap=gap, time_limit_seconds=time_limit_seconds)


def _read_demand(demand: "Numbers", table: Table) -> FloatArray:
    """Demand in the order of the table's buckets, a grid row by row (buckets,)."""
    if table.values.ndim == 2:
        return aligned("demand", demand, "bucket", table.buckets)
    values = numbers("demand", demand)
    if values.shape != table.values.shape[1:]:
        problem = f"demand has shape {values.shape}; it must have {table.values.shape[1:]}"
        raise InvalidInputError(SUBJECT, [problem])
    return values.ravel()


def _check(
    table: Table,
    demand: FloatArray,
    prices: FloatArray,
    upper: FloatArray,
    max_utilisation: float,
) -> None:
    kinds, buckets = table.types, table.buckets
    rates = table.values.reshape(len(kinds), -1)
    rule = "it must be a finite number of at least 0"
    found = [
        *bad_numbers("demand", demand, ~_is_amount(demand), rule, [buckets]),
        *bad_numbers("throughput", rates, ~_is_amount(rates), rule, [kinds, buckets]),
        *bad_numbers("price_per_hour", prices, ~_is_amount(prices), rule, [kinds]),
        *bad_numbers("quota", upper, ~(upper >= 0), "it must be at least 0", [kinds]),
    ]
    if not is_number_between(max_utilisation, 0, 1) or max_utilisation == 0:
        problem = f"max_utilisation is {max_utilisation!r}; it must be above 0 and at most 1"
        found.append(problem)
    if found:
        raise InvalidInputError(SUBJECT, found)


def _is_amount(values: FloatArray) -> BoolArray:
    amount: BoolArray = np.isfinite(values) & (values >= 0)
    return amount


def _mix(problem: Problem, table: Table, *, gap: float, time_limit_seconds: float) -> Mix:
    solution = solve_problem(problem, gap=gap, time_limit_seconds=time_limit_seconds)
    kinds = len(table.types)
    block = problem.blocks[0]
    has_mix = solution.cost is not None
    counts = solution.counts if has_mix else np.zeros(kinds, dtype=np.int64)
    shares = solution.shares[0] if has_mix else np.zeros_like(block.rates)
    total = block.demand.sum()
    served = shares @ block.demand / (total if total > 0 else 1)
    return Mix(
        counts=table.by_type(counts, "count"),
        shares=table.by_type_and_bucket(shares),
        demand_shares=table.by_type(served, "demand_share"),
        cost=solution.cost,
        bound=solution.bound,
        gap=solution.gap,
        status=solution.status,
        seconds=solution.seconds,
        unserved=tuple(table.buckets[bucket] for _, bucket in solution.unserved),
    )
