"""Time and cost of cheapest_mix against the published slice formulation.

Run: python tests/benchmarks/cheapest_mix_vs_slices.py. It takes a quarter of an hour: the baseline
does.
"""

import os
import platform
from statistics import median
from typing import TYPE_CHECKING

from costopt.solve.mix import Mix, cheapest_mix

if TYPE_CHECKING:
    from slice_baseline import Instance, SliceAnswer

PUBLISHED_COSTS = {1: 6.70, 4: 5.69, 8: 5.69}
"""Cost of the published example by slices in each bucket [$/h]. Source: arXiv 2404.14527."""

TIMED = ((10, 40, 7), (14, 40, 5), (6, 200, 5), (10, 200, 3))
"""Time comparisons: grid, types, number of instances; the baseline's limit is 120 s."""

TIMED_SLICES = 4
COMPARED = ((2, 6, 1, 80), (3, 8, 1, 40), (3, 8, 4, 40), (4, 10, 4, 30), (6, 12, 4, 10))
"""Cost comparisons: grid, types, slices, number of instances."""

SAME_COST = 1e-6
"""Relative difference up to which two costs count as equal."""


def main() -> None:
    """Check the baseline, then print the table of times and the comparison of costs."""
    check_baseline()
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}; one thread each, gap 1e-4\n")
    print_times()
    print_costs()


def check_baseline() -> None:
    """Stop unless both sides give the published example its known costs."""
    from slice_baseline import published_example, solve_slices

    example = published_example()
    for slices, known in PUBLISHED_COSTS.items():
        found = solve_slices(example, slices=slices).cost
        if found is None or abs(found - known) > 1e-9:
            raise SystemExit(f"slices {slices}: the baseline found {found}, published is {known}")
        print(f"published example, slices {slices}: {found:.2f} $/h")
    mix = solve_mix(example)
    if mix.cost is None or abs(mix.cost - 4.68) > 1e-9:
        raise SystemExit(f"cheapest_mix found {mix.cost}, a hand check gives 4.68")
    print(f"published example, cheapest_mix: {mix.cost:.2f} $/h")


def solve_mix(instance: "Instance") -> Mix:
    """Solve an instance with the baseline's limits."""
    return cheapest_mix(
        instance.demand, instance.throughput, instance.price_per_hour, time_limit_seconds=120
    )


def print_times() -> None:
    """Print seconds of both sides at four sizes, and the median of their ratios."""
    from slice_baseline import random_instance, solve_slices

    print(f"{'size':<24}{'seed':>5}{'slices s':>10}{'mix s':>8}{'ratio':>8}  cost")
    for grid, types, cases in TIMED:
        ratios = []
        for seed in range(cases):
            instance = random_instance(seed, grid=grid, types=types, requests_per_second=100)
            baseline = solve_slices(instance, slices=TIMED_SLICES)
            mix = solve_mix(instance)
            ratios.append(baseline.seconds / mix.seconds)
            print(
                f"{f'{grid}x{grid} x {types}, 100 req/s':<24}{seed:>5}{baseline.seconds:>10.2f}"
                f"{mix.seconds:>8.2f}{ratios[-1]:>8.1f}  {compared(baseline, mix)}"
            )
        print(f"median ratio {median(ratios):.1f}, range {min(ratios):.1f}-{max(ratios):.1f}\n")


def compared(baseline: "SliceAnswer", mix: Mix) -> str:
    """Say which side is cheaper."""
    if baseline.cost is None or mix.cost is None:
        return "one side has no mix"
    difference = mix.cost / baseline.cost - 1
    if abs(difference) <= SAME_COST:
        return "equal"
    return f"mix {difference:+.3%}" + (" (baseline cut off)" if baseline.is_cut_off else "")


def print_costs() -> None:
    """Print on how many random instances the mix is cheaper, equal or dearer."""
    from slice_baseline import random_instance, solve_slices

    print(f"{'size':<24}{'slices':>7}{'cases':>7}{'lower':>7}{'equal':>7}{'higher':>8}  saving")
    for grid, types, slices, cases in COMPARED:
        differences = []
        for seed in range(1000, 1000 + cases):
            rate = (2.0, 10.0, 40.0)[seed % 3]
            instance = random_instance(seed, grid=grid, types=types, requests_per_second=rate)
            baseline, mix = solve_slices(instance, slices=slices), solve_mix(instance)
            if baseline.cost is None or mix.cost is None:
                raise SystemExit(f"{grid}x{grid} x {types}, seed {seed}: one side has no mix")
            differences.append(mix.cost / baseline.cost - 1)
        lower = sum(difference < -SAME_COST for difference in differences)
        higher = sum(difference > SAME_COST for difference in differences)
        print(
            f"{f'{grid}x{grid} x {types}, 2-40 req/s':<24}{slices:>7}{cases:>7}{lower:>7}"
            f"{cases - lower - higher:>7}{higher:>8}  up to {saving(min(differences))}, "
            f"mean {saving(sum(differences) / cases)}"
        )


def saving(difference: float) -> str:
    """Write a relative difference as a saving, without a sign on zero."""
    return f"{round(-difference, 4) + 0.0:.2%}"


if __name__ == "__main__":
    main()
