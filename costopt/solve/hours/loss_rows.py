"""Rows on what is lost together: shares of failure groups, in every kind of hour at once."""

from dataclasses import dataclass

import numpy as np

from costopt.solve.hours.columns import CellColumns
from costopt.solve.hours.program import HoursProgram
from costopt.solve.hours.serving_rows import numbered
from costopt.solve.problem import BoolArray, FloatArray, IntArray, ServingBlock


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LossColumns:
    """Columns that say of a block's routing what failure groups carry of it.

    Attributes:
        block: the block.
        level: ``theta`` of a bucket (`item`); none where one loss is limited.
        excess: what a group (`within`) carries of a bucket (`item`) beyond that level.
        on_spot: 1 in hours in which groups carry anything; none where groups are not counted.
        counted: 1 for a group (`item`) that counts.
    """

    block: ServingBlock
    level: CellColumns
    excess: CellColumns
    on_spot: CellColumns
    counted: CellColumns

    @property
    def columns(self) -> IntArray:
        """Numbers of all of them."""
        parts = (self.level, self.excess, self.on_spot, self.counted)
        return np.concatenate([part.columns for part in parts])

    def fill(self, values: FloatArray, routing: CellColumns) -> None:
        """Write what follows from the values of the routing into those of the columns.

        Args:
            values: of the program's columns (columns,).
            routing: shares of buckets on servers.
        """
        if not len(self.columns):
            return
        carried = carried_by_groups(self.block, routing, values)
        if len(self.level.columns):
            ranked = -np.sort(-carried, axis=1)
            last = min(self.block.max_losses, ranked.shape[1]) - 1
            level = np.minimum(ranked[:, last], _most_level(self.block))
            values[self.level.columns] = level[self.level.kind, self.level.item]
            beyond = np.maximum(carried - level[:, None], 0)
            cells = self.excess.kind, self.excess.within, self.excess.item
            values[self.excess.columns] = beyond[cells]
        if len(self.counted.columns):
            share: FloatArray = carried @ self.block.demand_shares
            enough: BoolArray = np.greater_equal(share, self.block.least_carried)
            values[self.counted.columns] = enough[self.counted.kind, self.counted.item]
            carries = np.asarray(np.any(share > 0, axis=1))
            values[self.on_spot.columns] = carries[self.on_spot.kind]


def carried_by_groups(block: ServingBlock, routing: CellColumns, values: FloatArray) -> FloatArray:
    """Share of each bucket that each failure group carries, by kind (kinds, groups, buckets).

    Groups without a cell of the routing carry nothing.
    """
    group = block.server_group[routing.within]
    cells = np.flatnonzero(group >= 0)
    kinds = int(routing.kind.max(initial=-1)) + 1
    groups = int(block.server_group.max(initial=-1)) + 1
    carried = np.zeros((kinds, groups, len(block.demand)))
    place = routing.kind[cells], group[cells], routing.item[cells]
    np.add.at(carried, place, values[routing.columns[cells]])
    return carried


def cap_losses(program: HoursProgram, block: ServingBlock, routing: CellColumns) -> LossColumns:
    """Add that no ``k`` groups carry more than ``s`` of a bucket, and that enough of them carry.

    As in `costopt.solve.constraints.cap_losses` and `spread_over_groups`, once for each kind of
    hour. Shares do not grow with demand, so that what keeps these rows in one hour keeps them in
    every hour of less demand.

    Args:
        program: program that receives rows and columns.
        block: the block.
        routing: shares of buckets on servers.
    """
    group = block.server_group[routing.within]
    cells = np.flatnonzero(group >= 0)
    at_risk = CellColumns(
        item=routing.item[cells],
        within=group[cells],
        kind=routing.kind[cells],
        columns=routing.columns[cells],
    )
    level = excess = on_spot = counted = CellColumns.none()
    if block.limits_losses and block.max_losses == 1:
        _cap_each(program, block, at_risk)
    elif block.limits_losses:
        level, excess = _cap_largest(program, block, at_risk)
    if block.min_failure_groups > 1:
        on_spot, counted = _spread(program, block, at_risk)
    return LossColumns(block=block, level=level, excess=excess, on_spot=on_spot, counted=counted)


