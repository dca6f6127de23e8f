"""Columns of the program over hours, and where each part of the decision stands."""

from dataclasses import dataclass

import numpy as np

from costopt.solve.hours.gang_columns import GangColumns
from costopt.solve.hours.kinds import HourKinds
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.program import HoursProgram
from costopt.solve.hours.reach import Reach
from costopt.solve.problem import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellColumns:
    """Columns of one family, one for each cell of a sparse table.

    Attributes:
        item: what the column is about, such as an offer or a bucket (cells,).
        within: what it belongs to, such as a server or a plan; 0 without (cells,).
        kind: kind of hour (cells,).
        columns: number of the column (cells,).
    """

    item: IntArray
    within: IntArray
    kind: IntArray
    columns: IntArray

    @classmethod
    def none(cls) -> "CellColumns":
        """Return no columns."""
        nothing = np.zeros(0, dtype=np.int64)
        return cls(item=nothing, within=nothing, kind=nothing, columns=nothing)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HoursColumns:
    """Where each part of the decision stands.

    Attributes:
        counts: instances of an offer.
        number: the same as a table; -1 = the offer is never of use then (offers, kinds).
        routing: by block, share of a bucket (`item`) on a server (`within`).
        quantities: instances committed (commitments,).
        spends: money per hour committed anew (plans,).
        resources: units committed (products,).
        covered: instances of an offer (`item`) billed under a plan (`within`).
        others: units of a line of other usage (`item`) billed under a plan (`within`).
        amounts: amounts of a resource covered.
        starts: instances of an offer started.
        gangs: whether configurations run, start, and are their task's.
        tail: value at risk and each scenario's excess over it; empty where the mean alone
            counts (1 + scenarios,).
        types: 1 for each type that may run; empty where their number is not limited (types,).
        scale: price that one unit of the objective stands for [currency].
        constant: part of the objective that nothing changes [currency].
    """

    counts: CellColumns
    number: IntArray
    routing: tuple[CellColumns, ...]
    quantities: IntArray
    spends: IntArray
    resources: IntArray
    covered: CellColumns
    others: CellColumns
    amounts: CellColumns
    starts: CellColumns
    gangs: GangColumns
    tail: IntArray
    types: IntArray
    scale: float
    constant: float


def lay_out_columns(
    program: HoursProgram, problem: HourlyProblem, kinds: HourKinds, reach: Reach, scale: float
) -> HoursColumns:
    """Add every column with its cost, in units of `scale`.

    Args:
        program: program that receives the columns.
        problem: the problem.
        kinds: its kinds of hours.
        reach: loads and largest useful counts.
        scale: cost that one unit of the objective stands for [currency].
    """
    offer, kind = np.nonzero(reach.upper > 0)
    counts = program.add_hourly(
        kind,
        price=problem.price_per_hour[offer],
        upper=reach.upper[offer, kind],
        integer=True,
    )
    number = np.full(reach.upper.shape, -1)
    number[offer, kind] = counts
    table = CellColumns(item=offer, within=np.zeros_like(offer), kind=kind, columns=counts)
    quantities, spends, resources = _most_useful(problem, kinds, reach.upper)
    return HoursColumns(
        counts=table,
        number=number,
        routing=tuple(
            _routing(program, problem, reach, block) for block in range(len(problem.blocks))
        ),
        quantities=program.add_linking(
            cost=problem.quantities.cost / scale, upper=quantities, integer=True
        ),
        spends=program.add_linking(cost=problem.spends.cost / scale, upper=spends),
        resources=program.add_linking(
            cost=problem.resources.cost / scale, upper=resources, integer=True
        ),
        covered=_covered(program, problem, table, reach.upper),
        others=_others(program, problem, kinds),
        amounts=_amounts(program, problem, reach.upper),
        starts=_starts(program, problem, table, reach.upper),
        gangs=GangColumns.laid_out(program, problem.gangs, offer, kind),
        tail=_tail(program, problem, kinds, reach.upper, scale),
        types=_types(program, problem),
        scale=scale,
        constant=(1 - problem.tail_weight)
        * float(others_price(problem, kinds) @ kinds.expected_weight),
    )


def others_price(problem: HourlyProblem, kinds: HourKinds) -> FloatArray:
    """Price of all other usage without a plan, by kind of hour (kinds,) [currency/h]."""
    if not len(problem.spends):
        return np.zeros(len(kinds))
    price: FloatArray = problem.spends.other_price @ problem.spends.other_usage[:, kinds.example]
    return price


