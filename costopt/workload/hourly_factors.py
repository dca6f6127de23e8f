"""HourlyFactors: factors on mean rates, one for each hour, as people write them."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BeforeValidator

from costopt.errors import InvalidInputError
from costopt.written import Name, NotNegative, Some, Written

MOST_HOURS: Final = 3 * 8760
"""Longest series that is taken: the longest term that providers sell, three years [h]."""

MOST_FACTOR: Final = 1e9
"""Factor on a mean rate beyond which its unit is wrong [1]."""


def _some_demand(factors: Sequence[float]) -> Sequence[float]:
    """Refuse a series without any demand, or of too many hours."""
    if not any(factors):
        raise ValueError("the demand is zero in every hour; leave the workload out")
    if len(factors) > MOST_HOURS:
        raise ValueError(f"{len(factors):,} hours; at most {MOST_HOURS:,}, three years, are taken")
    if max(factors) > MOST_FACTOR:
        raise ValueError(f"{max(factors):g} times the mean rate; check its unit")
    return factors


def _plain(factors: Any) -> Any:
    """Return an array or a column of a table as a list; anything else as it is."""
    return factors.tolist() if hasattr(factors, "tolist") else factors


Factors = Annotated[
    Sequence[NotNegative],
    Some,
    BeforeValidator(_plain),
    AfterValidator(_some_demand),
    AfterValidator(tuple),
]
"""One factor on the mean rate for each hour, in the order of time."""

FactorsOf = Annotated[dict[Name, Factors], Some]
"""Workload -> its own factors."""


class HourlyFactors(Written):
    """Factors on the mean rates, for all workloads or for those that are named.

    Attributes:
        factors: of every workload that ``by_workload`` does not name; one for each hour, in the
            order of time [1].
        by_workload: name of a workload in the plan -> its own factors [1].
    """

    factors: Factors | None = None
    by_workload: FactorsOf | None = None

    @property
    def series(self) -> tuple[Sequence[float], ...]:
        """Every series that is given."""
        own = (self.by_workload or {}).values()
        return tuple(own) if self.factors is None else (self.factors, *own)

    @property
    def is_given(self) -> bool:
        """Whether there is any series."""
        return bool(self.series)

    def of(self, workload: str) -> Sequence[float]:
        """Return the factors of one workload.

        Raises:
            InvalidInputError: there are none for it.
        """
        own = (self.by_workload or {}).get(workload, self.factors)
        if own is None:
            named = ", ".join(self.by_workload or {})
            raise InvalidInputError(
                "demand_profile",
                [
                    f"there are factors for {named}, none for {workload}; name it in by_workload, "
                    "or give factors for all others"
                ],
            )
        return own


def over_mean(rates: Sequence[float], where: str) -> tuple[float, ...]:
    """Bring rates to factors around 1.

    Args:
        rates: one for each hour, in any unit.
        where: they come from, for messages.

    Raises:
        InvalidInputError: a rate is no number of at least zero, or all are zero.
    """
    try:
        values = [float(rate) for rate in rates]
    except (TypeError, ValueError):
        raise InvalidInputError(where, ["give a list of numbers, one for each hour"]) from None
    odd = [hour for hour, rate in enumerate(values) if not 0 <= rate < float("inf")]
    if odd:
        told = f"{values[odd[0]]:g} in hour {odd[0]}"
        raise InvalidInputError(where, [f"{told}: a rate must be finite and at least 0"])
    if not any(values):
        raise InvalidInputError(where, ["the rate is zero in every hour; leave the workload out"])
    mean = sum(values) / len(values)
    return tuple(rate / mean for rate in values)
