"""Time to say what would help an infeasible request, at 12 types and at about 1,000 offers.

Run: python tests/benchmarks/infeasible_answers.py. Seconds are of the wall clock and of the
processor: on a busy machine only the second say something.
"""

import os
import platform
from collections.abc import Iterator
from time import perf_counter, process_time

from costopt.catalog.catalog import Catalog
from costopt.explain.infeasible import helpful_changes
from costopt.planning.optimize_request import answer_request
from costopt.workload.limits import Limits
from costopt.workload.request import PlanRequest
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import Traffic

SMALL_TYPES = (
    "g4dn.xlarge", "g5.xlarge", "g5.12xlarge", "g6.xlarge", "g6.12xlarge", "g6e.xlarge",
    "g6e.12xlarge", "p4d.24xlarge", "p5.48xlarge", "inf2.xlarge", "inf2.24xlarge", "g6.2xlarge",
)  # fmt: skip
"""Instance types of the small catalogue."""

MUST_SECONDS = {"12 types": 1.0, "1,000 offers": 5.0}
"""What is asked for [s]."""

AIM_SECONDS = {"12 types": 0.2, "1,000 offers": 2.0}
"""What is hoped for [s]."""

CASES: dict[str, dict[str, object]] = {
    "quota": {"quota": {"*": 2}, "accelerator_types": ("L4", "L40S", "A10G", "A100*", "H100")},
    "budget": {"budget": 4000.0},
    "quota and budget": {"quota": {"*": 1}, "budget": 400.0, "accelerator_types": ("H100",)},
    "T4 alone": {"accelerator_types": ("T4",), "quota": {"*": 2}},
}
"""Limits that leave no plan, by name."""


def main() -> None:
    """Print one row for each size and case."""
    bundled = Catalog.bundled()
    print(f"machine: {os.cpu_count()} cores, {platform.machine()}, load {os.getloadavg()[0]:.1f}")
    header = (
        f"{'size':<14}{'offers':>8}  {'case':<18}{'wall s':>8}{'cpu s':>8}{'must':>6}{'aim':>6}"
    )
    print(f"{header}  answers")
    for size, catalog in sizes(bundled):
        for case, limits in CASES.items():
            print_row(size, catalog, case, limits)


def sizes(bundled: Catalog) -> Iterator[tuple[str, Catalog]]:
    """Yield catalogues of both sizes; all of their offers by the hour."""
    hourly = bundled.filter(purchase_options=["on_demand", "spot"])
    yield (
        "12 types",
        hourly.filter(providers=["aws"], regions=["us-east-1"], instance_types=SMALL_TYPES),
    )
    large = hourly.filter(providers=["aws", "gcp"], regions=["us-*", "eu-*", "europe-*"])
    yield "1,000 offers", large.with_offers(large.offers.head(1000))


def print_row(size: str, catalog: Catalog, case: str, limits: dict[str, object]) -> None:
    """Ask once and print how long the answer took."""
    request = PlanRequest(workloads=(chat(),), limits=Limits.model_validate(limits))
    plan = answer_request(request, catalog)
    started, worked = perf_counter(), process_time()
    found = helpful_changes(request, catalog)
    wall, cpu = perf_counter() - started, process_time() - worked
    answers = len(found) - ("does not help" in found[-1] if found else 0)
    status = "" if not plan.has_answer else " (feasible!)"
    print(
        f"{size:<14}{len(catalog):>8,}  {case:<18}{wall:>8.2f}{cpu:>8.2f}"
        f"{MUST_SECONDS[size]:>6.1f}{AIM_SECONDS[size]:>6.1f}  {answers}{status}"
    )


def chat() -> InferenceService:
    """Return an 8B chat model under a real trace, whose sizes make 36 buckets and more."""
    return InferenceService(
        model="meta-llama/Llama-3.1-8B-Instruct",
        precision=("bf16",),
        traffic=Traffic.from_trace("azure-llm-2023-conv", requests_per_second=400),
        max_ttft_ms=1000,
        max_tpot_ms=50,
    )


if __name__ == "__main__":
    main()
