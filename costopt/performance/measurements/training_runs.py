"""One published training measurement, understood: work, node, formats and layout."""

import re
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from costopt.accelerator import Accelerator
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.model import ModelSpec
from costopt.performance.hardware import Placement
from costopt.performance.measurements.words import refuse_other_base, software_named
from costopt.performance.tiers import Tier
from costopt.performance.training_memory import Method
from costopt.performance.training_times import Layout
from costopt.performance.training_work import TrainingWork, training_work
from costopt.precision import WEIGHT_FORMATS, WeightFormat
from costopt.units import GBPS, GIB

METHODS: Final[Mapping[str, Method]] = {
    "training": Method.FULL,
    "finetune_full": Method.FULL,
    "finetune_lora": Method.LORA,
    "qlora": Method.QLORA,
}
"""Words of the sources for what was trained."""

_EIGHT_BIT: Final = ("fp8", "mixed (fp8/bf16)", "fp16/bf16/fp8")

_WIDE: Final = ("fp32", "tf32")
_NARROW: Final = ("int4", "nf4")
_HALF: Final = ("bf16", "fp16", "bf16/fp32", "bf16/fp16", "bf16/int8", *_NARROW)
"""Words for training in 16 bit; adapters on narrower weights are multiplied in 16 bit too."""

_NETWORK_GBPS: Final[Mapping[str, float]] = {
    "hopper": 3200.0,
    "blackwell": 3200.0,
    "ampere": 1600.0,
    "cdna3": 3200.0,
    "volta": 100.0,
    "neuroncore-v2": 800.0,
    "ada": 400.0,
}
"""Network of one node of eight that sources do not state, by architecture [Gbit/s].

Source: DGX H100, DGX A100 and DGX-1 datasheets; AWS Trn1 instance page; Blackwell and MI300X as
DGX H100, Ada a planning choice.
"""

_LARGEST_MICRO_BATCH: Final = 32.0
_STATE_BYTES: Final = 16.0
_WHOLE_STATE_SHARE: Final = 0.5
"""Share of the memory up to which runs keep the whole state on every accelerator."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRun:
    """One measurement, understood: work, one node, formats and layout.

    Attributes:
        row: as read.
        family: of the model.
        method: what was trained.
        work: of one token.
        placement: one node.
        compute: format that linear layers were multiplied in.
        tier: software that trained.
        slow_trainer: True where layers were launched as slowly as by trainers of adapters.
        network_bytes_per_second: of one node, one direction [B/s].
        layout: how the gang worked.
        useful_flops: operations of one token that a published utilisation counts [FLOP].
        variable: sentences of many lengths, without the padding.
        samples_to_target: samples seen until the target was met; NaN where not told [1].
        told: True where micro-batch and recomputation are told, not assumed.
    """

    row: Mapping[Hashable, Any]
    family: str
    method: Method
    work: TrainingWork
    placement: Placement
    compute: WeightFormat
    tier: Tier
    slow_trainer: bool
    network_bytes_per_second: float
    layout: Layout
    useful_flops: float
    variable: bool
    samples_to_target: float
    told: bool

    @property
    def weights_gib_per_accelerator(self) -> float:
        """Least memory that the weights take: split over all accelerators, held once [GiB]."""
        held = 0.5 if self.method is Method.QLORA else self.compute.linear_bytes
        return float(self.work.parameters) * held / float(self.row["n_accelerators"]) / GIB


def training_run(
    row: Mapping[Hashable, Any],
    models: Mapping[str, ModelSpec],
    accelerators: Mapping[str, Accelerator],
) -> TrainingRun:
    """Understand one row.

    Raises:
        CostoptError: the row names something unknown, or leaves out what is needed.
    """
    if row["model_ref"] not in models:
        raise UnknownNameError("model", str(row["model"]), models)
    length = float(row["input_tokens"])
    if not np.isfinite(length):
        raise InvalidInputError("measurement", ["the source gives no sequence length"])
    model = models[str(row["model_ref"])]
    accelerator = accelerators[str(row["accelerator"])]
    method = METHODS[str(row["workload"])]
    precision = str(row["precision"])
    refuse_other_base(method, precision, narrow=precision in _NARROW)
    base = WEIGHT_FORMATS["int4_weight_only" if method is Method.QLORA else "bf16"]
    node = min(int(row["n_accelerators"]), 256 if accelerator.vendor == "google" else 8)
    work = training_work(model, method, base, length)
    published_attention = 12.0 * float(work.layers * work.hidden_size) * length
    return TrainingRun(
        row=row,
        family=model.family,
        method=method,
        work=work,
        placement=Placement(
            accelerator=accelerator, accelerators=node, interconnect=_link(accelerator)
        ),
        compute=_compute_format(str(row["precision"]), accelerator),
        tier=software_named(str(row["software"])).tier,
        slow_trainer="QwenLM" in str(row["source"]),
        network_bytes_per_second=_network(accelerator, node),
        layout=_layout(row, work, model, accelerator, node),
        useful_flops=3.0 * float(work.linear_flops) + published_attention,
        samples_to_target=_samples_to_target(row),
        told=re.search(r"microbatch \d+, activation ckpt", str(row["notes"])) is not None,
        variable=model.kind == "encoder" and str(row["source"]).startswith("mlcommons"),
    )


def _samples_to_target(row: Mapping[Hashable, Any]) -> float:
    """Samples seen until the target was met; NaN where the source does not say [1].

    Raises:
        InvalidInputError: the time to a target is what was measured, and it is not told.
    """
    told = re.search(r"samples seen to target (\d+)", str(row["notes"]))
    if told:
        return float(told[1])
    if row["metric"] == "minutes_to_train":
        raise InvalidInputError(
            "measurement", ["the source does not say how many samples were seen to the target"]
        )
    return np.nan


def _link(accelerator: Accelerator) -> str:
    """Link of a node in the catalogue's words; sources run bridged cards in bridged groups."""
    return "pcie" if accelerator.interconnect.startswith("pcie") else "nvlink"


