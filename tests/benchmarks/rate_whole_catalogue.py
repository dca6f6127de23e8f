"""Rating every instance type of the bundled catalogue in every layout, format and request size.

Run ``taskset -c 0 python tests/benchmarks/rate_whole_catalogue.py``; nothing is asserted, as
machines differ. What rating all request sizes together gains is a ratio within the run.
"""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from time import perf_counter
from typing import Final

import numpy as np

from costopt.candidate.formats import format_names
from costopt.candidate.layout import InstanceType, instance_types_of, unusable_reasons
from costopt.candidate.serving import replicas_on
from costopt.catalog.catalog import Catalog
from costopt.catalog.offer_view import describe_types
from costopt.model import ModelSpec
from costopt.performance.hardware import Hardware
from costopt.performance.limits import LatencyLimits
from costopt.performance.serving import serving_rates
from costopt.performance.support import Task
from costopt.performance.work import RequestSizes
from costopt.precision import formats_named
from costopt.workload.base import ANY_PRECISION

RUNS: Final = 7
"""Timed runs of each figure; the median is shown."""

TARGET_SECONDS: Final = 0.3

MODELS: Final = (
    "meta-llama/Llama-3.1-8B",
    "meta-llama/Llama-3.1-70B",
    "mistralai/Mixtral-8x7B-v0.1",
)

LIMITS: Final = {
    "TTFT and TPOT": LatencyLimits(max_ttft_ms=2000.0, max_tpot_ms=100.0),
    "TPOT": LatencyLimits(max_tpot_ms=100.0),
    "no limit": LatencyLimits(),
}

MAX_UTILISATION: Final = 0.8

ALONE: Final = 10
"""Request sizes that are also rated one by one, for the ratio."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is rated: hardware by number format, and request sizes."""

    model: ModelSpec
    hardware: dict[str, Hardware]
    requests: RequestSizes

    def rate(self, limits: LatencyLimits, buckets: slice = slice(None)) -> int:
        """Rate every layout, format and size; return how many of them run."""
        sizes = RequestSizes(
            input_tokens=self.requests.input_tokens[buckets],
            output_tokens=self.requests.output_tokens[buckets],
        )
        running = 0
        for name, hardware in self.hardware.items():
            formats = formats_named(name)
            rates = serving_rates(self.model, hardware, formats, sizes, limits, MAX_UTILISATION)
            running += int(np.count_nonzero(rates.requests_per_second))
        return running


def question(catalog: Catalog, kinds: Sequence[InstanceType], name: str) -> Question:
    """Lay a model out on all instance types, for a grid of 10 prompts by 10 answers."""
    model = catalog.model(name)
    unusable = unusable_reasons(catalog, kinds, Task.SERVING, multi_host=False)
    prompts, answers = np.geomspace(30.0, 4000.0, 10), np.geomspace(20.0, 1000.0, 10)
    return Question(
        model=model,
        hardware={
            precision: replicas_on(catalog, kinds, unusable, model, precision).hardware
            for precision in format_names(ANY_PRECISION)
        },
        requests=RequestSizes(
            input_tokens=np.repeat(prompts, len(answers)),
            output_tokens=np.tile(answers, len(prompts)),
        ),
    )


def seconds_of(asked: Question, limits: LatencyLimits) -> list[float]:
    """Time all sizes together, once in each run [s]."""
    taken = []
    for _ in range(RUNS):
        started = perf_counter()
        asked.rate(limits)
        taken.append(perf_counter() - started)
    return sorted(taken)


def seconds_one_by_one(asked: Question, limits: LatencyLimits) -> float:
    """Time some sizes one after the other, brought up to all of them [s]."""
    sizes = len(asked.requests.input_tokens)
    started = perf_counter()
    for bucket in range(0, sizes, sizes // ALONE):
        asked.rate(limits, slice(bucket, bucket + 1))
    return (perf_counter() - started) * sizes / ALONE


def main() -> None:
    """Print size, times and ratios."""
    catalog = Catalog.bundled()
    tables = {"instance_types": catalog.instance_types, "accelerators": catalog.accelerators}
    kinds = instance_types_of(describe_types(tables))
    print(
        f"Python {platform.python_version()}, {platform.machine()}, "
        f"{len(os.sched_getaffinity(0))} of {os.cpu_count()} cores; median of {RUNS} runs, "
        f"target {TARGET_SECONDS:g} s"
    )
    for name in MODELS:
        started = perf_counter()
        asked = question(catalog, kinds, name)
        laid_out = perf_counter() - started
        layouts = sum(len(hardware) for hardware in asked.hardware.values())
        sizes = len(asked.requests.input_tokens)
        print(
            f"{name}: {len(kinds)} instance types, {len(asked.hardware)} formats, "
            f"{layouts:,} layouts by {sizes} request sizes; laying out takes {laid_out:.3f} s more"
        )
        for told, limits in LIMITS.items():
            running = asked.rate(limits)
            taken = seconds_of(asked, limits)
            alone = seconds_one_by_one(asked, limits)
            print(
                f"  {told:<14} {median(taken):6.3f} s ({taken[0]:.3f}-{taken[-1]:.3f}); "
                f"{running:,} of them run; one size at a time takes "
                f"{alone / median(taken):.1f} times as long"
            )


if __name__ == "__main__":
    main()
