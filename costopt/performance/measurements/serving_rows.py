"""Published serving measurements, stacked for the forward model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from costopt.accelerator import Accelerator
from costopt.model import ModelSpec
from costopt.performance.arrays import Flags, Floats, Integers, Texts
from costopt.performance.constants import Constants
from costopt.performance.efficiency import Efficiency, serving_efficiency
from costopt.performance.hardware import Hardware
from costopt.performance.measurements.serving_runs import ServingRun, serving_run
from costopt.performance.measurements.understood import understood
from costopt.performance.serving_memory import kv_budget_gib, loaded_vram
from costopt.performance.serving_setup import ServingSetup
from costopt.performance.tier_settings import ENGINE_MEMORY, UNLIMITED_REQUESTS
from costopt.performance.tiers import Tier
from costopt.performance.work import RequestSizes, ServingWork, serving_work
from costopt.precision import Formats
from costopt.units import GIB

if TYPE_CHECKING:
    import pandas as pd

METRICS: Final = (
    "output_tokens_per_s", "total_tokens_per_s", "tpot_ms", "ttft_ms", "samples_per_s",
)  # fmt: skip
"""What a serving measurement can be of; positions are the codes in ``ServingRows.metric``."""

FITTED_METRICS: Final = METRICS[:4]
"""What constants are fitted to; answers per second repeat the tokens of the same runs."""

_MLPERF_MEAN_TPOT_SECONDS: Final = 0.15
"""Mean time per output token that Llama-2-70B entries keep in the server scenario [s].

Source: MLPerf Inference rules 4.1 allow 200 ms at 99 % of requests; the entries' medians are three
quarters of that.
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServingRows:
    """Measurements of serving and the work that each of them is; arrays of shape (R,).

    Attributes:
        ids: of the rows.
        values: as published, in the units of the metric.
        metric: positions in ``METRICS``.
        tiers: software tier.
        families: model family.
        accelerators: name of the accelerator.
        architectures: chip generation.
        concurrency: requests in one replica; NaN where everything is queued [1].
        replicas: copies of the model that share the total [1].
        input_tokens: prompt [tokens].
        output_tokens: answer [tokens].
        beams: sequences for one answer [1].
        max_tpot_seconds: limit that the run kept; inf without one [s].
        places: requests that memory admits in one replica [1].
        held: requests whose cache fits beside the weights if nothing is kept back; below 1 where
            not even one fits [1].
        static: whole batches.
        client: where times are taken.
        served: Poisson arrivals under a latency limit.
        work: of each row, shapes (R, 1).
        groups: rows that share hardware class, formats and tier, with what to ask for.
    """

    ids: Texts
    values: Floats
    metric: Integers
    tiers: Texts
    families: Texts
    accelerators: Texts
    architectures: Texts
    concurrency: Floats
    replicas: Floats
    input_tokens: Floats
    output_tokens: Floats
    beams: Floats
    max_tpot_seconds: Floats
    places: Floats
    held: Floats
    static: Flags
    client: Texts
    served: Flags
    work: ServingWork
    groups: tuple[EfficiencyGroup, ...]

    def __len__(self) -> int:
        return len(self.ids)

    def efficiency(self, constants: Constants) -> Efficiency:
        """Efficiency of each row, shape (R,)."""
        columns: dict[str, Any] = {}
        for field in fields(Efficiency):
            flag = field.name in ("pads_cache", "launches_ahead")
            columns[field.name] = np.zeros(len(self), dtype=np.bool_ if flag else np.float64)
        for group in self.groups:
            reached = group.efficiency(constants)
            for name, column in columns.items():
                column[group.rows] = getattr(reached, name)
        return Efficiency(**columns)


@dataclass(frozen=True, slots=True, kw_only=True)
class EfficiencyGroup:
    """Rows whose efficiency is asked for together."""

    rows: Integers
    hardware: Hardware
    formats: Formats
    tier: Tier
    experts: bool

    def efficiency(self, constants: Constants) -> Efficiency:
        """Efficiency of the group's rows."""
        return serving_efficiency(
            self.hardware, self.formats, self.tier, constants, experts=self.experts
        )


