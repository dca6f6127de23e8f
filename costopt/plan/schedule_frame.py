"""The schedule of a plan as a frame: one row for each hour of the profile."""

import pandas as pd

from costopt.plan.schedule import Schedule


def schedule_frame(schedule: Schedule) -> pd.DataFrame:
    """Return demand, instances and money of each hour, scenario by scenario.

    Columns: ``scenario``, ``hour`` (of the profile, from 0), ``kind`` (position in
    ``schedule.hours``), ``demand_factor`` of each workload, ``line`` i with the instances of the
    plan's line i, ``tranche`` i with what is in use of it, ``paid_per_hour``, and
    where starting or stopping takes time ``starts`` i with those of line i that start for it.

    Args:
        schedule: of a plan.
    """
    rows = []
    for name, numbers in zip(schedule.scenarios, schedule.kind_of_hour, strict=True):
        for hour, number in enumerate(numbers):
            kind = schedule.hours[number]
            rows.append(
                {"scenario": name, "hour": hour, "kind": number}
                | {f"demand_factor {of}": factor for of, factor in kind.demand_factor.items()}
                | {f"line {row}": count for row, count in enumerate(kind.counts)}
                | {f"tranche {row}": used for row, used in enumerate(kind.used)}
                | {"paid_per_hour": kind.paid_per_hour}
                | {f"starts {row}": count for row, count in enumerate(kind.starts)}
            )
    return pd.DataFrame(rows)
