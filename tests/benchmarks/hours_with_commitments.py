"""Gap and time of plans over hours with commitments, against the best proven bound.

Run: python tests/benchmarks/hours_with_commitments.py [seconds]. Each row has that wall-clock
limit (15 without one), a long series four times as much. Processor seconds stand beside wall-clock
ones: HiGHS runs on one thread here, so that on a free machine the two agree.
"""

import os
import platform
import sys
from dataclasses import dataclass
from time import process_time

from costopt.solve.hours.run import solve_hours


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One row of the table.

    Attributes:
        name: what is solved.
        requests_per_second: mean demand [requests/s].
        hours: hours of the profile.
        gap: relative distance to the bound that is asked for [1].
        must: gap that the row must reach [1].
        spot_fraction: highest share of any bucket on spot; None = no spot.
        savings_plan: whether a plan of money per hour is on offer too.
    """

    name: str
    requests_per_second: float
    hours: int
    gap: float
    must: float
    spot_fraction: float | None = None
    savings_plan: bool = False


TABLE = (
    Work(name="week, 50/s", requests_per_second=50, hours=168, gap=0.015, must=0.03),
    Work(name="week, 500/s", requests_per_second=500, hours=168, gap=0.005, must=0.01),
    Work(
        name="week, 500/s, savings plan",
        requests_per_second=500,
        hours=168,
        gap=0.005,
        must=0.01,
        savings_plan=True,
    ),
    Work(
        name="day, 50/s, 40 % spot",
        requests_per_second=50,
        hours=24,
        gap=0.02,
        must=0.05,
        spot_fraction=0.4,
    ),
    Work(
        name="day, 500/s, 40 % spot",
        requests_per_second=500,
        hours=24,
        gap=0.02,
        must=0.05,
        spot_fraction=0.4,
    ),
    Work(name="year, 50/s", requests_per_second=50, hours=8_760, gap=0.003, must=0.01),
    Work(name="year, 500/s", requests_per_second=500, hours=8_760, gap=0.003, must=0.01),
)


def main() -> None:
    """Print one line for each row of the table."""
    from synthetic_hours import synthetic_hours

    limit = float(sys.argv[1]) if len(sys.argv) > 1 else 15.0
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}; one thread, 36 buckets")
    print(f"{'work':<28}{'seed':>5}{'gap %':>8}{'must %':>8}{'wall s':>8}{'cpu s':>8}  status")
    for work in TABLE:
        for seed in range(2):
            problem = synthetic_hours(
                requests_per_second=work.requests_per_second,
                hours=work.hours,
                seed=seed,
                spot_fraction=work.spot_fraction,
                savings_plan=work.savings_plan,
            )
            seconds = limit if work.hours < 1_000 else 4 * limit
            started = process_time()
            solution = solve_hours(problem, gap=work.gap, time_limit_seconds=seconds)
            spent = process_time() - started
            gap = "-" if solution.gap is None else f"{100 * solution.gap:.2f}"
            print(
                f"{work.name:<28}{seed:>5}{gap:>8}{100 * work.must:>8.1f}"
                f"{solution.seconds:>8.1f}{spent:>8.1f}  {solution.status}",
                flush=True,
            )


if __name__ == "__main__":
    main()
