"""What makes a job that trains fit into the memory of an instance type."""

from collections.abc import Iterator, Sequence
from typing import Final

import numpy as np

from costopt.candidate.formats import format_names
from costopt.candidate.gang_sizes import GRID
from costopt.candidate.layout import InstanceType
from costopt.candidate.misses import Miss, too_little_memory
from costopt.candidate.rated_gangs import WORDS_OF_SHARDING, rate_gangs, strategy_of
from costopt.catalog.catalog import Catalog
from costopt.explain.memory_use import gib_in_words
from costopt.explain.refused_memory import Knob
from costopt.performance.reasons import Reason
from costopt.performance.support import Task, is_supported
from costopt.performance.training import TrainingRates
from costopt.plan.words import counted, percent
from costopt.workload.training import FineTuneJob, TrainingJob

Trained = FineTuneJob | TrainingJob
"""Workloads that train."""

LIGHTER: Final = {"full": ("lora", "qlora"), "lora": ("qlora",), "qlora": ()}
"""Method -> methods that hold less, the nearest first."""

SHORTEST_TOKENS: Final = 64
"""Shortest sequence that is tried, and the step between lengths [tokens]."""

TRAINING_TRIED = (
    f"{', '.join(WORDS_OF_SHARDING.values())}, tensor and pipeline parallelism, micro-batches "
    f"down to 1 and activation checkpointing on up to {int(GRID.max()):,} instances"
)
"""What is tried before a type counts as too small for a job that trains."""


def training_misses(
    workload: Trained, kinds: Sequence[InstanceType], catalog: Catalog
) -> list[Miss]:
    """Say of each type by how much memory it misses; nothing where some gang runs.

    Gangs of more ranks than the batch has sequences count for nothing here: no memory makes them
    run.

    Args:
        workload: what is trained.
        kinds: instance types.
        catalog: where model and accelerators are described.
    """
    model, best = catalog.model(workload.model), [Miss() for _ in kinds]
    runs = np.zeros(len(kinds), dtype=np.bool_)
    for name in format_names(workload.precision):
        rated = rate_gangs(workload, model, catalog, kinds, GRID, name)
        runs |= (rated.reason == Reason.NONE).any(axis=1)
        short = np.where(
            rated.reason == Reason.TRAINING_MEMORY, rated.vram_shortfall_gib, np.inf
        ).min(axis=1)
        for row in np.flatnonzero(np.isfinite(short)).tolist():
            miss = too_little_memory(float(short[row]), kinds[row].usable_gib or 0.0)
            best[row] = min(best[row], miss, key=lambda one: one.distance)
    return [Miss() if run else miss for run, miss in zip(runs, best, strict=True)]


def training_knobs(workload: Trained, kind: InstanceType, catalog: Catalog) -> Iterator[Knob]:
    """Yield each single change with which a job fits, the smallest of its kind.

    Args:
        workload: what is trained.
        kind: the instance type that is too small.
        catalog: where model and accelerators are described.
    """
    if isinstance(workload, FineTuneJob):
        for method in LIGHTER[workload.method]:
            task = Task.QLORA if method == "qlora" else Task.TRAINING
            if not is_supported(catalog.accelerator(kind.chip), task):
                continue
            lighter = workload.model_copy(update={"method": method})
            knob = _knob(lighter, kind, catalog, "method", method)
            if knob is not None:
                yield knob
                break
    yield from _shorter(workload, kind, catalog)


def _shorter(workload: Trained, kind: InstanceType, catalog: Catalog) -> Iterator[Knob]:
    """Yield the longest sequence that fits."""
    name = "sequence_length"
    if isinstance(workload, FineTuneJob) and workload.sequence_length is None:
        name = "tokens_per_sample"
    steps = int(getattr(workload, name)) // SHORTEST_TOKENS

    def at(step: int) -> Knob | None:
        length = step * SHORTEST_TOKENS
        shorter = workload.model_copy(update={name: length})
        return _knob(shorter, kind, catalog, name, f"{length:,}")

    if steps < 1 or (best := at(1)) is None:
        return
    low, high = 1, steps + 1
    while high - low > 1:
        middle = (low + high) // 2
        knob = at(middle)
        if knob is None:
            high = middle
        else:
            low, best = middle, knob
    yield best


def _knob(
    workload: Trained,
    kind: InstanceType,
    catalog: Catalog,
    name: str,
    value: str,
) -> Knob | None:
    """Return a change with the smallest gang that then fits; None where none does."""
    model = catalog.model(workload.model)
    for precision in format_names(workload.precision):
        rated = rate_gangs(workload, model, catalog, [kind], GRID, precision)
        fits = np.flatnonzero(rated.tokens_per_second[0] > 0)
        if len(fits) and kind.usable_gib:
            column = int(fits[0])
            used = float(rated.vram.total_gib[0, column])
            return Knob(
                name=name,
                value=value,
                fits=_fits(rated, column, used, kind.usable_gib),
                used_fraction=used / kind.usable_gib,
            )
    return None


def _fits(rated: TrainingRates, column: int, used_gib: float, usable_gib: float) -> str:
    _, strategy = strategy_of(rated, 0, column)
    return (
        f"{gib_in_words(used_gib)} of {gib_in_words(usable_gib)} GiB, "
        f"{percent(used_gib / usable_gib)} used, on {counted(int(GRID[column]), 'instance')}: "
        f"{strategy}"
    )