def serving_rows(
    table: pd.DataFrame, models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> tuple[ServingRows, dict[str, str]]:
    """Read serving measurements; rows that cannot be read come back with the reason.

    Returns:
        The rows, and id -> reason of those that were refused.
    """
    runs, refused = serving_runs(table, models, accelerators)
    return stacked_serving(runs), refused


def serving_runs(
    table: pd.DataFrame, models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> tuple[list[ServingRun], dict[str, str]]:
    """Understand serving measurements one by one.

    Returns:
        The runs, and id -> reason of those that were refused.
    """
    asked = table["metric"].isin(METRICS)
    return understood(table[asked], lambda row: serving_run(row, models, accelerators))


def stacked_serving(runs: Sequence[ServingRun]) -> ServingRows:
    """Arrays of runs, in their order; there must be one at least."""
    hardware = Hardware.of([run.placement for run in runs])
    works = [_work(run) for run in runs]
    work = ServingWork(
        **{
            field.name: np.concatenate([getattr(one, field.name) for one in works])
            for field in fields(ServingWork)
        }
    )
    replicas = np.array([run.replicas for run in runs])
    concurrency = np.array([float(run.row["batch_or_concurrency"]) for run in runs])
    beams = np.array([run.beams for run in runs])
    served = np.array([run.row["workload"] == "inference_server" for run in runs])
    limited = served & (beams == 1.0)
    return ServingRows(
        ids=np.array([str(run.row["id"]) for run in runs]),
        values=np.array([float(run.row["value"]) for run in runs]),
        metric=np.array([METRICS.index(str(run.row["metric"])) for run in runs]),
        tiers=np.array([run.software.tier for run in runs], dtype=np.str_),
        families=np.array([run.model.family for run in runs]),
        accelerators=hardware.names,
        architectures=hardware.architectures,
        concurrency=concurrency / replicas,
        replicas=replicas,
        input_tokens=np.array([run.input_tokens for run in runs]),
        output_tokens=np.array([run.output_tokens for run in runs]),
        beams=beams,
        max_tpot_seconds=np.where(limited, _MLPERF_MEAN_TPOT_SECONDS, np.inf),
        places=np.array(
            [
                _places(run, hardware, position, works[position])
                for position, run in enumerate(runs)
            ]
        ),
        held=np.array(
            [_held(run, hardware, position, works[position]) for position, run in enumerate(runs)]
        ),
        static=np.array([run.software.static for run in runs]),
        client=np.array([run.software.client for run in runs]),
        served=served,
        work=work,
        groups=_groups(runs, hardware),
    )


def _work(run: ServingRun) -> ServingWork:
    """Count the work of one run; the beams of an answer take each step together."""
    sizes = RequestSizes(
        input_tokens=np.array([run.input_tokens]),
        output_tokens=np.array([run.output_tokens]),
    )
    work = serving_work(
        run.decoder,
        run.formats,
        np.array([float(run.placement.accelerators)]),
        sizes,
        ServingSetup(tier=run.software.tier),
    )
    per_token = work.full_cache_bytes / (run.input_tokens + run.output_tokens)
    return replace(
        work,
        step_flops=work.step_flops * run.beams,
        cache_bytes=work.cache_bytes * run.beams,
        held_cache_bytes=work.held_cache_bytes + (run.beams - 1.0) * run.output_tokens * per_token,
    )


def _places(run: ServingRun, hardware: Hardware, position: int, work: ServingWork) -> float:
    """Requests that one replica admits: by memory, and by the software where it is free [1]."""
    engine = ENGINE_MEMORY[run.software.tier]
    row = hardware.take(np.array([position]))
    loaded = loaded_vram(run.decoder, run.formats, row.accelerators, engine)
    free = kv_budget_gib(loaded, row.usable_bytes, engine)
    by_memory = max(float(free[0] * GIB / work.held_cache_bytes[0, 0]), 1.0)
    if np.isfinite(float(run.row["batch_or_concurrency"])):
        return by_memory
    return min(by_memory, float(UNLIMITED_REQUESTS[run.software.tier]))


def _held(run: ServingRun, hardware: Hardware, position: int, work: ServingWork) -> float:
    """Requests whose cache fits beside the weights, with nothing kept back [1]."""
    weights = run.decoder.weight_bytes(run.formats.weights) / run.placement.accelerators
    left = hardware.usable_bytes[position] - weights
    return float(left / work.held_cache_bytes[0, 0])


def _groups(runs: Sequence[ServingRun], hardware: Hardware) -> tuple[EfficiencyGroup, ...]:
    positions: dict[tuple[Tier, str, str, bool], list[int]] = {}
    for position, run in enumerate(runs):
        experts = run.decoder.routed_parameters > 0
        key = (run.software.tier, run.formats.weights.name, run.formats.kv.name, experts)
        positions.setdefault(key, []).append(position)
    return tuple(
        EfficiencyGroup(
            rows=np.array(rows),
            hardware=hardware.take(np.array(rows)),
            formats=runs[rows[0]].formats,
            tier=tier,
            experts=experts,
        )
        for (tier, _, _, experts), rows in positions.items()
    )