def _most_useful(
    problem: HourlyProblem, kinds: HourKinds, upper: FloatArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Most of each commitment that could be used in some hour, by its kind of commitment."""
    quantities = np.zeros(len(problem.quantities))
    for commitment in range(len(quantities)):
        draws = upper[problem.quantity == commitment].sum(axis=0)
        quantities[commitment] = draws.max(initial=0)
    spends, resources = problem.spends, problem.resources
    charged = upper * (1 + problem.start_up_hours[:, None])
    money = np.zeros(len(spends))
    if len(spends):
        usage = spends.other_usage[:, kinds.example]
        billed = np.nan_to_num(spends.rate) @ charged + np.nan_to_num(spends.other_rate) @ usage
        money = billed.max(axis=1, initial=0)
    units = np.zeros(len(resources))
    if len(resources):
        needed = (resources.needs.T @ charged).max(axis=1, initial=0)
        held = resources.amounts
        with np.errstate(divide="ignore", invalid="ignore"):
            units = np.ceil(np.where(held > 0, needed / held, 0)).max(axis=1, initial=0)
    return (
        np.minimum(quantities, np.floor(problem.quantities.upper)),
        np.minimum(money, spends.upper),
        np.minimum(units, np.floor(resources.upper)),
    )


def _routing(
    program: HoursProgram, problem: HourlyProblem, reach: Reach, block: int
) -> CellColumns:
    """Shares of buckets on servers that may have an instance in an hour with demand."""
    running = reach.running(problem, block) & (reach.factor[block] > 0)
    able = np.isfinite(reach.loads[block])
    kind, server, bucket = np.nonzero(running.T[:, :, None] & able)
    most = problem.blocks[block].most_share[server]
    columns = program.add_hourly(kind, price=np.zeros(len(kind)), upper=most)
    return CellColumns(item=bucket, within=server, kind=kind, columns=columns)


def _covered(
    program: HoursProgram, problem: HourlyProblem, counts: CellColumns, upper: FloatArray
) -> CellColumns:
    rate = problem.spends.rate if len(problem.spends) else np.zeros((0, problem.offer_count))
    plan, cell = np.nonzero(np.isfinite(rate)[:, counts.item])
    offer, kind = counts.item[cell], counts.kind[cell]
    most = upper[offer, kind] * (1 + problem.start_up_hours[offer])
    columns = program.add_hourly(kind, price=-problem.price_per_hour[offer], upper=most)
    return CellColumns(item=offer, within=plan, kind=kind, columns=columns)


def _others(program: HoursProgram, problem: HourlyProblem, kinds: HourKinds) -> CellColumns:
    spends = problem.spends
    usage = np.zeros((spends.other_rate.shape[1], len(kinds)))
    if len(spends):
        usage = spends.other_usage[:, kinds.example]
    plan, line, kind = np.nonzero(np.isfinite(spends.other_rate)[:, :, None] & (usage > 0))
    columns = program.add_hourly(kind, price=-spends.other_price[line], upper=usage[line, kind])
    return CellColumns(item=line, within=plan, kind=kind, columns=columns)


def _amounts(program: HoursProgram, problem: HourlyProblem, upper: FloatArray) -> CellColumns:
    resources = problem.resources
    most = np.zeros((0, upper.shape[1]))
    if len(resources):
        most = resources.needs.T @ (upper * (1 + problem.start_up_hours[:, None]))
    resource, kind = np.nonzero(most > 0)
    columns = program.add_hourly(
        kind, price=-resources.price[resource], upper=most[resource, kind]
    )
    return CellColumns(item=resource, within=np.zeros_like(resource), kind=kind, columns=columns)


def _starts(
    program: HoursProgram, problem: HourlyProblem, counts: CellColumns, upper: FloatArray
) -> CellColumns:
    charged = problem.start_up_hours * problem.price_per_hour
    cells = np.zeros(0, dtype=np.int64)
    if problem.sequence is not None:
        tied = (charged > 0) | (problem.sequence.min_up_hours > 1)
        cells = np.flatnonzero(tied[counts.item])
    offer, kind = counts.item[cells], counts.kind[cells]
    columns = program.add_hourly(kind, price=charged[offer], upper=upper[offer, kind])
    return CellColumns(item=offer, within=np.zeros_like(offer), kind=kind, columns=columns)


def _types(program: HoursProgram, problem: HourlyProblem) -> IntArray:
    """Columns that are 1 for types that may run, where their number is limited."""
    if problem.types is None:
        return np.zeros(0, dtype=np.int64)
    groups = int(problem.types.group.max(initial=-1)) + 1
    return program.add_linking(cost=np.zeros(groups), upper=1, integer=True)


def _tail(
    program: HoursProgram,
    problem: HourlyProblem,
    kinds: HourKinds,
    upper: FloatArray,
    scale: float,
) -> IntArray:
    """Columns ``eta`` and ``xi_s`` of ``b (eta + sum_s p_s xi_s / (1 - a))``."""
    scenarios = problem.scenarios
    if scenarios is None or scenarios.tail_weight == 0:
        return np.zeros(0, dtype=np.int64)
    excess = scenarios.probability / (1 - scenarios.tail_level)
    cost = scenarios.tail_weight * np.concatenate([[1.0], excess])
    dearest = float(others_price(problem, kinds) @ kinds.weight.max(axis=1, initial=0))
    charged = problem.price_per_hour * (1 + problem.start_up_hours)
    dearest += float(charged @ upper @ kinds.weight.max(axis=1, initial=0))
    return program.add_linking(cost=cost, upper=dearest / scale)
