"""Memory: what it is used for, which knobs save it, and what would make refused types fit."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from costopt.candidate.find import NamedWorkload
from costopt.candidate.misses import Miss
from costopt.catalog.catalog import Catalog
from costopt.explain.infeasible import changed_plan
from costopt.explain.knobs_at_work import KnobAtWork, knobs_at_work
from costopt.explain.memory_use import MemoryUse, memory_uses
from costopt.explain.refused_memory import Knob, RefusedMemory, nearest_refused
from costopt.explain.serving_fit import SAMPLES_TRIED, SERVING_TRIED, serving_knobs
from costopt.explain.training_fit import TRAINING_TRIED, training_knobs, training_misses
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.workload.requirement import Requirement
from costopt.workload.training import FineTuneJob, TrainingJob

REFUSED_GANGS: Final = ("vram", "gang_size")
"""Reasons of types on which no gang runs for want of memory: none at all, or of those possible."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryReasons:
    """What the memory of accelerators is used for, and what would make it enough.

    Attributes:
        uses: of each line of the plan, term by term.
        at_work: knobs that the planned gangs save memory with.
        refused: instance types refused for memory that come nearest.
        changes: for an infeasible request, changes of one knob that help, each proven by
            planning again.
    """

    uses: tuple[MemoryUse, ...] = ()
    at_work: tuple[KnobAtWork, ...] = ()
    refused: tuple[RefusedMemory, ...] = ()
    changes: tuple[str, ...] = ()

    @property
    def sentences(self) -> tuple[str, ...]:
        """All of it, one sentence each."""
        told = [one.text for group in (self.uses, self.at_work, self.refused) for one in group]
        return (*told, *self.changes)

    def __str__(self) -> str:
        """Return all of it, one line each."""
        return "\n".join(self.sentences)


def memory_reasons(
    plan: Plan, workloads: Sequence[NamedWorkload], catalog: Catalog
) -> MemoryReasons:
    """Say what memory is used for, and what would make refused types fit.

    Args:
        plan: with lines, or infeasible.
        workloads: with their candidates.
        catalog: what the plan was made from.
    """
    refused = [(item, found) for item in workloads for found in _refused(item, plan, catalog)]
    infeasible = plan.status is PlanStatus.INFEASIBLE
    return MemoryReasons(
        uses=memory_uses(plan),
        at_work=tuple(_at_work(plan, workloads, catalog)),
        refused=tuple(found for _, found in refused),
        changes=tuple(_changes(plan, refused, catalog)) if infeasible else (),
    )


def _refused(item: NamedWorkload, plan: Plan, catalog: Catalog) -> Iterator[RefusedMemory]:
    """Yield the nearest types refused for memory, with what makes each of them fit."""
    workload = item.workload
    if isinstance(workload, Requirement):
        return
    for kind, miss in nearest_refused(item, _short(item, catalog), plan.request, catalog):
        if isinstance(workload, FineTuneJob | TrainingJob):
            knobs, tried = training_knobs(workload, kind, catalog), TRAINING_TRIED
        else:
            knobs = serving_knobs(workload, kind, item.candidates.types, catalog)
            by_tokens = getattr(workload, "traffic", None) or getattr(workload, "requests", None)
            tried = SERVING_TRIED if by_tokens else SAMPLES_TRIED
        yield RefusedMemory(
            workload=item.name,
            instance_type=kind.name,
            missing=miss.words,
            knobs=tuple(knobs),
            tried=tried,
        )


def _short(item: NamedWorkload, catalog: Catalog) -> dict[int, Miss]:
    """Return the types with too little memory, by position, and by how much they miss."""
    candidates, workload = item.candidates, item.workload
    if not isinstance(workload, FineTuneJob | TrainingJob):
        misses = enumerate(candidates.misses)
        return {row: miss for row, miss in misses if miss.reason == "vram" and miss.words}
    rows = [row for row, miss in enumerate(candidates.misses) if miss.reason in REFUSED_GANGS]
    kinds = [candidates.types[row] for row in rows]
    found = zip(rows, training_misses(workload, kinds, catalog) if kinds else (), strict=True)
    return {row: miss for row, miss in found if miss.words}


def _at_work(
    plan: Plan, workloads: Sequence[NamedWorkload], catalog: Catalog
) -> Iterator[KnobAtWork]:
    """Yield the knobs of each planned gang that trains."""
    for item in workloads:
        lines = [line for line in plan.lines if line.workload == item.name]
        if lines and isinstance(item.workload, FineTuneJob | TrainingJob):
            nodes = sum(line.count for line in lines)
            yield from knobs_at_work(item.workload, lines[0], nodes, catalog)


def _changes(
    plan: Plan, refused: Sequence[tuple[NamedWorkload, RefusedMemory]], catalog: Catalog
) -> Iterator[str]:
    """Plan the request again with each knob that is a field, and yield what helps; each once."""
    names = [name for name, _ in plan.request.named_workloads]
    tried = {
        (item.name, knob.name, knob.value): (item, knob)
        for item, found in refused
        for knob in found.knobs
        if knob.name in type(item.workload).model_fields
    }
    for item, knob in tried.values():
        changed = item.workload.model_copy(update={knob.name: _written(knob)})
        words = changed_plan(plan.request, names.index(item.name), changed, catalog)
        if words:
            yield f"{item.name} with {knob.name} {knob.value}: {words}"


def _written(knob: Knob) -> object:
    """Return the value of a knob as its field is written."""
    if knob.name == "precision":
        return (knob.value,)
    digits = knob.value.replace(",", "")
    return int(digits) if digits.isdigit() else knob.value
