"""Lines whose mix of requests misses a latency limit, and planning them with more room."""

from dataclasses import replace
from typing import Final

from costopt.candidate.find import NamedWorkload
from costopt.candidate.service import ServiceCandidates
from costopt.errors import PlanCheckError
from costopt.evaluate.limits import TOLERANCE
from costopt.evaluate.operate import Operated
from costopt.plan.line import PlanLine
from costopt.workload.serving import InferenceService

TIGHTENING: Final = 0.85
"""Factor on the utilisation of a service whose mix misses its limit on the first token.

A layout is rated on the workload's own mix; when the mix that a plan routes to it waits longer,
it is planned again with more room.
"""

LATEST: Final = 0.5
"""Lines with at least this part of the worst line's late requests are planned with more room."""


def late_lines(item: NamedWorkload, found: Operated) -> list[bool]:
    """Return which lines of a service miss a limit on the first token or on each further one."""
    workload = item.workload
    late = [False] * len(found.lines)
    if not isinstance(workload, InferenceService):
        return late
    if workload.max_tpot_ms is not None:
        slowest = workload.max_tpot_ms * (1 + TOLERANCE / 2)
        late = [(line.tpot_ms or 0.0) > slowest for line in found.lines]
    allowed = 1 - workload.percentile / 100 + TOLERANCE / 2
    if workload.max_ttft_ms is not None and found.late_fraction > allowed:
        worst = max(found.late_fractions)
        late = [
            slow or fraction >= LATEST * worst
            for slow, fraction in zip(late, found.late_fractions, strict=True)
        ]
    return late


def with_more_room(item: NamedWorkload, found: Operated) -> NamedWorkload:
    """Plan the layouts whose own mix is late with a lower utilisation than they have now."""
    candidates = item.candidates
    if not isinstance(candidates, ServiceCandidates):
        return item
    planned = candidates.layout_rates.max_utilisation.copy()
    for line, late in zip(found.lines, late_lines(item, found), strict=True):
        if late:
            index = layout_index(candidates, line)
            planned[index] = min(planned[index], line.utilisation or 1.0) * TIGHTENING
    rates = replace(candidates.layout_rates, max_utilisation=planned)
    return replace(item, candidates=replace(candidates, layout_rates=rates))


def layout_index(candidates: ServiceCandidates, line: PlanLine) -> int:
    """Find the layout that a line was written from.

    Args:
        candidates: of its workload.
        line: of the plan.

    Raises:
        PlanCheckError: it is not among them.
    """
    for index, layout in enumerate(candidates.layouts):
        kind = candidates.types[candidates.type_of_layout[index]]
        same_type = (kind.provider, kind.name) == (line.offer.provider, line.offer.instance_type)
        written = replace(line.layout, replicas=layout.replicas)
        if same_type and layout == (written if line.shared_node else line.layout):
            return index
    raise PlanCheckError([f"{line.offer.instance_type} has a layout that is no candidate"])
