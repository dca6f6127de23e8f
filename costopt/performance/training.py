"""Training rates: tokens per second of gangs of equal instances, by the best way to split."""

from dataclasses import dataclass, fields

import numpy as np

from costopt.model import ModelSpec
from costopt.performance.arrays import Flags, Floats, Integers
from costopt.performance.bands import Band, Work, band_of
from costopt.performance.constants import shipped_constants
from costopt.performance.dimensions import LEARNING, Decoder, decoder_of
from costopt.performance.hardware import Hardware
from costopt.performance.reasons import Reason
from costopt.performance.strategy import (
    MICRO_BATCHES,
    RECOMPUTE,
    Gang,
    Strategy,
    layout_of,
    strategies,
    strategy_vram,
)
from costopt.performance.training_memory import Method, TrainingState
from costopt.performance.training_setup import (
    USABLE_FRACTION,
    Network,
    TrainingSetup,
    check_training,
)
from costopt.performance.training_times import (
    TrainingEfficiency,
    step_seconds,
    training_efficiency,
)
from costopt.performance.training_work import TrainingWork, training_work
from costopt.performance.vram import VramTerms
from costopt.units import GIB


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainingRates:
    """Rates of gangs, instance types by gang sizes, shape (n, m) where nothing else is said.

    Attributes:
        tokens_per_second: of the whole gang; 0 with a reason [tokens/s].
        reason: ``Reason`` codes.
        strategies: that were tried.
        strategy: position of the chosen one; -1 with a reason.
        micro_batch: sequences computed at once; 0 with a reason [1].
        checkpointing: True where activations are computed again.
        utilisation: useful operations over the gang's dense peak, without recomputation; NaN
            with a reason [0..1].
        vram: of one accelerator under the chosen strategy; NaN with a reason.
        vram_shortfall_gib: missing on one accelerator under the thriftiest strategy; 0 where
            one fits [GiB].
        band: origin and 80 % band of the rates, shape (n,).
    """

    tokens_per_second: Floats
    reason: Integers
    strategies: tuple[Strategy, ...]
    strategy: Integers
    micro_batch: Floats
    checkpointing: Flags
    utilisation: Floats
    vram: VramTerms
    vram_shortfall_gib: Floats
    band: Band


@dataclass(frozen=True, slots=True, kw_only=True)
class _Job:
    """What is trained and on what, in shapes that broadcast to (n, m, micro-batches, 2).

    Attributes:
        decoder: the model.
        state: how its states are held.
        work: of one token.
        reach: efficiencies.
        gang: nodes and batch.
        budget_gib: memory of one accelerator that may be filled [GiB].
        chunked_loss: True where the scores are computed in parts.
    """

    decoder: Decoder
    state: TrainingState
    work: TrainingWork
    reach: TrainingEfficiency
    gang: Gang
    budget_gib: Floats
    chunked_loss: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class _Best:
    """The best strategy of every gang, shape (n, m).

    Attributes:
        rate: tokens per second; 0 where none fits.
        strategy: position among those tried.
        choice: position among micro-batches and checkpointing, flattened.
        terms: memory by term.
        shortfall_gib: missing under the thriftiest one; negative where one fits.
        possible: True where a strategy divides the gang and its batch.
    """

    rate: Floats
    strategy: Integers
    choice: Integers
    terms: dict[str, Floats]
    shortfall_gib: Floats
    possible: Flags


def training_rates(
    model: ModelSpec, setup: TrainingSetup, node: Hardware, nodes: Integers, network: Network
) -> TrainingRates:
    """Rate gangs of ``nodes`` equal instances on every row of the hardware.

    For each gang the fastest of DDP, ZeRO-1, 2 and 3, tensor splits inside a node, pipelines over
    nodes, micro-batches of powers of two, with and without activation checkpointing, that fits
    into the memory. Offloading to the host is not tried: it is slower than a smaller gang.

    Args:
        model: a decoder or encoder.
        setup: what is trained, and how.
        node: one row per instance type, with all its accelerators.
        nodes: sizes of gangs: the same of every type, shape (m,), or its own, shape (n, m) [1].
        network: between the nodes.

    Raises:
        InvalidInputError: the model cannot be rated, or an argument is out of its range.
    """
    check_training(setup, nodes)
    nodes = np.atleast_2d(nodes)
    job = _job(model, setup, node, nodes, network)
    tried = tuple(strategies(job.decoder, setup.method))
    best = _best(job, tried)
    reason = _reason(node, setup, nodes, network, best)
    runs = reason == Reason.NONE
    rate = np.where(runs, best.rate, 0.0)
    useful = job.work.passes * (job.work.linear_flops + job.work.attention_flops)
    peak = node.peak_for(setup.compute)[:, None] * node.accelerators[:, None] * nodes
    micro, recompute = np.divmod(best.choice, len(RECOMPUTE))
    return TrainingRates(
        tokens_per_second=rate,
        reason=reason,
        strategies=tried,
        strategy=np.where(runs, best.strategy, -1),
        micro_batch=np.where(runs, MICRO_BATCHES[micro], 0.0),
        checkpointing=runs & (recompute == 1),
        utilisation=np.where(runs, rate * useful / peak, np.nan),
        vram=VramTerms(
            **{name: np.where(runs, term, np.nan) for name, term in best.terms.items()}
        ),
        vram_shortfall_gib=np.maximum(best.shortfall_gib, 0.0),
        band=band_of(node, Work.TRAINING),
    )


