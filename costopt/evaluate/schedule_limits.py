"""Limits on a plan over time as a whole: budgets in every scenario, and distinct types."""

from collections.abc import Iterator

import numpy as np

from costopt.evaluate.limits import TOLERANCE
from costopt.evaluate.scheduled import Scheduled
from costopt.workload.limits import Limits
from costopt.workload.request import PlanRequest


def broken_whole_limits(request: PlanRequest, found: Scheduled) -> Iterator[str]:
    """Yield a sentence for each budget and each number of types that the plan exceeds.

    A budget holds in every scenario. It counts commitments whole and what the lines are charged
    by the hour, of the request and of its only workload; among several workloads that of one
    counts what its own lines are charged.

    Args:
        request: the question.
        found: the plan over time, recomputed.
    """
    committed = sum(one.cost_total for one in found.schedule.tranches)
    is_only = len(request.workloads) == 1
    own: list[tuple[str, Limits]] = [
        (name, workload.limits) for name, workload in request.named_workloads
    ]
    for name, limits in (("", request.limits), *own):
        whose = np.array([not name or line.workload == name for line in found.lines])
        shared = committed if is_only or not name else 0.0
        paid = found.charged[:, whose].sum(axis=1) + shared
        dearest = int(paid.argmax())
        if limits.budget is not None and paid[dearest] > limits.budget * (1 + TOLERANCE):
            told = f" in scenario {found.schedule.scenarios[dearest]}" if len(paid) > 1 else ""
            of_whom = f" of {name}" if name else ""
            yield (
                f"cost {paid[dearest]:,.2f}{told} exceeds the budget{of_whom} of "
                f"{limits.budget:,.2f}"
            )
        kinds = {
            (line.offer.provider, line.offer.instance_type)
            for line, counts in zip(found.lines, whose, strict=True)
            if counts
        }
        most = limits.max_distinct_types
        if most is not None and len(kinds) > most:
            yield f"{len(kinds)} instance types, {most} allowed"
