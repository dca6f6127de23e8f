"""DemandProfile: how the demand of services moves from hour to hour, as people write it."""

from collections.abc import Mapping, Sequence
from itertools import chain
from math import inf
from numbers import Real
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    Field,
    PlainValidator,
    Strict,
    model_validator,
)

from costopt.workload.hourly_factors import MOST_HOURS, HourlyFactors, over_mean
from costopt.workload.hourly_file import read_hourly_file
from costopt.written import Count, Name, Positive, Several, Some

PROBABILITY_ROUNDING: Final = 1e-3
"""Probabilities of scenarios may miss 1 by this much; they are normalised."""


class DemandScenario(HourlyFactors):
    """One way in which the demand may go.

    Attributes:
        name: what the plan calls it.
        probability: weight among the scenarios; all together weigh 1 [0..1].
    """

    name: Name
    probability: Annotated[Positive, Strict()]

    @model_validator(mode="after")
    def _has_factors(self) -> Self:
        if not self.is_given:
            raise ValueError(f"scenario {self.name!r} needs factors or by_workload")
        return self


Scenarios = Annotated[Sequence[DemandScenario], Some, Several]
"""Scenarios, one or more."""


def _hours_or_catalogue(value: object) -> float | str:
    """Take a number of hours, or the word for those that are looked up."""
    if value == "catalogue":
        return "catalogue"
    hours = float(value) if isinstance(value, Real) and not isinstance(value, bool) else -1.0
    if not 0 <= hours < inf:
        raise ValueError(f"{value!r} is neither hours of at least 0 nor 'catalogue'")
    return hours


StartUp = Annotated[float | Literal["catalogue"], PlainValidator(_hours_or_catalogue)]
"""Hours charged for a start, or where they are looked up."""

LeastHours = Annotated[Count, Field(le=MOST_HOURS)]
"""Whole hours that an instance runs at least."""


class DemandProfile(HourlyFactors):
    """Hourly demand over a typical day, week or year, repeated over the plan's horizon.

    The rate of a workload in an hour is its mean rate (``requests_per_second`` and the like)
    times the factor of that hour. 24 factors stand for every day alike, 168 for a week, 8,760
    for a year; any other chronological series is repeated as it is. Give one of ``trace``,
    ``factors`` (with ``by_workload``) and ``scenarios``.

    A job planned beside services has no factors: it comes again with every round of the profile,
    such as every night, is due ``deadline_hours`` after the round begins or by its end, and runs
    when that is cheapest. One that trains may pause and goes on from a checkpoint, on the same
    number of the same instances. A ``Requirement`` without a demand has none either: its nodes
    run in every hour.

    Attributes:
        trace: arrivals of a published trace by name, such as ``azure-llm-2024-conv``; looked up
            when a plan is made.
        scenarios: ways in which the demand may go; commitments are one for all of them, what
            runs follows each.
        kinds: kinds of hours that a long series is put together into, each planned at its
            highest demand; without it every hour counts on its own [1].
        start_up_hours: charged for each start, at the price of the instance, beside the hours in
            which it serves; ``"catalogue"`` takes the reviewed time from request to ready.
            Without it starts are free, and what runs follows demand from hour to hour [h].
        min_up_hours: whole hours that an instance runs at least once it has started; by default
            it may stop after each [h].
    """

    trace: Name | None = None
    scenarios: Scenarios | None = None
    kinds: Count | None = None
    start_up_hours: StartUp | None = None
    min_up_hours: LeastHours | None = None

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        sources = (self.trace is not None, self.is_given, self.scenarios is not None)
        if sum(sources) != 1:
            raise ValueError(
                "give one of trace, factors (with by_workload) and scenarios; "
                f"{'none' if not any(sources) else 'several'} of them are given"
            )
        lengths = {len(series) for series in self._every_series}
        if len(lengths) > 1:
            told = " and ".join(f"{length:,}" for length in sorted(lengths))
            raise ValueError(f"the series have {told} hours; give all of them the same length")
        self._refuse_odd_scenarios()
        if self.kinds is not None and self.ties_hours:
            raise ValueError(
                "kinds puts hours together, and start_up_hours and min_up_hours need hours that "
                "follow each other; leave kinds out"
            )
        return self

    def _refuse_odd_scenarios(self) -> None:
        scenarios = self.scenarios
        if scenarios is None:
            return
        names = [one.name for one in scenarios]
        if len(set(names)) < len(names):
            raise ValueError("two scenarios have the same name")
        total = sum(one.probability for one in scenarios)
        if abs(total - 1) > PROBABILITY_ROUNDING:
            raise ValueError(f"the probabilities of the scenarios add up to {total:g}, not to 1")

    @property
    def _every_series(self) -> tuple[Sequence[float], ...]:
        named = (one.series for one in self.scenarios or ())
        return (*self.series, *chain.from_iterable(named))

    @property
    def ties_hours(self) -> bool:
        """Whether it matters which hour follows which: starting or stopping takes time."""
        return bool(self.start_up_hours) or (self.min_up_hours or 1) > 1

    @property
    def hours(self) -> int | None:
        """Hours of each series; None for a trace, whose length the catalogue knows [h]."""
        return len(self._every_series[0]) if self._every_series else None

    @classmethod
    def from_rates(
        cls,
        rates: Sequence[float] | Mapping[str, Sequence[float]],
        *,
        kinds: int | None = None,
        start_up_hours: StartUp | None = None,
        min_up_hours: int | None = None,
    ) -> Self:
        """Make a profile of hourly rates in any unit, each series over its own mean.

        The mean rate itself belongs to the workload.

        Args:
            rates: of all workloads alike, or workload -> its own; one for each hour.
            kinds: kinds of hours to put them together into.
            start_up_hours: charged for each start; ``"catalogue"`` looks them up [h].
            min_up_hours: that an instance runs at least [h].

        Raises:
            InvalidInputError: a rate is negative or not finite, or there is no demand at all.
        """
        given: dict[str, Any] = {
            "kinds": kinds,
            "start_up_hours": start_up_hours,
            "min_up_hours": min_up_hours,
        }
        if isinstance(rates, Mapping):
            own: dict[str, Sequence[float]] = {
                name: over_mean(series, f"rates of {name}") for name, series in rates.items()
            }
            return cls(by_workload=own, **given)
        return cls(factors=over_mean(rates, "rates"), **given)

    @classmethod
    def from_csv(
        cls,
        path: str | Path,
        *,
        kinds: int | None = None,
        start_up_hours: StartUp | None = None,
        min_up_hours: int | None = None,
    ) -> Self:
        """Read hourly rates from a CSV file with a header; rows are hours in the order of time.

        A column ``rate`` is of all workloads; any other column is of the workload of its name. A
        column ``hour`` with ISO 8601 times is optional; where it is given the hours must follow
        each other without a gap.

        Args:
            path: of the file.
            kinds: kinds of hours to put them together into.
            start_up_hours: charged for each start; ``"catalogue"`` looks them up [h].
            min_up_hours: that an instance runs at least [h].

        Raises:
            InvalidInputError: the file cannot be read, or a value breaks a rule.
        """
        columns = read_hourly_file(Path(path))
        common = columns.pop("rate", None)
        given: dict[str, Any] = {
            "kinds": kinds,
            "start_up_hours": start_up_hours,
            "min_up_hours": min_up_hours,
            "factors": None if common is None else over_mean(common, f"{path}: rate"),
            "by_workload": {
                name: over_mean(series, f"{path}: {name}") for name, series in columns.items()
            }
            or None,
        }
        return cls(**given)
