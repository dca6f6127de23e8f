"""Which knobs of a gang's layout save memory, each undone alone."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.rated_gangs import WORDS_OF_SHARDING, rate_gangs, training_setup
from costopt.candidate.samples import whole_instances
from costopt.catalog.catalog import Catalog
from costopt.evaluate.facts import types_of
from costopt.explain.memory_use import gib_in_words
from costopt.performance.dimensions import LEARNING, decoder_of
from costopt.performance.strategy import (
    MICRO_BATCHES,
    Gang,
    Strategy,
    layout_of,
    strategy_vram,
)
from costopt.performance.training_memory import Sharding, TrainingState
from costopt.performance.training_setup import USABLE_FRACTION
from costopt.plan.line import PlanLine
from costopt.plan.words import percent
from costopt.workload.training import FineTuneJob, TrainingJob


@dataclass(frozen=True, slots=True, kw_only=True)
class KnobAtWork:
    """A knob of a gang's layout, and what one accelerator would hold without it.

    Attributes:
        workload: what is trained.
        instance_type: on what.
        name: of the knob, such as activation checkpointing.
        with_gib: memory as planned [GiB].
        without_gib: memory with the knob undone and all else as planned [GiB].
        usable_gib: what the accelerator has [GiB].
    """

    workload: str
    instance_type: str
    name: str
    with_gib: float
    without_gib: float
    usable_gib: float

    @property
    def is_needed(self) -> bool:
        """True where the job would not fit without it."""
        return self.without_gib > USABLE_FRACTION * self.usable_gib

    @property
    def text(self) -> str:
        """In words."""
        needed = "needs" if self.is_needed else "would fit without"
        return (
            f"{self.workload} on {self.instance_type} {needed} {self.name}: "
            f"{gib_in_words(self.without_gib)} GiB without it "
            f"({percent(self.without_gib / self.usable_gib)}), {gib_in_words(self.with_gib)} with"
        )


def knobs_at_work(
    workload: FineTuneJob | TrainingJob, line: PlanLine, nodes: int, catalog: Catalog
) -> Iterator[KnobAtWork]:
    """Yield the knobs of a planned gang that save memory: recomputation, sharding, splits.

    Args:
        workload: the job.
        line: one line of its gang.
        nodes: instances of the whole gang [1].
        catalog: where model, type and accelerator are described.
    """
    model, precision = catalog.model(workload.model), line.layout.precision
    kinds = types_of(catalog, [line])
    rated = rate_gangs(workload, model, catalog, kinds, np.array([nodes]), precision)
    position = int(rated.strategy[0, 0])
    if position < 0 or not kinds[0].usable_gib:
        return
    chosen, recomputed = rated.strategies[position], bool(rated.checkpointing[0, 0])
    setup = training_setup(workload, precision)
    accelerators = whole_instances(catalog, kinds).accelerators[:, None, None, None]
    gang = Gang(
        nodes=np.full((1, 1, 1, 1), float(nodes)),
        per_node=accelerators,
        sequence_length=setup.sequence_length,
        batch_tokens=setup.batch_tokens,
    )
    state = TrainingState(
        method=setup.method, recipe=setup.recipe, base=setup.frozen, lora_rank=setup.lora_rank
    )
    micro = int(np.argmin(np.abs(MICRO_BATCHES - rated.micro_batch[0, 0])))
    decoder = decoder_of(model, LEARNING)

    def held(strategy: Strategy, *, recompute: bool) -> float:
        layout, _ = layout_of(strategy, gang)
        vram = strategy_vram(decoder, state, strategy, layout, chunked_loss=setup.chunked_loss)
        return _cell(vram.total_gib, micro, recompute)

    planned = held(chosen, recompute=recomputed)
    undone = [(name, held(other, recompute=recomputed)) for name, other in _undone(chosen)]
    if recomputed:
        undone.append(("activation checkpointing", held(chosen, recompute=False)))
    for name, without in undone:
        if without > planned:
            yield KnobAtWork(
                workload=line.workload,
                instance_type=line.offer.instance_type,
                name=name,
                with_gib=planned,
                without_gib=without,
                usable_gib=kinds[0].usable_gib,
            )


def _undone(chosen: Strategy) -> Iterator[tuple[str, Strategy]]:
    """Yield each knob of a strategy by name, and the strategy without it."""
    if chosen.sharding is not Sharding.NONE:
        yield WORDS_OF_SHARDING[chosen.sharding.value], replace(chosen, sharding=Sharding.NONE)
    if chosen.tensor > 1:
        yield f"tensor parallel {chosen.tensor}", replace(chosen, tensor=1)
    if chosen.pipeline > 1:
        yield f"pipeline {chosen.pipeline}", replace(chosen, pipeline=1)


def _cell(values: NDArray[np.float64], micro: int, recompute: bool) -> float:
    """Read one micro-batch with or without recomputation out of (1, 1, micro-batches, 2)."""
    whole = np.broadcast_to(values, (1, 1, len(MICRO_BATCHES), 2))
    return float(whole[0, 0, micro, int(recompute)])
