"""Every way to train or fine-tune by a deadline: instance types x gang sizes x formats."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.confidence import planned_factor
from costopt.candidate.eligible import EligibleOffers
from costopt.candidate.formats import format_names
from costopt.candidate.gang_costs import GangWork
from costopt.candidate.job import JobCandidates
from costopt.candidate.layout import (
    InstanceType,
    Layout,
    instance_types_of,
    unusable_reasons,
)
from costopt.candidate.misses import Miss, code_of, too_little_memory
from costopt.candidate.renting import rent_gangs
from costopt.candidate.samples import whole_instances
from costopt.candidate.settings import CandidateSettings
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.reasons import Reason
from costopt.performance.support import Task
from costopt.performance.training import TrainingRates, training_rates
from costopt.performance.training_memory import Method
from costopt.performance.training_setup import PRETRAINING_BATCH_TOKENS, Network, TrainingSetup
from costopt.precision import WEIGHT_FORMATS
from costopt.units import GBPS, SECONDS_PER_HOUR
from costopt.workload.training import FineTuneJob, TrainingJob

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

GANG_SIZES: Integers = np.array(
    [*range(1, 17), *range(18, 33, 2), *range(36, 65, 4), *range(72, 129, 8), *range(160, 513, 32)]
)
"""Gang sizes that are tried: every one up to 16, then in steps of at most an eighth."""

CHECKPOINT_BYTES_PER_PARAMETER = 14.0
"""16-bit weights, fp32 master copy and two moments [B]. Source: ZeRO (arXiv 1910.02054)."""

WORDS_OF_SHARDING = {"none": "DDP", "zero1": "ZeRO-1", "zero2": "ZeRO-2", "zero3": "ZeRO-3"}
"""Names of what data-parallel ranks split, for people."""


def training_candidates(
    workload: FineTuneJob | TrainingJob,
    catalog: Catalog,
    eligible: EligibleOffers,
    settings: CandidateSettings,
) -> JobCandidates:
    """Rate gangs of every eligible type, and price those that end in time.

    A gang of one node needs no network; larger ones need a known speed between nodes. A slice
    over several hosts is one node.

    Args:
        workload: the job.
        catalog: where model and accelerators are described.
        eligible: offers that the limits allow.
        settings: of the request.

    Raises:
        UnknownNameError: the model is not in the catalogue.
        InvalidInputError: the model cannot be trained, or not on sequences of this length.
    """
    kinds = instance_types_of(eligible.offers[eligible.excluded.taking_part])
    qlora = isinstance(workload, FineTuneJob) and workload.method == "qlora"
    task = Task.QLORA if qlora else Task.TRAINING
    unusable = unusable_reasons(catalog, kinds, task, multi_host=True)
    usable = [index for index, reason in enumerate(unusable) if not reason]
    chosen = [kinds[index] for index in usable]
    model = catalog.model(workload.model)
    _refuse_longer_than_context(workload, model)
    names = format_names(workload.precision)
    works: list[GangWork] = []
    misses: list[Miss] = []
    rated_formats: list[TrainingRates] = []
    cells = len(chosen) * len(GANG_SIZES)
    for position, precision in enumerate(names):
        rated = rate_gangs(workload, model, catalog, chosen, GANG_SIZES, precision)
        rated_formats.append(rated)
        works.append(_work(rated, workload, model, chosen, usable, position * cells, settings))
        misses += [_miss(rated, row, kind) for row, kind in enumerate(chosen)]

    def layout_at(index: int) -> Layout:
        position, cell = divmod(index, cells)
        row, column = divmod(cell, len(GANG_SIZES))
        return gang_layout(rated_formats[position], chosen[row], row, column, names[position])

    return rent_gangs(
        workload=workload,
        catalog=catalog,
        eligible=eligible,
        settings=settings,
        kinds=kinds,
        unusable=unusable,
        layout_at=layout_at,
        work=GangWork.joined(works),
        misses=misses,
        owners=np.tile(np.array(usable, dtype=np.int64), len(works)),
        rate_unit="tokens/s",
    )


def _refuse_longer_than_context(workload: FineTuneJob | TrainingJob, model: ModelSpec) -> None:
    """Refuse sequences that the model does not read to their end."""
    if isinstance(workload, TrainingJob):
        length = workload.sequence_length
    else:
        length = workload.tokens_per_sequence
    if model.max_context is not None and length > model.max_context:
        raise InvalidInputError(
            f"model {model.name}",
            [f"it reads {model.max_context:,} tokens at most, not {length:,}"],
        )


def rate_gangs(
    workload: FineTuneJob | TrainingJob,
    model: ModelSpec,
    catalog: Catalog,
    kinds: list[InstanceType],
    nodes: Integers,
    precision: str,
) -> TrainingRates:
    """Rate gangs of the given sizes on each instance type, in one format."""
    network = Network(
        fabric_bytes_per_second=np.array([_rate(kind.fabric_gbps) for kind in kinds]),
        host_bytes_per_second=np.array([_rate(kind.network_gbps) for kind in kinds]),
    )
    hardware = whole_instances(catalog, kinds)
    return training_rates(model, training_setup(workload, precision), hardware, nodes, network)


def training_setup(workload: FineTuneJob | TrainingJob, precision: str) -> TrainingSetup:
    """Say what is trained and how, in the words of the performance model."""
    compute = WEIGHT_FORMATS[precision]
    if isinstance(workload, TrainingJob):
        return TrainingSetup(
            sequence_length=float(workload.sequence_length),
            compute=compute,
            batch_tokens=max(PRETRAINING_BATCH_TOKENS, float(workload.sequence_length)),
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


def _rate(gbps: float | None) -> float:
    return np.nan if gbps is None else gbps * GBPS


def _work(
    rated: TrainingRates,
    workload: FineTuneJob | TrainingJob,
    model: ModelSpec,
    kinds: list[InstanceType],
    usable: list[int],
    first_layout: int,
    settings: CandidateSettings,
) -> GangWork:
    """Turn rates of gangs into hours of work."""
    band = rated.band
    factor = planned_factor(band.low_factor, band.high_factor, band.origin, settings.confidence)
    hosts = np.array([kind.hosts for kind in kinds], dtype=np.int64)
    row, column = np.nonzero(rated.tokens_per_second > 0)
    speed = rated.tokens_per_second[row, column] * factor[row]
    return GangWork(
        type_index=np.array(usable, dtype=np.int64)[row],
        layout=first_layout + row * len(GANG_SIZES) + column,
        nodes=GANG_SIZES[column],
        work_hours=total_tokens(workload) / speed / SECONDS_PER_HOUR,
        rate=speed,
        low_factor=band.low_factor[row],
        high_factor=band.high_factor[row],
        planned_factor=factor[row],
        origin=band.origin[row],
        writers=GANG_SIZES[column] * hosts[row],
        state_bytes=checkpoint_bytes(workload, model),
        nodes_fail_together=True,
    )


def _miss(rated: TrainingRates, row: int, kind: InstanceType) -> Miss:
    """Say why no gang of an instance type runs the job; memory only where none has enough."""
    reasons = rated.reason[row]
    if (reasons == Reason.NONE).any():
        return Miss()
    enough = reasons != Reason.TRAINING_MEMORY
    if enough.any():
        return Miss(reason=code_of(int(reasons[enough].max())))
    if not kind.usable_gib:
        return Miss(reason=code_of(Reason.TRAINING_MEMORY))
    return too_little_memory(float(rated.vram_shortfall_gib[row].min()), kind.usable_gib)


def gang_layout(
    rated: TrainingRates, kind: InstanceType, row: int, column: int, precision: str
) -> Layout:
    """Layout of one gang size on one instance type."""
    tensor_parallel, strategy = strategy_of(rated, row, column)
    return Layout(
        accelerator=kind.chip,
        accelerators=kind.count,
        precision=precision,
        tensor_parallel=tensor_parallel,
        nodes_per_gang=int(GANG_SIZES[column]),
        strategy=strategy,
    )


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
