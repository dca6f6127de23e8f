"""Lines that cannot be what they say: unknown workloads, missing sizes, impossible layouts."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from costopt.candidate.formats import format_names
from costopt.candidate.layout import (
    InstanceType,
    Layout,
    replica_layouts,
    unusable_reasons,
)
from costopt.candidate.reasons import REASONS
from costopt.candidate.requirement import plain_layout
from costopt.candidate.samples import whole_instance_layout
from costopt.candidate.sizes import sizes_of
from costopt.candidate.slices import size_of
from costopt.catalog.catalog import Catalog
from costopt.evaluate.facts import types_of
from costopt.performance.parallelism import tensor_parallel_degrees
from costopt.performance.support import Task
from costopt.plan.line import PlanLine
from costopt.workload.batch import BatchInference
from costopt.workload.request import AnyWorkload
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService
from costopt.workload.training import FineTuneJob, TrainingJob


def malformed(workload: AnyWorkload, lines: Sequence[PlanLine], catalog: Catalog) -> Iterator[str]:
    """Yield a sentence for each line whose figures cannot even be recomputed.

    Args:
        workload: what the lines run.
        lines: of that workload.
        catalog: where model, trace and instance types are described.

    Raises:
        InvalidInputError: an offer is not in the catalogue.
    """
    buckets = _bucket_count(workload, catalog)
    for line, kind in zip(lines, types_of(catalog, lines), strict=True):
        if len(line.routing) != buckets:
            yield f"{line.place}: routes {len(line.routing)} request sizes, there are {buckets}"
        reason = _unusable(workload, kind, catalog)
        if reason:
            yield f"{line.place}: {REASONS[reason]}"
        elif not _is_possible(line, _possible_layouts(workload, line.layout, kind, catalog)):
            yield f"{line.place}: its layout is none of those that are possible there"


def _is_possible(line: PlanLine, layouts: Sequence[Layout]) -> bool:
    """Return whether a line is laid out in one of these ways, with fewer replicas where shared.

    A slice holds one replica of one accelerator; how many fit is checked with their neighbours.
    """
    if not line.shared_node:
        return line.layout in layouts
    written = line.layout
    if written.slice:
        if size_of(written) is None or written.tensor_parallel != 1:
            return False
        written = replace(written, slice="", replicas=1)
    return any(
        1 <= written.replicas <= layout.replicas
        and replace(written, replicas=layout.replicas) == layout
        for layout in layouts
    )


def _bucket_count(workload: AnyWorkload, catalog: Catalog) -> int:
    if isinstance(workload, InferenceService) and workload.traffic is not None:
        return len(sizes_of(workload.traffic, catalog).shares)
    return 1


def _unusable(workload: AnyWorkload, kind: InstanceType, catalog: Catalog) -> str:
    """Return why the kind of work cannot run on an instance type at all; empty where it can."""
    if isinstance(workload, Requirement):
        return ""
    if isinstance(workload, FineTuneJob | TrainingJob):
        qlora = isinstance(workload, FineTuneJob) and workload.method == "qlora"
        task = Task.QLORA if qlora else Task.TRAINING
        return unusable_reasons(catalog, [kind], task, multi_host=True)[0]
    task = Task.SERVING if _has_tokens(workload) else Task.SAMPLES
    return unusable_reasons(catalog, [kind], task, multi_host=False)[0]


def _has_tokens(workload: InferenceService | BatchInference) -> bool:
    if isinstance(workload, InferenceService):
        return workload.traffic is not None
    return workload.requests is not None


def _possible_layouts(
    workload: AnyWorkload, written: Layout, kind: InstanceType, catalog: Catalog
) -> list[Layout]:
    """Layouts on one instance type; how a gang shares its work is recomputed with its rate."""
    if isinstance(workload, Requirement):
        return [plain_layout(kind)]
    names = format_names(workload.precision)
    if isinstance(workload, FineTuneJob | TrainingJob):
        return [
            replace(written, accelerator=kind.chip, accelerators=kind.count, precision=name,
                    replicas=1)
            for name in names
        ]  # fmt: skip
    if not _has_tokens(workload):
        return [whole_instance_layout(kind, name) for name in names]
    heads = catalog.model(workload.model).attention_heads or 1
    return [
        layout
        for name in names
        for _, layout in replica_layouts(
            [kind], name, lambda count: tensor_parallel_degrees(count, heads)
        )
    ]