def _network(accelerator: Accelerator, node: int) -> float:
    """Network of one node, one direction; TPU pods are one fabric [B/s]."""
    if accelerator.vendor == "google":
        return (accelerator.interconnect_gb_per_second or np.nan) * node * 0.5e9
    return _NETWORK_GBPS.get(accelerator.architecture, 100.0) * GBPS * node / 8.0


def _compute_format(precision: str, accelerator: Accelerator) -> WeightFormat:
    """Format that linear layers were multiplied in; 8-bit recipes fall back to 16 bit.

    Raises:
        UnknownNameError: a precision that is in none of the tables.
    """
    half = "bf16" if "bf16" in accelerator.peak_tflops else "fp16"
    if precision in _EIGHT_BIT:
        return WEIGHT_FORMATS["fp8" if "fp8" in accelerator.peak_tflops else half]
    if precision in _WIDE:
        return WEIGHT_FORMATS[precision]
    if precision not in _HALF:
        raise UnknownNameError("precision", precision, (*_EIGHT_BIT, *_WIDE, *_HALF))
    return WEIGHT_FORMATS[half]


def _layout(
    row: Mapping[Hashable, Any],
    work: TrainingWork,
    model: ModelSpec,
    accelerator: Accelerator,
    node: int,
) -> Layout:
    """How the run was laid out, from its notes or by what fits.

    Most sources do not say: one sequence per micro-batch for LoRA and large models, the batch of
    a rank up to 32 sequences for encoders; the whole state on every accelerator where it takes
    less than half of its memory; recomputation for decoders. Where a batch has fewer sequences
    than there are accelerators, several of a node work on one sequence.
    """
    count = float(row["n_accelerators"])
    together = _accelerators_per_sequence(row, model, node)
    micro, accumulation = _batches(row, work, model, count / together)
    memory = (accelerator.usable_gib or 0.0) * GIB * together
    state = 2.0 if bool(work.frozen) else _STATE_BYTES
    small = float(work.parameters) * state < _WHOLE_STATE_SHARE * memory
    gathers = 0.0 if small or count == together else 1.0
    return Layout(
        per_node=np.array(float(node)),
        data=np.array(count / together),
        tensor=np.array(together),
        pipeline=np.array(1.0),
        micro_batch=np.array(micro),
        accumulation=np.array(accumulation),
        sequence_length=np.array(float(row["input_tokens"])),
        recompute=np.array(_recompute(row, model)),
        gathers=np.array(gathers),
        splits_optimizer=np.array(gathers),
    )


def _accelerators_per_sequence(row: Mapping[Hashable, Any], model: ModelSpec, node: int) -> float:
    """Accelerators that work on one sequence, where the batch has fewer of them [1]."""
    batch, count = float(row["batch_or_concurrency"]), float(row["n_accelerators"])
    if model.kind != "decoder" or _per_accelerator(row) or not batch < count:
        return 1.0
    return float(min(2.0 ** np.ceil(np.log2(count / batch)), node))


def _per_accelerator(row: Mapping[Hashable, Any]) -> bool:
    """True where the batch that a row gives is that of one accelerator."""
    return "torchtune" in str(row["source"])


def _batches(
    row: Mapping[Hashable, Any], work: TrainingWork, model: ModelSpec, ranks: float
) -> tuple[float, float]:
    """Sequences in a micro-batch, and micro-batches in a step [1]."""
    notes, batch = str(row["notes"]), float(row["batch_or_concurrency"])
    accumulated = re.search(r"batch (\d+) x grad-accum (\d+)", notes)
    if accumulated:
        return float(accumulated[1]), float(accumulated[2])
    if _per_accelerator(row):
        return max(batch, 1.0), 1.0
    decoder = model.kind == "decoder"
    share = max(batch / ranks, 1.0) if np.isfinite(batch) else (1.0 if decoder else 16.0)
    told = re.search(r"microbatch (\d+)", notes)
    micro = min(share, _LARGEST_MICRO_BATCH)
    if told:
        micro = float(told[1])
    elif decoder and bool(work.frozen):
        micro = 1.0
    return micro, max(share / micro, 1.0)


def _recompute(row: Mapping[Hashable, Any], model: ModelSpec) -> float:
    """1 where activations were computed again, else 0.

    Where nothing is said, decoders do. A table that adds one technique after the other and does
    not name it among those of a row did not use it there.
    """
    notes = str(row["notes"])
    told = re.search(r"activation ckpt (\w+)", notes)
    if told:
        return float(told[1] == "True")
    return float(model.kind == "decoder" and "checkpointing state not stated" not in notes)
