"""Gangs in a PuLP model over hours: which configuration each task has, when it runs and starts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import pulp

from costopt.solve.hours.gangs import EVERY_HOUR
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.pulp_block import Rows

Counts = Sequence[Mapping[int, pulp.LpVariable]]
"""Variable of each item that may be above 0, hour by hour."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PulpGangs:
    """Decisions on gangs.

    Attributes:
        problem: what they were written from.
        chosen: ``z_c``, 1 where a configuration is its task's.
        running: ``g_ct``, 1 where a configuration that works on a job runs, hour by hour.
        starting: ``b_ct``, 1 where it starts.
    """

    problem: HourlyProblem
    chosen: Sequence[pulp.LpVariable]
    running: Counts
    starting: Counts

    @classmethod
    def written(cls, model: pulp.LpProblem, problem: HourlyProblem) -> Self:
        """Add the variables.

        Args:
            model: that receives them.
            problem: over hours.
        """
        gangs = problem.gangs
        works = [one for one, task in enumerate(gangs.task) if gangs.job[task] != EVERY_HOUR]
        hours = range(problem.hour_count)
        return cls(
            problem=problem,
            chosen=[
                model.add_variable(f"z_{one}", 0, 1, pulp.LpInteger)
                for one in range(len(gangs.size))
            ],
            running=[
                {one: model.add_variable(f"g_{hour}_{one}", 0, 1, pulp.LpInteger) for one in works}
                for hour in hours
            ],
            starting=[
                {one: model.add_variable(f"b_{hour}_{one}", 0, 1) for one in works}
                for hour in hours
            ],
        )

    def lost(self, job: int, hour: int) -> list[pulp.LpAffineExpression]:
        """Return what starts in an hour take off the work of a job, gang by gang.

        Args:
            job: of the deferrable work.
            hour: of the problem.
        """
        gangs, rate = self.problem.gangs, self.problem.work.rate
        found = []
        for one, started in self.starting[hour].items():
            if gangs.job[gangs.task[one]] == job:
                member = next(offer for offer, own in enumerate(gangs.configuration) if own == one)
                speed = float(rate[member]) * int(gangs.size[one])
                found.append(speed * float(gangs.lost_hours[one]) * started)
        return found

    def rows(self, counts: Counts, rounds: Sequence[Sequence[int]]) -> Rows:
        """Yield that gangs are whole, of one configuration for each task, and what starts.

        Args:
            counts: instances of each offer, hour by hour.
            rounds: hours of each scenario, in order.
        """
        gangs = self.problem.gangs
        for task in range(len(gangs)):
            own = [one for place, one in enumerate(self.chosen) if gangs.task[place] == task]
            yield f"one_configuration_{task}", pulp.lpSum(own) == 1
        for hour, running in enumerate(self.running):
            for one, chosen in enumerate(self.chosen):
                instances = [
                    count
                    for offer, count in counts[hour].items()
                    if gangs.configuration[offer] == one
                ]
                runs = running.get(one, chosen)
                whole = pulp.lpSum(instances) == int(gangs.size[one]) * runs
                yield f"whole_gang_{hour}_{one}", whole
                if one in running:
                    yield f"configuration_{hour}_{one}", running[one] <= chosen
        for hours in rounds:
            for place, hour in enumerate(hours):
                before = self.running[hours[place - 1]] if place else {}
                for one, started in self.starting[hour].items():
                    new = self.running[hour][one] - before.get(one, 0)
                    yield f"gang_starts_{hour}_{one}", started >= new
