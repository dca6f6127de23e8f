"""Thresholds of the checks, and the families that a catalogue must hold."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import pandas as pd

from costopt.catalog.age_limits import MAX_AGE_MONTHS, WARNING_AGE_MONTHS

Tables: TypeAlias = Mapping[str, pd.DataFrame]
"""Tables of one snapshot by name, in the types of the schema."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RequiredFamily:
    """Instance types of which at least one must be there, with a price.

    Attributes:
        provider: short name of the cloud.
        pattern: names of the instance types, with ``*`` as wildcard.
    """

    provider: str
    pattern: str


PRICE_ROUNDING_FRACTION: Final = 1e-4
"""Prices that differ by less count as equal: sources round to three to six decimals [1]."""

REQUIRED_FAMILIES: Final = tuple(
    RequiredFamily(provider=provider, pattern=pattern)
    for provider, patterns in {
        "aws": (
            "p4d.*",
            "p4de.*",
            "p5*",
            "g4dn.*",
            "g5.*",
            "g6*",
            "inf1.*",
            "inf2.*",
            "trn1.*",
            "c7i.*",
        ),
        "gcp": (
            "a2-*",
            "a3-*",
            "g2-*",
            "n1-*+nvidia-tesla-t4x*",
            "n1-*+nvidia-tesla-v100x*",
            "v5litepod-*",
            "v6e-*",
            "c3-*",
        ),
        "azure": (
            "Standard_ND96asr_v4",
            "Standard_ND96amsr_A100_v4",
            "Standard_ND96isr_H100_v5",
            "Standard_NC*as_T4_v3",
            "Standard_NV*_A10_v5",
            "Standard_D*s_v5",
        ),
        "alibaba": ("ecs.gn6i-*", "ecs.gn6v-*", "ecs.gn7i-*", "ecs.vgn7i-*", "ecs.c7.*"),
    }.items()
    for pattern in patterns
)
"""Families that the project plans with; a catalogue without one of them is incomplete."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckSettings:
    """Thresholds of the checks.

    Attributes:
        spot_ratio_low: spot below this share of on-demand is noted [1].
        spot_ratio_high: spot above this share of on-demand is noted [1].
        price_rounding_fraction: prices that differ by less count as equal, because sources round
            to three to six decimals [1].
        effective_tolerance_per_hour: how far recurring + upfront / term may lie from the
            effective price: half of the sixth decimal of both figures [currency/h].
        max_age_months: purchase option or ``exchange_rate`` -> oldest age that plans accept
            [months].
        warning_age_months: age from which on-demand and commitments are noted [months].
        share_sum_tolerance: how far the shares of a trace may lie from 1 in total [1].
        memory_rounding_fraction: accelerator memories that differ by less count as equal [1].
        required_families: families that must be there with a price.
        on_demand_move_fraction: on-demand prices that changed by more since the last good
            snapshot are noted [1].
        on_demand_jump_fraction: on-demand prices that changed by more are left out; a real cut
            of 45 % has been seen and must pass [1].
        rows_lost_fraction: share of its offers that a family or region may lose unnoted [1].
        rows_gained_fraction: share of offers that a family or region may gain unnoted [1].
    """

    spot_ratio_low: float = 0.05
    spot_ratio_high: float = 1.0
    price_rounding_fraction: float = PRICE_ROUNDING_FRACTION
    effective_tolerance_per_hour: float = 1e-6
    max_age_months: Mapping[str, float] = field(default_factory=lambda: MAX_AGE_MONTHS)
    warning_age_months: float = WARNING_AGE_MONTHS
    share_sum_tolerance: float = 1e-3
    memory_rounding_fraction: float = 1e-4
    required_families: tuple[RequiredFamily, ...] = REQUIRED_FAMILIES
    on_demand_move_fraction: float = 0.10
    on_demand_jump_fraction: float = 0.60
    rows_lost_fraction: float = 0.10
    rows_gained_fraction: float = 0.30
