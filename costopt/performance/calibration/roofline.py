"""A fitted roofline: what the model has to beat, on the same rows and with the same left out.

For each software tier, and for Neuron chips, a share of the memory bandwidth, a share of the
compute peak and a fixed time of each layer; no links, host work, kernels or formats of their own.
It reads the rows as the model does, so that only the physics differs.
"""

from dataclasses import dataclass, replace

import numpy as np

from costopt.performance.arrays import Floats
from costopt.performance.calibration.fit import Predict
from costopt.performance.constants import Constants
from costopt.performance.efficiency import Efficiency
from costopt.performance.hardware import HardwareClass
from costopt.performance.measurements.sample_rows import SampleRows
from costopt.performance.measurements.serving_rows import EfficiencyGroup, ServingRows
from costopt.performance.measurements.serving_scenario import predicted_serving
from costopt.performance.measurements.training_rows import (
    TrainingGroup,
    TrainingRows,
    predicted_training,
)
from costopt.performance.sample_times import lanes
from costopt.performance.training_times import TrainingEfficiency


@dataclass(frozen=True, slots=True, kw_only=True)
class _ServingGroup(EfficiencyGroup):
    """Rows of one tier, under its roofline."""

    def efficiency(self, constants: Constants) -> Efficiency:
        """Two shares of the peaks, a fixed time of each layer and one of each request."""
        every = np.ones(len(self.hardware))
        bandwidth, compute, fixed = (
            self._share(f"roofline.serving.{name}", constants)
            for name in ("bandwidth_share", "compute_share", "layer_seconds")
        )
        reading = self.hardware.bandwidth_bytes_per_second * bandwidth
        return Efficiency(
            weight_bytes_per_second=reading,
            cache_bytes_per_second=reading,
            linear_flops=self.hardware.peak_for(self.formats.weights) * compute,
            attention_flops=self.hardware.half_precision_peak * compute,
            link_bytes_per_second=every * np.inf,
            hop_seconds=every * 0.0,
            layer_seconds=fixed,
            step_seconds=every * 0.0,
            request_seconds=every * 0.0,
            first_token_seconds=every * constants["roofline.serving.first_token_seconds"],
            launches_ahead=np.zeros(len(self.hardware), dtype=np.bool_),
            pads_cache=np.zeros(len(self.hardware), dtype=np.bool_),
        )

    def _share(self, name: str, constants: Constants) -> Floats:
        neuron = self.hardware.hardware_class == HardwareClass.AWS_NEURON
        return np.where(neuron, constants[f"{name}.aws_neuron"], constants[f"{name}.{self.tier}"])


@dataclass(frozen=True, slots=True, kw_only=True)
class _TrainingGroup(TrainingGroup):
    """Rows of one tier, under its roofline."""

    def efficiency(self, constants: Constants) -> TrainingEfficiency:
        """One share of the peak and a fixed time of each layer."""
        every = np.ones(len(self.hardware))
        compute = constants[f"roofline.training.compute_share.{self.tier}"]
        return TrainingEfficiency(
            linear_flops=self.hardware.peak_for(self.compute) * compute,
            attention_flops=self.hardware.half_precision_peak * compute,
            memory_bytes_per_second=self.hardware.bandwidth_bytes_per_second,
            link_bytes_per_second=every * np.inf,
            network_bytes_per_second=every * np.inf,
            layer_seconds=every * constants[f"roofline.training.layer_seconds.{self.tier}"],
            element_bytes=every * 0.0,
            expanding_bytes=every * 0.0,
            optimizer_bytes=every * 0.0,
            exposed_share=every * 0.0,
        )


def roofline_serving(rows: ServingRows) -> Predict:
    """Predictions of serving rows from the constants of the roofline."""
    groups = tuple(
        _ServingGroup(
            rows=group.rows,
            hardware=group.hardware,
            formats=group.formats,
            tier=group.tier,
            experts=group.experts,
        )
        for group in rows.groups
    )
    under = replace(rows, groups=groups)
    return lambda constants: predicted_serving(under, constants)


def roofline_training(rows: TrainingRows) -> Predict:
    """Predictions of training rows from the constants of the roofline."""
    groups = tuple(
        _TrainingGroup(
            rows=group.rows,
            hardware=group.hardware,
            compute=group.compute,
            tier=group.tier,
            slow_trainer=group.slow_trainer,
            network_bytes_per_second=group.network_bytes_per_second,
        )
        for group in rows.groups
    )
    under = replace(rows, groups=groups)
    return lambda constants: predicted_training(under, constants)


def roofline_samples(rows: SampleRows) -> Predict:
    """Predictions of sample rows from the constants of the roofline."""
    flops = np.array([run.work.flops for run in rows.runs])
    layers = np.array([run.work.layers for run in rows.runs])
    servers = np.array([lanes(run.hardware)[0] for run in rows.runs])
    peak = np.array([run.hardware.peak_for(run.weights)[0] for run in rows.runs])

    def predict(constants: Constants) -> Floats:
        compute = constants["roofline.samples.compute_share"]
        fixed = layers * constants["roofline.samples.layer_seconds"]
        shorter = np.where(rows.variable, constants["benchmark.sentence_share"], 1.0)
        work = rows.batch * flops * shorter / (peak * compute)
        return np.asarray(rows.batch / (fixed / servers + work))

    return predict
