"""What stands beside the lines of a plan: baselines, what took no part, the catalogue."""

from costopt.plan.line import PlanRecord


class Baseline(PlanRecord):
    """Another way to meet the same request, to compare with.

    Attributes:
        name: single_type_on_demand, single_provider or one_year_commitment.
        text: what it is, in words.
        cost_total: over ``horizon_hours``; None when there is no such plan [plan currency].
        horizon_hours: the plan's horizon; a year for commitments beside a shorter plan [h].
        difference: its cost_total minus the plan's over the same hours [plan currency].
        difference_fraction: the same over the plan's cost.
        cash_now: due at the start [plan currency].
        is_proven: False where its search ran out of time, so that a cheaper one may exist.
    """

    name: str
    text: str
    horizon_hours: float
    cost_total: float | None = None
    difference: float | None = None
    difference_fraction: float | None = None
    cash_now: float = 0.0
    is_proven: bool = True


class Exclusion(PlanRecord):
    """Offers that took no part, and why.

    Attributes:
        reason: code of the reason.
        text: the reason in words.
        offers: how many offers [1].
        instance_types: how many instance types lost all their offers for it [1].
    """

    reason: str
    text: str
    offers: int
    instance_types: int


class CatalogStamp(PlanRecord):
    """Which catalogue a plan was made from.

    Attributes:
        place: where it lay.
        as_of: date of its newest price.
        fingerprint: sha256 of its contents.
    """

    place: str
    as_of: str
    fingerprint: str
