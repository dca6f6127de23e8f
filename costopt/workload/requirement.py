"""Requirement: a plain description of the hardware, without a model."""

from typing import Annotated, Literal, Self

from pydantic import AfterValidator, model_validator

from costopt.accelerator import COMPUTE_FORMATS
from costopt.errors import UnknownNameError
from costopt.workload.base import Workload
from costopt.written import Count, Names, Positive, Some, Utilisation


def _compute_format(name: str) -> str:
    if name not in COMPUTE_FORMATS:
        raise ValueError(str(UnknownNameError("compute format", name, COMPUTE_FORMATS)))
    return name


OwnTable = Annotated[dict[str, Positive], Some]
"""Instance type -> what you measured on it."""


class Requirement(Workload):
    """Hardware that is wanted for reasons of your own.

    Without ``demand_per_second`` the plan is ``nodes`` equal instances. With it, instances of
    several types may share the demand at the rates you measured.

    Attributes:
        nodes: equal instances wanted [1].
        accelerators_per_node: accelerators in each instance, exactly [1].
        vram_gib_per_accelerator: usable memory of each accelerator, at least [GiB].
        vram_gib_total: usable memory of all accelerators of the nodes, at least [GiB].
        accelerator_types: catalogue names or their aliases.
        intra_node_interconnect: link between the accelerators, such as ``nvswitch``.
        tflops_total: dense peak rate of all accelerators of the nodes, at least [TFLOPS].
        tflops_format: number format of that rate.
        demand_per_second: what must be worked off each second, in units of your own [1/s].
        throughput_per_second: instance type -> what one instance works off [1/s].
        latency_ms: instance type -> latency you measured [ms].
        max_latency_ms: latency at most; needs ``latency_ms`` [ms].
        max_utilisation: highest share of an instance's rate that is planned with [0..1].
    """

    kind: Literal["requirement"] = "requirement"
    nodes: Count = 1
    accelerators_per_node: Positive | None = None
    vram_gib_per_accelerator: Positive | None = None
    vram_gib_total: Positive | None = None
    accelerator_types: Names | None = None
    intra_node_interconnect: Names | None = None
    tflops_total: Positive | None = None
    tflops_format: Annotated[str, AfterValidator(_compute_format)] = "bf16"
    demand_per_second: Positive | None = None
    throughput_per_second: OwnTable | None = None
    latency_ms: OwnTable | None = None
    max_latency_ms: Positive | None = None
    max_utilisation: Utilisation = 1.0

    @model_validator(mode="after")
    def _tables_belong_together(self) -> Self:
        if (self.demand_per_second is None) != (self.throughput_per_second is None):
            raise ValueError("demand_per_second and throughput_per_second belong together")
        if self.throughput_per_second is not None and self.nodes != 1:
            raise ValueError("nodes follows from demand_per_second: leave one of them out")
        if (self.latency_ms is None) != (self.max_latency_ms is None):
            raise ValueError("latency_ms and max_latency_ms belong together")
        return self
