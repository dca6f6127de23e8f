"""Write the decision over hours as one program."""

from dataclasses import dataclass

from costopt.solve.hours import commitment_rows, gang_rows, serving_rows, tie_rows, whole_rows
from costopt.solve.hours.change_rows import ChangeRows, charge_changes
from costopt.solve.hours.columns import HoursColumns, lay_out_columns
from costopt.solve.hours.kinds import HourKinds
from costopt.solve.hours.loss_rows import LossColumns, cap_losses
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.program import ArrayProgram, HoursProgram
from costopt.solve.hours.reach import Reach
from costopt.solve.problem import FloatArray, IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HoursAssembly:
    """A finished program over hours and where the parts of the decision stand in it.

    Attributes:
        program: the program.
        columns: where the parts of the decision stand.
        losses: columns that say what failure groups carry of each block.
        price: price of one unit of every column for an hour; 0 without an hour (columns,)
            [currency/h].
        column_kind: kind of hour of every column; -1 = none (columns,).
        row_kind: kind of hour of every row; -1 = none (rows,).
        changes: where the rows of changes stand.
    """

    program: ArrayProgram
    columns: HoursColumns
    losses: tuple[LossColumns, ...]
    price: FloatArray
    column_kind: IntArray
    row_kind: IntArray
    changes: ChangeRows


def assemble_hours(problem: HourlyProblem, kinds: HourKinds, reach: Reach) -> HoursAssembly:
    """Write the program: commitments, and in each kind of hour counts, routing and coverage.

    Args:
        problem: the problem.
        kinds: its kinds of hours.
        reach: loads and largest useful counts, 0 for offers left out.
    """
    scale = _scale(problem, kinds)
    weight = (1 - problem.tail_weight) * kinds.expected_weight / scale
    program = HoursProgram(hour_weight=weight)
    columns = lay_out_columns(program, problem, kinds, reach, scale)
    serving_rows.serve_demand(program, columns)
    serving_rows.respect_capacity(program, columns, problem, reach)
    serving_rows.cap_spot_share(program, columns, problem)
    losses = tuple(
        cap_losses(program, block, routing)
        for block, routing in zip(problem.blocks, columns.routing, strict=True)
    )
    serving_rows.respect_limits(program, columns, problem)
    commitment_rows.draw_on_quantities(program, columns, problem)
    commitment_rows.cover_instances_once(program, columns, problem)
    commitment_rows.spend_within_plans(program, columns, problem, kinds)
    commitment_rows.cover_resources(program, columns, problem, kinds)
    tie_rows.finish_work(program, columns, problem)
    gang_rows.keep_gangs_whole(program, columns, problem)
    gang_rows.count_gang_starts(program, columns, problem)
    tie_rows.count_starts(program, columns, problem)
    tie_rows.weigh_tail(program, columns, problem, kinds)
    changes = charge_changes(program, columns, problem, kinds, reach.upper)
    whole_rows.keep_budgets(program, columns, problem, kinds)
    whole_rows.limit_types(program, columns, problem)
    return HoursAssembly(
        program=program.finished(),
        columns=columns,
        losses=losses,
        price=program.price(),
        column_kind=program.column_kind(),
        row_kind=program.row_kind(),
        changes=changes,
    )


def _scale(problem: HourlyProblem, kinds: HourKinds) -> float:
    """Cost of the cheapest offer over a mean kind of hour, for the solver's tolerances."""
    prices = problem.price_per_hour[problem.price_per_hour > 0]
    mean = float(kinds.expected_weight.mean()) if len(kinds) else 1.0
    return float(prices.min()) * mean if len(prices) and mean > 0 else 1.0