def _job(
    model: ModelSpec, setup: TrainingSetup, node: Hardware, nodes: Integers, network: Network
) -> _Job:
    reach = training_efficiency(
        node,
        setup.compute,
        setup.tier,
        shipped_constants(),
        network.bytes_per_second,
        frozen=setup.method is not Method.FULL,
    )
    spread = {
        field.name: getattr(reach, field.name)[:, None, None, None]
        for field in fields(TrainingEfficiency)
    }
    return _Job(
        decoder=decoder_of(model, LEARNING),
        state=TrainingState(
            method=setup.method, recipe=setup.recipe, base=setup.frozen, lora_rank=setup.lora_rank
        ),
        work=training_work(model, setup.method, setup.frozen, setup.sequence_length),
        reach=TrainingEfficiency(**spread),
        gang=Gang(
            nodes=nodes.astype(np.float64)[:, :, None, None],
            per_node=node.accelerators[:, None, None, None],
            sequence_length=setup.sequence_length,
            batch_tokens=setup.batch_tokens,
        ),
        budget_gib=USABLE_FRACTION * node.usable_bytes[:, None, None, None] / GIB,
        chunked_loss=setup.chunked_loss,
    )


def _best(job: _Job, tried: tuple[Strategy, ...]) -> _Best:
    """Try every strategy and keep, for each gang, the fastest that fits."""
    shape = (job.gang.per_node.shape[0], job.gang.nodes.shape[1])
    choices = (*shape, len(MICRO_BATCHES) * len(RECOMPUTE))
    rate, shortfall = np.zeros(shape), np.full(shape, np.inf)
    strategy, choice = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    terms = {field.name: np.full(shape, np.nan) for field in fields(VramTerms)}
    divides = np.zeros(shape, dtype=np.bool_)
    for position, trial in enumerate(tried):
        layout, possible = layout_of(trial, job.gang)
        vram = strategy_vram(job.decoder, job.state, trial, layout, chunked_loss=job.chunked_loss)
        missing = np.where(possible, vram.total_gib - job.budget_gib, np.inf)
        seconds = step_seconds(job.work, job.reach, layout)
        tokens = layout.data * layout.micro_batch * layout.accumulation * layout.sequence_length
        speed = np.where((missing <= 0.0) & (seconds > 0.0), tokens / seconds, 0.0)
        flat = speed.reshape(choices)
        fastest = np.argmax(flat, axis=-1)
        value = np.take_along_axis(flat, fastest[..., None], axis=-1)[..., 0]
        better = value > rate
        rate, strategy = np.where(better, value, rate), np.where(better, position, strategy)
        choice = np.where(better, fastest, choice)
        shortfall = np.fmin(shortfall, np.min(missing.reshape(choices), axis=-1))
        divides |= np.any(possible, axis=(-1, -2))
        for name, column in terms.items():
            whole = np.broadcast_to(getattr(vram, name), speed.shape).reshape(choices)
            chosen = np.take_along_axis(whole, fastest[..., None], axis=-1)[..., 0]
            terms[name] = np.where(better, chosen, column)
    return _Best(
        rate=rate,
        strategy=strategy,
        choice=choice,
        terms=terms,
        shortfall_gib=np.where(np.isinf(shortfall), 0.0, shortfall),
        possible=divides,
    )


def _reason(
    node: Hardware, setup: TrainingSetup, nodes: Integers, network: Network, best: _Best
) -> Integers:
    """Why a gang has no rate, the most fundamental reason first, shape (n, m)."""
    unknown = np.isnan(node.bandwidth_bytes_per_second) | np.isnan(node.usable_bytes)
    unlinked = (node.accelerators > 1) & np.isnan(node.link_bytes_per_second)
    apart = np.isnan(network.bytes_per_second)[:, None] & (nodes > 1)
    conditions = (
        (Reason.NO_BANDWIDTH, unknown[:, None]),
        (Reason.TRAINING_MEMORY, best.shortfall_gib > 0.0),
        (Reason.NO_RATE, np.isnan(node.peak_for(setup.compute))[:, None]),
        (Reason.UNKNOWN_LINK, unlinked[:, None]),
        (Reason.NO_NETWORK, apart),
        (Reason.GANG_SIZE, ~best.possible),
    )
    masks = [np.broadcast_to(mask, best.rate.shape) for _, mask in conditions]
    return np.select(masks, [np.int64(code) for code, _ in conditions], np.int64(Reason.NONE))
