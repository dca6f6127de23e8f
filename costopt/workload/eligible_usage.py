"""EligibleUsage: what the company runs beside the plan that its commitments would cover too."""

from collections.abc import Sequence
from typing import Annotated, Self

from pydantic import AfterValidator, Field, Strict, model_validator

from costopt.written import CountOrZero, Name, NotNegative, Written

IN_MONEY = ("on_demand_per_hour", "discount_fraction")
IN_INSTANCES = ("region", "instance_type", "instances")


class EligibleUsage(Written):
    """On-demand usage of other teams, which draws on the same commitments; in one of two forms.

    In money (``on_demand_per_hour`` and ``discount_fraction``) it counts towards savings plans of
    the whole provider, such as AWS Compute Savings Plans; those of one family in one region are
    not told of it. In instances (``region``, ``instance_type`` and ``instances``) it is covered
    by whatever commitment covers that type there: reserved instances that the plan leaves free,
    savings plans, amounts of resources.

    Attributes:
        name: of yours.
        provider: whose commitments cover it.
        on_demand_per_hour: charged without any plan; one for each hour of the demand profile, in
            the order of time [plan currency/h].
        discount_fraction: taken off under a plan; the least of those that may be bought (0..1).
        region: where the instances run.
        instance_type: of the instances.
        instances: that run on demand without any commitment; one number for each hour of the
            demand profile, in the order of time [1].
    """

    name: Name
    provider: Name
    on_demand_per_hour: Annotated[Sequence[NotNegative], AfterValidator(tuple)] = ()
    discount_fraction: Annotated[float, Strict(), Field(gt=0, lt=1)] | None = None
    region: str = ""
    instance_type: str = ""
    instances: Annotated[Sequence[CountOrZero], AfterValidator(tuple)] = ()

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        money = [name for name in IN_MONEY if getattr(self, name)]
        counted = [name for name in IN_INSTANCES if getattr(self, name)]
        whole = (len(money) == len(IN_MONEY)) + (len(counted) == len(IN_INSTANCES))
        if whole != 1 or (money and counted):
            raise ValueError(
                f"give {' and '.join(IN_MONEY)}, or {', '.join(IN_INSTANCES)}; all of one form, "
                "none of the other"
            )
        return self

    @property
    def by_hour(self) -> Sequence[float]:
        """Charges, or instances, in each hour of the demand profile."""
        return self.instances or self.on_demand_per_hour

    @property
    def place(self) -> tuple[str, str, str] | None:
        """Provider, region and instance type; None of usage in money."""
        if not self.instance_type:
            return None
        return self.provider, self.region, self.instance_type
