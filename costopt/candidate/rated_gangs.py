"""Training rates of gangs of many sizes, as work to be priced and as layouts to be shown."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.confidence import planned_factor
from costopt.candidate.formats import format_names
from costopt.candidate.gang_costs import GangWork
from costopt.candidate.gang_sizes import GRID
from costopt.candidate.layout import InstanceType, Layout, network_of
from costopt.candidate.misses import Miss, code_of, too_little_memory
from costopt.candidate.profiled_gangs import profiled_nodes
from costopt.candidate.samples import whole_instances
from costopt.candidate.settings import CandidateSettings
from costopt.catalog.catalog import Catalog
from costopt.model import ModelSpec
from costopt.performance.hardware import Hardware
from costopt.performance.profiled import ProfilePoints
from costopt.performance.reasons import Reason
from costopt.performance.training import TrainingRates, training_rates
from costopt.performance.training_memory import Method
from costopt.performance.training_setup import Network, TrainingSetup, pretraining_batch_tokens
from costopt.precision import WEIGHT_FORMATS
from costopt.units import SECONDS_PER_HOUR
from costopt.workload.training import FineTuneJob, TrainingJob

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

CHECKPOINT_BYTES_PER_PARAMETER = 14.0
"""16-bit weights, fp32 master copy and two moments [B]. Source: ZeRO (arXiv 1910.02054)."""

WORDS_OF_SHARDING = {"none": "DDP", "zero1": "ZeRO-1", "zero2": "ZeRO-2", "zero3": "ZeRO-3"}
"""Names of what data-parallel ranks split, for people."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Part:
    """Gangs rated at once, in one format.

    Attributes:
        precision: name of the format.
        row: instance type of each gang (gangs,).
        nodes: instances of each gang (gangs,) [1].
        rated: rates, shape (gangs, 1).
    """

    precision: str
    row: Integers
    nodes: Integers
    rated: TrainingRates


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RatedGangs:
    """Gangs of each instance type, as many sizes as have been tried.

    Attributes:
        workload: the job.
        model: what is trained.
        kinds: instance types.
        hardware: one row per type.
        network: between the nodes of each type.
        points: what profiles measured, by number format.
        parts: rated gangs; layouts count through them in order.
    """

    workload: FineTuneJob | TrainingJob
    model: ModelSpec
    kinds: Sequence[InstanceType]
    hardware: Hardware
    network: Network
    points: Mapping[str, ProfilePoints]
    parts: tuple[_Part, ...] = ()

    @classmethod
    def on_grid(
        cls,
        workload: FineTuneJob | TrainingJob,
        model: ModelSpec,
        catalog: Catalog,
        kinds: Sequence[InstanceType],
        points: Mapping[str, ProfilePoints] | None = None,
    ) -> "RatedGangs":
        """Rate the sizes of GRID on every type.

        Args:
            workload: the job.
            model: what is trained.
            catalog: where accelerators are described.
            kinds: instance types.
            points: what profiles measured, by number format.
        """
        gangs = cls(
            workload=workload,
            model=model,
            kinds=kinds,
            hardware=whole_instances(catalog, kinds),
            network=network_of(kinds),
            points=points or {},
        )
        rows = np.arange(len(kinds))
        return gangs.with_sizes(np.repeat(rows, len(GRID)), np.tile(GRID, len(kinds)))

    def with_sizes(self, row: Integers, nodes: Integers) -> "RatedGangs":
        """Rate more gangs: instance types and sizes (gangs,), in every format."""
        if not len(row):
            return self
        network = Network(
            fabric_bytes_per_second=self.network.fabric_bytes_per_second[row],
            host_bytes_per_second=self.network.host_bytes_per_second[row],
        )
        hardware = self.hardware.take(row)
        more = []
        for name in format_names(self.workload.precision):
            setup = training_setup(self.workload, name)
            node = profiled_nodes(hardware, setup, nodes, self.points.get(name))
            rated = training_rates(self.model, setup, node, nodes[:, None], network)
            more.append(_Part(precision=name, row=row, nodes=nodes, rated=rated))
        return replace(self, parts=(*self.parts, *more))

    def tried_sizes(self) -> list[Integers]:
        """Sizes tried on each type, ascending."""
        row = np.concatenate([part.row for part in self.parts])
        nodes = np.concatenate([part.nodes for part in self.parts])
        return [np.unique(nodes[row == kind]) for kind in range(len(self.kinds))]

    def work(self, type_index: Integers, settings: CandidateSettings) -> GangWork:
        """Hours of work of every gang that runs.

        Args:
            type_index: number that offers know each type by (types,).
            settings: of the request, for the confidence.
        """
        if not self.parts:
            return GangWork.none()
        firsts = np.cumsum([0, *(len(part.row) for part in self.parts)]).tolist()
        works = [
            self._work(part, first, type_index, settings)
            for part, first in zip(self.parts, firsts, strict=False)
        ]
        return GangWork.joined(works)

    def _work(
        self, part: _Part, first: int, type_index: Integers, settings: CandidateSettings
    ) -> GangWork:
        band = part.rated.band
        factor = planned_factor(
            band.low_factor, band.high_factor, band.origin, settings.confidence
        )
        hosts = np.array([kind.hosts for kind in self.kinds], dtype=np.int64)
        cell = np.flatnonzero(part.rated.tokens_per_second[:, 0] > 0)
        speed = part.rated.tokens_per_second[cell, 0] * factor[cell]
        return GangWork(
            type_index=type_index[part.row[cell]],
            layout=first + cell,
            nodes=part.nodes[cell],
            work_hours=total_tokens(self.workload) / speed / SECONDS_PER_HOUR,
            rate=speed,
            low_factor=band.low_factor[cell],
            high_factor=band.high_factor[cell],
            planned_factor=factor[cell],
            origin=band.origin[cell],
            writers=part.nodes[cell] * hosts[part.row[cell]],
            state_bytes=checkpoint_bytes(self.workload, self.model),
            nodes_fail_together=True,
        )

    def layout(self, index: int) -> Layout:
        """Layout of one gang, counted through all that have been rated."""
        part, cell = self.parts[0], index
        for part in self.parts:
            if cell < len(part.row):
                break
            cell -= len(part.row)
        kind = self.kinds[int(part.row[cell])]
        tensor_parallel, strategy = strategy_of(part.rated, cell, 0)
        return Layout(
            accelerator=kind.chip,
            accelerators=kind.count,
            precision=part.precision,
            tensor_parallel=tensor_parallel,
            nodes_per_gang=int(part.nodes[cell]),
            strategy=strategy,
        )

    def misses(self) -> list[Miss]:
        """Say why no gang of an instance type runs the job, in the format that comes nearest."""
        return [
            min((_miss(part, row, kind) for part in self.parts), key=lambda miss: miss.order)
            for row, kind in enumerate(self.kinds)
        ]


