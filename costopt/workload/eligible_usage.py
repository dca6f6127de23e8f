"""EligibleUsage: what the company runs beside the plan that a savings plan would cover too."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import AfterValidator, Field, Strict

from costopt.written import Name, NotNegative, Some, Written


class EligibleUsage(Written):
    """On-demand charges of other teams, which draw on the same savings plans.

    They count towards plans of the whole provider, such as AWS Compute Savings Plans; those of
    one family in one region are not told of them.

    Attributes:
        name: of yours.
        provider: whose savings plans cover it.
        on_demand_per_hour: charged without any plan; one for each hour of the demand profile, in
            the order of time [plan currency/h].
        discount_fraction: taken off under a plan; the least of those that may be bought (0..1).
    """

    name: Name
    provider: Name
    on_demand_per_hour: Annotated[Sequence[NotNegative], Some, AfterValidator(tuple)]
    discount_fraction: Annotated[float, Strict(), Field(gt=0, lt=1)]