def _most_level(block: ServingBlock) -> float:
    return block.max_lost_fraction / block.max_losses


def _cap_each(program: HoursProgram, block: ServingBlock, at_risk: CellColumns) -> None:
    """Add ``X <= s`` where a group has several cells of a bucket; one is bounded by itself."""
    pair, first = numbered(at_risk.kind, at_risk.within, at_risk.item)
    several = np.bincount(pair, minlength=len(first)) > 1
    row = np.full(len(first), -1)
    row[several] = program.add_rows(at_risk.kind[first[several]], upper=block.max_lost_fraction)
    bound = several[pair]
    program.add_entries(row[pair[bound]], at_risk.columns[bound], 1)


def _cap_largest(
    program: HoursProgram, block: ServingBlock, at_risk: CellColumns
) -> tuple[CellColumns, CellColumns]:
    """Add ``k theta_b + sum_g w_bg <= s`` and ``X_bg - theta_b - w_bg <= 0``."""
    place, first = numbered(at_risk.kind, at_risk.item)
    pair, start = numbered(at_risk.kind, at_risk.within, at_risk.item)
    level = _added(program, at_risk, first, upper=_most_level(block))
    excess = _added(program, at_risk, start, upper=block.max_lost_fraction)
    sums = program.add_rows(level.kind, upper=block.max_lost_fraction)
    program.add_entries(sums, level.columns, block.max_losses)
    program.add_entries(sums[place[start]], excess.columns, 1)
    above = program.add_rows(excess.kind, upper=0)
    program.add_entries(above[pair], at_risk.columns, 1)
    program.add_entries(above, level.columns[place[start]], -1)
    program.add_entries(above, excess.columns, -1)
    return level, excess


def _spread(
    program: HoursProgram, block: ServingBlock, at_risk: CellColumns
) -> tuple[CellColumns, CellColumns]:
    """Add ``sum_g X_g <= z``, ``X_g >= e y_g`` and ``sum_g y_g >= m z``; ``y`` and ``z`` whole.

    ``X_g`` is the share of all requests that group ``g`` carries, ``e`` the least that counts.
    """
    share = block.demand_shares[at_risk.item]
    kind, first = numbered(at_risk.kind)
    pair, start = numbered(at_risk.kind, at_risk.within)
    on_spot = _added(program, at_risk, first, upper=1, integer=True)
    counted = _added(program, at_risk, start, upper=1, integer=True)
    any_of_it = program.add_rows(on_spot.kind, upper=0)
    program.add_entries(any_of_it[kind], at_risk.columns, share)
    program.add_entries(any_of_it, on_spot.columns, -1)
    carries = program.add_rows(counted.kind, lower=0)
    program.add_entries(carries[pair], at_risk.columns, share)
    program.add_entries(carries, counted.columns, -block.least_carried)
    enough = program.add_rows(on_spot.kind, lower=0)
    program.add_entries(enough[kind[start]], counted.columns, 1)
    program.add_entries(enough, on_spot.columns, -block.min_failure_groups)
    return on_spot, CellColumns(
        item=counted.within, within=counted.within, kind=counted.kind, columns=counted.columns
    )


def _added(
    program: HoursProgram,
    at_risk: CellColumns,
    cells: IntArray,
    *,
    upper: float,
    integer: bool = False,
) -> CellColumns:
    """Add a column without a price for each of some cells."""
    kind = at_risk.kind[cells]
    free = np.zeros(len(cells))
    columns = program.add_hourly(kind, price=free, upper=upper, integer=integer)
    return CellColumns(
        item=at_risk.item[cells], within=at_risk.within[cells], kind=kind, columns=columns
    )
