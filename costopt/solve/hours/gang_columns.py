"""Columns of gangs in the program over hours."""

from dataclasses import dataclass

import numpy as np

from costopt.solve.hours.gangs import Gangs
from costopt.solve.hours.program import HoursProgram
from costopt.solve.problem import IntArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GangColumns:
    """Where the decisions on gangs stand; a cell is a configuration that works, in an hour.

    Attributes:
        configuration: of each cell (cells,).
        kind: kind of hour of each cell (cells,).
        running: 1 where the configuration runs in the hour (cells,).
        starting: 1 where it starts (cells,).
        chosen: 1 where a configuration is its task's (configurations,).
    """

    configuration: IntArray
    kind: IntArray
    running: IntArray
    starting: IntArray
    chosen: IntArray

    @classmethod
    def laid_out(
        cls, program: HoursProgram, gangs: Gangs, offer: IntArray, kind: IntArray
    ) -> "GangColumns":
        """Add the columns.

        Args:
            program: program that receives them.
            gangs: of the problem.
            offer: of each cell in which an offer may have instances.
            kind: kind of hour of each of them.
        """
        cells = np.zeros((2, 0), dtype=np.int64)
        if len(gangs):
            configuration = gangs.configuration[offer]
            of_gangs = configuration >= 0
            cells = np.unique(np.stack([configuration, kind])[:, of_gangs], axis=1)
            cells = cells[:, gangs.works[cells[0]]]
        free = np.zeros(cells.shape[1])
        return cls(
            configuration=cells[0],
            kind=cells[1],
            running=program.add_hourly(cells[1], price=free, upper=1, integer=True),
            starting=program.add_hourly(cells[1], price=free, upper=1),
            chosen=program.add_linking(cost=np.zeros(len(gangs.size)), upper=1, integer=True),
        )
