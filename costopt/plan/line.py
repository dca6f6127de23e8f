"""PlanLine: one offer of a plan in one layout, with everything that its figures rest on."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from math import isnan
from typing import TYPE_CHECKING, Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field

from costopt.account.owned import OWNED
from costopt.candidate.layout import Layout
from costopt.plan.vram_window import VramWindow, vram_window

if TYPE_CHECKING:
    import pandas as pd


class PlanRecord(BaseModel):
    """Base of the records of a plan: frozen, no unknown fields."""

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="null")


Finite = Annotated[float, Field(allow_inf_nan=False)]
"""A number that is not infinite."""


class Band(PlanRecord):
    """A predicted figure with its 80 % band.

    Attributes:
        low: tenth percentile.
        expected: median.
        high: ninetieth percentile.
    """

    low: float
    expected: float
    high: float


class OfferKey(PlanRecord):
    """What names one offer in the catalogue."""

    provider: str
    region: str
    zone: str
    instance_type: str
    purchase_option: str
    kind: str
    term_years: float | None
    payment: str

    @classmethod
    def of(cls, offer: "pd.Series[Any]") -> Self:
        """Name the offer of one row of an offers table."""
        named = {name: offer[name] for name in cls.model_fields}
        if isnan(named["term_years"]):
            named["term_years"] = None
        return cls(**named)


class PlanLine(PlanRecord):
    """One offer in the plan, in one layout.

    Attributes:
        workload: name of the workload that it runs.
        offer: which offer of the catalogue.
        layout: how the workload is laid out on it.
        count: instances rented [1].
        price_per_hour: one instance over the horizon [plan currency/h].
        line_cost_per_hour: all instances of the line [plan currency/h].
        hours: hours that are charged: the horizon, or until the job is done [h].
        line_cost_total: all instances over those hours [plan currency].
        cash_now: due at the start [plan currency].
        locked_in_hours: hours of a term that outlive the horizon [h].
        locked_in: charges that fall due in those hours [plan currency].
        share: part of the workload's demand that the line serves [0..1].
        routing: the same for each request-size bucket, in the order of the trace [0..1].
        utilisation: load over what the instances can do [0..1].
        max_utilisation: utilisation up to which instances are planned to be loaded [0..1].
        rate_per_instance: what one instance does at full load, in ``rate_unit``.
        rate_unit: such as requests/s, samples/s or tokens/s.
        rate_origin: measured, by a profile of one's own (or the user's own rate); profile_scaled
            or profile_sister, scaled from one on the same accelerator or on another of its
            architecture; calibrated, scaled or analytic, by the model alone.
        rate_band: low, expected and high factor on the rate, around 1.
        vram_used_gib: predicted peak on one accelerator, term by term [GiB].
        vram_usable_gib: what one accelerator has [GiB].
        ttft_ms: time to first token at the request's percentile, on this line [ms].
        tpot_ms: time per output token at the request's percentile, on this line [ms].
        latency_ms: latency of one sample at the request's percentile [ms].
        price_currency: currency in which the provider quotes.
        exchange_rate: plan currency per unit of ``price_currency``.
        exchange_rate_as_of: date of that rate; empty when both are the same.
        price_source: where the price comes from.
        price_as_of: date of the price.
        price_age_days: age against the catalogue's newest price [days].
        price_trail: own discounts and prices applied, in order.
        hazard_per_instance_hour: planning rate of reclaims; None for firm capacity [1/h].
        availability_fraction: share of time the pool has capacity; None for firm capacity.
        risk_source: where that rate comes from.
        shared_node: number that lines on the same instances have in common; empty where a line
            has its instances to itself. Such lines say the same offer and count.
        node_fraction: part of the instances' cost that the line carries: its accelerators over
            those in use there; 1 where it has them to itself [0..1].
    """

    workload: str
    offer: OfferKey
    layout: Layout
    count: Annotated[int, Field(gt=0)]
    price_per_hour: float
    line_cost_per_hour: float
    hours: Annotated[Finite, Field(gt=0)]
    line_cost_total: float
    cash_now: float
    locked_in_hours: float
    locked_in: float
    share: float
    routing: tuple[Finite, ...]
    utilisation: float | None
    max_utilisation: float
    rate_per_instance: float | None
    rate_unit: str
    rate_origin: str
    rate_band: Band | None
    vram_used_gib: Mapping[str, float]
    vram_usable_gib: float | None
    ttft_ms: float | None = None
    tpot_ms: float | None = None
    latency_ms: float | None = None
    price_currency: str
    exchange_rate: float
    exchange_rate_as_of: str
    price_source: str
    price_as_of: str
    price_age_days: float
    price_trail: str
    hazard_per_instance_hour: float | None = None
    availability_fraction: float | None = None
    risk_source: str = ""
    shared_node: str = ""
    node_fraction: float = 1.0

    @property
    def is_spot(self) -> bool:
        """True when the provider may take the instances back."""
        return self.offer.purchase_option == "spot"

    @property
    def is_owned(self) -> bool:
        """True when the instances are paid for already, as far as the commitment lasts."""
        return self.offer.purchase_option == OWNED

    @property
    def place(self) -> str:
        """Instance type and region, for messages."""
        return f"{self.offer.instance_type} in {self.offer.region}"

    @property
    def pool(self) -> str:
        """What is reclaimed together: provider, region, zone and instance type."""
        where = " ".join(part for part in (self.offer.region, self.offer.zone) if part)
        return f"{self.offer.instance_type} spot in {self.offer.provider} {where}"

    @property
    def vram_fraction(self) -> float | None:
        """Predicted peak over usable memory of one accelerator."""
        if not self.vram_usable_gib:
            return None
        return sum(self.vram_used_gib.values()) / self.vram_usable_gib

    @property
    def vram_window(self) -> VramWindow | None:
        """Window in which that peak lies; None where no memory is predicted."""
        return None if self.vram_fraction is None else vram_window(self.vram_fraction)


NESTED = frozenset({"offer", "layout", "routing", "vram_used_gib", "rate_band"})
"""Fields of a line that are spread out, or left out, in a flat row."""


def column_names() -> tuple[str, ...]:
    """Return the column names of a flat row."""
    flat = [name for name in PlanLine.model_fields if name not in NESTED]
    spread = [*OfferKey.model_fields, *(field.name for field in fields(Layout))]
    extra = [
        "vram_peak_gib",
        "vram_fraction",
        "vram_window",
        "rate_low_factor",
        "rate_high_factor",
    ]
    return ("workload", *spread, *(name for name in flat if name != "workload"), *extra)


def line_row(line: PlanLine) -> dict[str, Any]:
    """Return one line as a flat row, nested records spread out."""
    row: dict[str, Any] = line.offer.model_dump() | asdict(line.layout)
    row |= {name: value for name, value in line if name not in NESTED}
    row["vram_peak_gib"] = sum(line.vram_used_gib.values()) or None
    row["vram_fraction"] = line.vram_fraction
    row["vram_window"] = line.vram_window and line.vram_window.value
    if line.rate_band is not None:
        row["rate_low_factor"], row["rate_high_factor"] = line.rate_band.low, line.rate_band.high
    return row
