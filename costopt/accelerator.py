"""Accelerator: memory, bandwidth, peak rates and links of one chip or card."""

from collections.abc import Mapping
from dataclasses import dataclass

COMPUTE_FORMATS = ("fp32", "tf32", "fp16", "bf16", "fp8", "int8", "fp4", "int4")
"""Number formats in which a peak rate can be published, widest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Accelerator:
    """One accelerator as its vendor and reviewed measurements describe it.

    Attributes:
        name: name in the catalogue, such as ``H100-80GB``.
        vendor: who makes it.
        architecture: chip generation, such as ``hopper``.
        memory_gib: nominal memory, as marketed [GiB or decimal GB]; None for CPU rates.
        usable_gib: memory a workload can use [GiB]; None for CPU rates, whose memory is the
            instance's.
        usable_origin: ``device_reported`` or ``0.975 x nominal``.
        bandwidth_gb_per_second: memory bandwidth [GB/s]; None when not published.
        peak_tflops: dense peak rate by compute format [TFLOPS, TOPS for integers]; a format
            without a published rate is absent.
        compute_capability: CUDA compute capability, or the vendor's name of the target; empty
            where there is none.
        interconnect: link between accelerators of one node, such as ``nvlink4-nvswitch``.
        interconnect_gb_per_second: both directions together [GB/s]; None when not published.
        source: where the figures come from.
        as_of: date of the figures, ISO 8601, to the month or the day.
    """

    name: str
    vendor: str
    architecture: str
    memory_gib: float | None
    usable_gib: float | None
    usable_origin: str
    bandwidth_gb_per_second: float | None
    peak_tflops: Mapping[str, float]
    interconnect: str
    interconnect_gb_per_second: float | None
    compute_capability: str = ""
    source: str
    as_of: str
