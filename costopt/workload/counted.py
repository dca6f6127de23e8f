"""CountedLimit: how much the instances of a plan may come to together, whatever is counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.catalog.narrow import Mask
from costopt.catalog.offer_keys import KEY_COLUMNS, OfferNames, quota_columns

ROUNDING: Final = 1e-9
"""Relative rounding by which a whole number of instances may seem not to fit."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """What a quota counts.

    Attributes:
        name: as an account's file names it.
        field: of ``Limits``.
        column: of the offers beside the facts of their type; empty counts instances.
        word: the unit of one, after the number.
        words: the unit of several.
        is_whole: True where amounts are whole numbers.
    """

    name: str
    field: str
    column: str
    word: str
    words: str
    is_whole: bool

    def amount(self, amount: float) -> str:
        """Return an amount in words, such as 192 vCPUs."""
        return f"{amount:,.10g} {self.word if amount == 1 else self.words}"


INSTANCES: Final = Unit(
    name="instances", field="quota", column="", word="instance", words="instances", is_whole=True
)
VCPUS: Final = Unit(
    name="vcpus", field="vcpu_quota", column="vcpus", word="vCPU", words="vCPUs", is_whole=True
)
ACCELERATORS: Final = Unit(
    name="accelerators", field="accelerator_quota", column="accelerator_count",
    word="accelerator", words="accelerators", is_whole=True,
)  # fmt: skip
MEMORY: Final = Unit(
    name="memory_gib",
    field="memory_quota_gib",
    column="memory_gib",
    word="GiB",
    words="GiB",
    is_whole=False,
)
SPEND: Final = Unit(
    name="spend_per_hour", field="spend_quota_per_hour", column="effective_per_hour",
    word="per hour", words="per hour", is_whole=False,
)  # fmt: skip

UNITS: Final = (INSTANCES, VCPUS, ACCELERATORS, MEMORY, SPEND)
"""Everything that a quota may count."""

UNIT_OF: Final[Mapping[str, Unit]] = {unit.name: unit for unit in UNITS}
"""Name of a unit -> the unit."""

QUOTA_FIELDS: Final = tuple(unit.field for unit in UNITS)
"""Fields of ``Limits`` that hold quotas."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CountedLimit:
    """One quota: ``sum_i w_i n_i <= allowed`` over the offers that its key names.

    Attributes:
        unit: what is counted.
        key: as in ``Limits.quota``.
        allowed: at most [unit].
    """

    unit: Unit
    key: str
    allowed: float

    @property
    def name(self) -> str:
        """What the limit is called in messages."""
        return f"{self.unit.field} {self.key}"

    @property
    def is_of_commitment(self) -> bool:
        """True where the key names what one commitment owns."""
        return len(self.key.split("/")) == len(KEY_COLUMNS)

    def weights(self, offers: pd.DataFrame, names: OfferNames) -> NDArray[np.float64]:
        """Return what one instance of each offer takes of it; NaN where that is not known.

        Args:
            offers: beside the facts of their instance types.
            names: of these offers.
        """
        return self.taken(offers, names.rows(quota_columns(self.key)))

    def taken(self, offers: pd.DataFrame, counted: Mask) -> NDArray[np.float64]:
        """Return what one instance of each offer takes of it; NaN where that is not known.

        Args:
            offers: beside the facts of their instance types.
            counted: which of them its key names (offers,).
        """
        if not self.unit.column or not counted.any():
            return counted.astype(np.float64)
        taken = offers[self.unit.column].to_numpy(dtype=np.float64)
        return np.where(counted, taken, 0.0)

    def exceeded_by(self, taken: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which amounts do not fit."""
        return np.asarray(taken > self.allowed * (1 + ROUNDING))