def rate_gangs(
    workload: FineTuneJob | TrainingJob,
    model: ModelSpec,
    catalog: Catalog,
    kinds: Sequence[InstanceType],
    nodes: Integers,
    precision: str,
    points: ProfilePoints | None = None,
) -> TrainingRates:
    """Rate gangs of the given sizes on each instance type, in one format."""
    setup = training_setup(workload, precision)
    hardware = whole_instances(catalog, kinds)
    if points is not None:
        hardware = profiled_nodes(hardware, setup, nodes, points)
    return training_rates(model, setup, hardware, nodes, network_of(kinds))


def training_setup(workload: FineTuneJob | TrainingJob, precision: str) -> TrainingSetup:
    """Say what is trained and how, in the words of the performance model."""
    compute = WEIGHT_FORMATS[precision]
    if isinstance(workload, TrainingJob):
        return TrainingSetup(
            sequence_length=float(workload.sequence_length),
            compute=compute,
            batch_tokens=workload.tokens_per_batch
            or max(pretraining_batch_tokens(workload.tokens), float(workload.sequence_length)),
        )
    setup = TrainingSetup(
        method=Method(workload.method),
        sequence_length=float(workload.tokens_per_sequence),
        compute=compute,
        lora_rank=workload.lora_rank,
    )
    return replace(setup, batch_tokens=max(setup.batch_tokens, setup.sequence_length))


def total_tokens(workload: FineTuneJob | TrainingJob) -> float:
    """Tokens that the job learns from [tokens]."""
    return workload.tokens if isinstance(workload, TrainingJob) else workload.total_tokens


def checkpoint_bytes(workload: FineTuneJob | TrainingJob, model: ModelSpec) -> float:
    """Size of one checkpoint: all states, or those of the adapters [B].

    Adapters on all linear layers have about ``r * (d_in + d_out)`` weights for each matrix,
    bounded here by ``2 r / h`` of the model.
    """
    trained = model.parameters
    if isinstance(workload, FineTuneJob) and workload.method != "full":
        trained *= min(1.0, 2 * workload.lora_rank / (model.hidden_size or 1))
    return CHECKPOINT_BYTES_PER_PARAMETER * trained


def _miss(part: _Part, row: int, kind: InstanceType) -> Miss:
    """Say why no gang of a type runs in one format; memory only where none has enough."""
    of_type = part.row == row
    reasons = part.rated.reason[of_type, 0]
    if (reasons == Reason.NONE).any():
        return Miss()
    enough = reasons != Reason.TRAINING_MEMORY
    if enough.any():
        return Miss(reason=code_of(int(reasons[enough].max())))
    if not kind.usable_gib:
        return Miss(reason=code_of(Reason.TRAINING_MEMORY))
    shortfall = part.rated.vram_shortfall_gib[of_type, 0]
    return too_little_memory(float(shortfall.min()), kind.usable_gib)


def strategy_of(rated: TrainingRates, row: int, column: int) -> tuple[int, str]:
    """Tensor-parallel degree of the chosen strategy, and the whole of it in words."""
    position = int(rated.strategy[row, column])
    if position < 0:
        return 1, ""
    chosen = rated.strategies[position]
    parts = [WORDS_OF_SHARDING[chosen.sharding.value]]
    if chosen.tensor > 1:
        parts.append(f"tensor parallel {chosen.tensor}")
    if chosen.pipeline > 1:
        parts.append(f"pipeline {chosen.pipeline}")
    parts.append(f"micro-batch {rated.micro_batch[row, column]:.0f}")
    if rated.checkpointing[row, column]:
        parts.append("activation checkpointing")
    return chosen.tensor, ", ".join(parts)
