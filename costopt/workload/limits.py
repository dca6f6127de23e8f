"""Limits: what a plan must stay within, of one workload or of the whole request."""

from collections.abc import Iterable, Sequence
from typing import Annotated, Final, Literal, Self

from pydantic import Field, Strict, model_validator

from costopt.catalog.age_limits import MAX_AGE_MONTHS
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.workload.counted import UNITS, CountedLimit
from costopt.written import (
    Count,
    CountOrZero,
    Fraction,
    Names,
    NotNegative,
    OneOrSeveral,
    Positive,
    Several,
    Some,
    Utilisation,
    Written,
)

PurchaseOption = Literal[
    "on_demand", "spot", "reserved", "savings_plan", "committed_use", "subscription",
    "capacity_block",
]  # fmt: skip
"""Ways to pay that a plan can hold; every other option of the catalogue stays outside."""

PurchaseOptions = Annotated[Sequence[PurchaseOption], Some, OneOrSeveral, Several]
"""One way to pay, or several."""

TERM_OPTIONS: Final = frozenset({"reserved", "savings_plan", "committed_use", "subscription"})
"""Ways to pay that commit for a term of years."""

PROMISES: Final = (
    "survive_pool_losses", "served_after_loss", "failure_group", "min_pools", "availability",
)  # fmt: skip
"""Limits on what may be lost with spot pools."""

LOSSES: Final = PROMISES[:2]
"""The two that belong together."""

FailureGroup = Literal["pool", "zone", "region"]
"""What is lost together: one spot pool, or all spot pools of a zone or of a region."""

DEFAULT_PURCHASE_OPTIONS: tuple[PurchaseOption, ...] = ("on_demand", "spot")
"""What takes part when nobody names a purchase option: nothing that commits beyond an hour."""


class Limits(Written):
    """What a plan must stay within; a field that is left out does not limit.

    Name fields take one name or several, with the wildcards ``*`` and ``?``; purchase options
    are written out.

    Attributes:
        providers: clouds, such as ``aws``.
        regions: regions by the provider's own names. A partition with accounts of its own
            (GovCloud, AWS China) takes part only when a pattern here names it.
        countries: ISO 3166-1 alpha-2 codes, or the groups ``EU`` and ``EEA``.
        instance_types: the providers' own names.
        families: the providers' own families.
        accelerator_types: catalogue names or their aliases; ``cpu`` for types without one.
        vendors: makers of the accelerator; for CPU types, of the processor.
        min_vcpus_per_accelerator: virtual CPUs beside each accelerator [1].
        min_memory_gib_per_accelerator: host memory beside each accelerator [GiB].
        intra_node_interconnect: link between the accelerators of one node, such as
            ``nvswitch``.
        inter_node_fabric: accelerator fabric between nodes, such as ``efa``; ``*`` is any.
        purchase_options: default on_demand and spot.
        term_years: lengths of commitments that may be bought [years].
        max_spot_fraction: largest share of served demand on spot in every request-size bucket;
            for jobs, of accelerator-hours [0..1].
        survive_pool_losses: spot failure groups that may be lost at once; any that many leave
            ``served_after_loss``. Of services and of requirements with a demand [1].
        served_after_loss: share of every request-size bucket that is then still served, nothing
            re-routed, at least; belongs to ``survive_pool_losses``. Above 0, and 1 keeps spot
            out [0..1].
        failure_group: what is lost together: a ``pool`` (provider, region, zone and instance
            type, the default), or all spot pools of a ``zone`` or of a ``region``. Where a
            provider names no zone, those of a region count as one. Firm capacity is never lost.
        min_pools: failure groups that carry a part of the requests, at least, once any does: a
            tenth of an even part of what may be on spot counts [1].
        availability: P(capacity >= demand), at least: that every pool in use has at once what
            the routing asks of it, nothing re-routed. Instances of one pool are reclaimed
            together (beta-binomial with the catalogue's ``availability_fraction`` and
            ``pool_correlation``), so more of them in it help little. Above 0, below 1.
        quota: instances at most, by ``instance_type``, ``provider/instance_type``,
            ``provider/region/instance_type`` or that with ``/purchase_option``; a part may hold
            wildcards, and alternatives joined by ``|`` [1].
        vcpu_quota: virtual CPUs of the instances together at most, by the same keys [1].
        accelerator_quota: accelerators of the instances together at most, by the same keys [1].
        memory_quota_gib: host memory of the instances together at most, by the same keys [GiB].
        spend_quota_per_hour: effective prices of the instances together at most, by the same
            keys, each of offers in one currency; what is owned counts at the rate by which it
            draws on its commitment [the offers' currency/h].
        budget: cost at most over the horizon, or until the jobs are done; with a demand profile in
            every scenario, commitments whole, other eligible usage apart [plan currency].
        cvar: with a demand profile of several scenarios, the mean cost of the dearest
            ``1 - cvar`` of probability (conditional value at risk) counts nine tenths of what is
            minimised, the mean of all scenarios the rest; left out, the mean alone [0..1).
        max_distinct_types: instance types in one plan at most [1].
        max_age_months: purchase option, or ``exchange_rate`` -> age at which a price or rate is
            left out; the defaults are spot 18, capacity_block 3, exchange_rate 24, others 36.
    """

    providers: Names | None = None
    regions: Names | None = None
    countries: Names | None = None
    instance_types: Names | None = None
    families: Names | None = None
    accelerator_types: Names | None = None
    vendors: Names | None = None
    min_vcpus_per_accelerator: Positive | None = None
    min_memory_gib_per_accelerator: Positive | None = None
    intra_node_interconnect: Names | None = None
    inter_node_fabric: Names | None = None
    purchase_options: PurchaseOptions | None = None
    term_years: Annotated[Sequence[Positive], Some, Several] | None = None
    max_spot_fraction: Fraction = 1.0
    survive_pool_losses: Count | None = None
    served_after_loss: Utilisation | None = None
    failure_group: FailureGroup = "pool"
    min_pools: Count | None = None
    availability: Annotated[float, Strict(), Field(gt=0, lt=1)] | None = None
    quota: dict[str, CountOrZero] | None = None
    vcpu_quota: dict[str, CountOrZero] | None = None
    accelerator_quota: dict[str, CountOrZero] | None = None
    memory_quota_gib: dict[str, NotNegative] | None = None
    spend_quota_per_hour: dict[str, NotNegative] | None = None
    budget: NotNegative | None = None
    cvar: Annotated[float, Strict(), Field(ge=0, lt=1)] | None = None
    max_distinct_types: Count | None = None
    max_age_months: dict[str, Positive] | None = None

    @model_validator(mode="after")
    def _refuse_contradictions(self) -> "Limits":
        for name in self.max_age_months or {}:
            if name not in MAX_AGE_MONTHS:
                raise ValueError(str(UnknownNameError("max_age_months key", name, MAX_AGE_MONTHS)))
        if self.max_spot_fraction == 0 and self.purchase_options == ("spot",):
            raise ValueError("purchase_options allows only spot, but max_spot_fraction is 0")
        if self.term_years and TERM_OPTIONS.isdisjoint(self.purchase_options or TERM_OPTIONS):
            raise ValueError("term_years limits commitments, but purchase_options allows none")
        return self

    @model_validator(mode="after")
    def _promises_belong_together(self) -> "Limits":
        if (self.survive_pool_losses is None) != (self.served_after_loss is None):
            raise ValueError(
                "survive_pool_losses says how many pools may be lost and served_after_loss what "
                "is then left: give both"
            )
        grouped = self.survive_pool_losses is not None or self.min_pools is not None
        if self.failure_group != "pool" and not grouped:
            raise ValueError(
                f"failure_group is {self.failure_group!r}, but nothing is said of it: give "
                "survive_pool_losses and served_after_loss, or min_pools"
            )
        if self.served_after_loss == 1 and self.purchase_options == ("spot",):
            raise ValueError(
                "purchase_options allows only spot, but served_after_loss is 1: nothing may be "
                "lost"
            )
        return self

    @property
    def promises(self) -> tuple[str, ...]:
        """Limits on what may be lost with spot pools that are given."""
        fields = type(self).model_fields
        return tuple(name for name in PROMISES if getattr(self, name) != fields[name].default)

    @property
    def options(self) -> tuple[str, ...]:
        """Purchase options that take part."""
        return tuple(self.purchase_options or DEFAULT_PURCHASE_OPTIONS)

    @property
    def counted(self) -> tuple[CountedLimit, ...]:
        """Every quota, whatever it counts."""
        return tuple(
            CountedLimit(unit=unit, key=key, allowed=float(allowed))
            for unit in UNITS
            for key, allowed in (getattr(self, unit.field) or {}).items()
        )

    def with_quotas(self, limits: Iterable[CountedLimit]) -> Self:
        """Return the limits with more quotas; of two for one key the smaller counts."""
        joined: dict[str, dict[str, float]] = {}
        for one in limits:
            own = joined.setdefault(one.unit.field, dict(getattr(self, one.unit.field) or {}))
            allowed = int(one.allowed) if one.unit.is_whole else one.allowed
            own[one.key] = min(allowed, own.get(one.key, allowed))
        return self.model_copy(update=joined) if joined else self

    def without(self, field: str) -> Self:
        """Return the limits without one of them; what is owned stays as much as it is.

        The number of losses and what they leave are one limit: neither stays without the other.
        """
        if field in LOSSES:
            return self.model_copy(update=dict.fromkeys(LOSSES))
        kept = {
            one.key: getattr(self, field)[one.key]
            for one in self.counted
            if one.unit.field == field and one.is_of_commitment
        }
        return self.model_copy(update={field: kept or type(self).model_fields[field].default})


def joined_options(first: Limits, second: Limits) -> tuple[str, ...]:
    """Purchase options that both sets of limits allow; an unset one allows what the other does.

    Raises:
        InvalidInputError: the two have nothing in common, or leave only spot and forbid it.
    """
    if first.purchase_options is None or second.purchase_options is None:
        options = (first.purchase_options and first.options) or second.options
    else:
        options = tuple(name for name in first.options if name in second.options)
    if not options:
        raise InvalidInputError(
            "limits",
            [
                f"the workload allows {', '.join(first.options)} and the request "
                f"{', '.join(second.options)}: no purchase option is left"
            ],
        )
    if options == ("spot",) and min(first.max_spot_fraction, second.max_spot_fraction) == 0:
        raise InvalidInputError(
            "limits", ["only spot is allowed, but max_spot_fraction is 0: nothing is left"]
        )
    return options
