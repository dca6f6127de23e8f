"""From a demand profile to kinds of hours: factors, how often each comes, in which scenario."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.units import SECONDS_PER_HOUR
from costopt.workload.demand_profile import DemandProfile
from costopt.workload.request import Job, PlanRequest

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_TRACE_HOURS: Final = 24
"""A trace must cover a day before its arrivals are taken for a profile [h]."""

MOST_HOURS_APART: Final = 2 * 168
"""Hours of a profile that are planned where none can stand for another [h]."""

SAME_DIGITS: Final = 9
"""Decimals of a factor that tell two hours apart; what is beyond them is rounding."""

EVERY_DAY: Final = "expected"
"""Name of the only scenario where a profile gives none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DemandHours:
    """Kinds of hours of a demand profile; hours of one kind are planned alike.

    Attributes:
        factor: planned factor on each workload's mean rate: the highest of the kind's hours
            (workloads, kinds) [1].
        mean_factor: mean of the kind's hours (workloads, kinds) [1].
        hours: hours of the profile that are of the kind (kinds,) [h].
        scenario: of the kind (kinds,).
        scenarios: names.
        probability: of each scenario (scenarios,) [0..1].
        kind_of_hour: kind of each hour of the profile, in order (scenarios, hours).
        excess_fraction: planned demand above the profile's own, over the profile's [1].
    """

    factor: Floats
    mean_factor: Floats
    hours: Floats
    scenario: Integers
    scenarios: tuple[str, ...]
    probability: Floats
    kind_of_hour: Integers
    excess_fraction: float

    @property
    def profile_hours(self) -> int:
        """Hours of the profile [h]."""
        return int(self.kind_of_hour.shape[1])


def served_names(request: PlanRequest) -> tuple[str, ...]:
    """Return the names of the workloads whose demand follows a profile: all but jobs."""
    return tuple(name for name, one in request.named_workloads if not isinstance(one, Job))


def hours_of(request: PlanRequest, catalog: Catalog) -> DemandHours:
    """Return the kinds of hours that a request with a demand profile is planned over.

    Beside a job every hour of the profile is a kind of its own, because it matters which come
    before the deadline; beside other eligible usage, which has a charge in each; and where
    starting or stopping takes time, because it matters which hour follows which.

    Args:
        request: the question.
        catalog: where traces are.

    Raises:
        UnknownNameError: the trace, or a workload that the profile names, is not there.
        InvalidInputError: there is no profile, or it does not fit the request.
    """
    if request.demand_profile is None:
        raise InvalidInputError("demand_profile", ["there is none to plan over"])
    names = served_names(request)
    hours = demand_hours(request.demand_profile, names, catalog, request.horizon_hours)
    for usage in request.eligible_usage:
        if len(usage.on_demand_per_hour) != hours.profile_hours:
            raise InvalidInputError(
                "eligible_usage",
                [
                    f"{usage.name} has {len(usage.on_demand_per_hour):,} hours and the demand "
                    f"profile {hours.profile_hours:,}; give one charge for each hour of it"
                ],
            )
    if (
        len(names) == len(request.workloads)
        and not request.eligible_usage
        and not request.demand_profile.ties_hours
    ):
        return hours
    if hours.profile_hours > MOST_HOURS_APART:
        raise InvalidInputError(
            "demand_profile",
            [
                f"it has {hours.profile_hours:,} hours; beside jobs or eligible_usage, and with "
                "start_up_hours or min_up_hours, each counts on its own, and at most "
                f"{MOST_HOURS_APART} are planned: give a typical week"
            ],
        )
    numbers = hours.kind_of_hour
    return replace(
        hours,
        factor=hours.factor[:, numbers.ravel()],
        mean_factor=hours.mean_factor[:, numbers.ravel()],
        hours=np.ones(numbers.size),
        scenario=np.repeat(np.arange(len(numbers)), numbers.shape[1]),
        kind_of_hour=np.arange(numbers.size).reshape(numbers.shape),
    )


def demand_hours(
    profile: DemandProfile, workloads: Sequence[str], catalog: Catalog, horizon_hours: float
) -> DemandHours:
    """Put the hours of a profile together into kinds.

    Hours with equal factors of every workload in one scenario are always one kind.

    Args:
        profile: as written.
        workloads: names of the workloads that run over the horizon.
        catalog: where traces are.
        horizon_hours: over which the profile repeats [h].

    Raises:
        UnknownNameError: the trace, or a workload that the profile names, is not there.
        InvalidInputError: a workload has no factors, or the profile is longer than the horizon.
    """
    series, names, probability = _series(profile, workloads, catalog)
    hours = series.shape[2]
    if hours > horizon_hours:
        raise InvalidInputError(
            "demand_profile",
            [
                f"it has {hours:,} hours and the horizon {horizon_hours:,g}; give horizon_hours "
                f"of at least {hours:,}"
            ],
        )
    factors: list[Floats] = []
    means: list[Floats] = []
    counts: list[Floats] = []
    owners: list[Integers] = []
    numbers = np.zeros((len(series), hours), dtype=np.int64)
    for index, of_workloads in enumerate(series):
        _, first, number, count = np.unique(
            of_workloads.round(SAME_DIGITS),
            axis=1,
            return_index=True,
            return_inverse=True,
            return_counts=True,
        )
        distinct = of_workloads[:, first]
        group = _grouped(distinct, count.astype(np.float64), profile.kinds or len(count))
        numbers[index] = group[number.ravel()] + sum(len(part) for part in counts)
        kinds = int(group.max()) + 1
        highest, total = np.zeros((2, len(workloads), kinds))
        for own, sums, factors_of in zip(highest, total, of_workloads, strict=True):
            np.maximum.at(own, group[number.ravel()], factors_of)
            np.add.at(sums, group[number.ravel()], factors_of)
        factors.append(highest)
        means.append(np.minimum(total / np.bincount(group, weights=count), highest))
        counts.append(np.bincount(group, weights=count).astype(np.float64))
        owners.append(np.full(kinds, index, dtype=np.int64))
    factor = np.concatenate(factors, axis=1)
    excess = np.stack(
        [(factor[:, row] - own).sum(axis=1) for row, own in zip(numbers, series, strict=True)]
    )
    return DemandHours(
        factor=factor,
        mean_factor=np.concatenate(means, axis=1),
        hours=np.concatenate(counts),
        scenario=np.concatenate(owners),
        scenarios=names,
        probability=probability,
        kind_of_hour=numbers,
        excess_fraction=float((probability @ excess).sum()
                              / (probability @ series.sum(axis=2)).sum()),
    )  # fmt: skip


def _series(
    profile: DemandProfile, workloads: Sequence[str], catalog: Catalog
) -> tuple[Floats, tuple[str, ...], Floats]:
    """Return factors (scenarios, workloads, hours), names and probabilities of the scenarios."""
    if profile.trace is not None:
        factors = trace_factors(profile.trace, catalog)
        return np.tile(factors, (1, len(workloads), 1)), (EVERY_DAY,), np.ones(1)
    if profile.scenarios is None:
        _refuse_unknown(profile.by_workload or {}, workloads)
        own = np.array([profile.of(name) for name in workloads], dtype=np.float64)
        return own[None], (EVERY_DAY,), np.ones(1)
    for one in profile.scenarios:
        _refuse_unknown(one.by_workload or {}, workloads)
    weights = np.array([one.probability for one in profile.scenarios])
    factors = np.array([[one.of(name) for name in workloads] for one in profile.scenarios])
    return factors, tuple(one.name for one in profile.scenarios), weights / weights.sum()


def _refuse_unknown(
    named: Sequence[str] | dict[str, Sequence[float]], known: Sequence[str]
) -> None:
    for name in named:
        if name not in known:
            raise UnknownNameError("workload in demand_profile", name, known)


def trace_factors(trace: str, catalog: Catalog) -> Floats:
    """Return the arrivals of a published trace in each whole hour, over their mean (hours,) [1].

    Args:
        trace: name in the catalogue's arrival profiles.
        catalog: where they are.

    Raises:
        UnknownNameError: there is no such trace.
        InvalidInputError: it covers less than a day.
    """
    table = catalog.table("arrival_profiles")
    rows = table[table["trace"] == trace].sort_values("interval_start")
    if rows.empty:
        known = frozenset(table["trace"].unique())
        raise UnknownNameError("trace of arrivals", trace, known)
    seconds = rows["interval_seconds"].to_numpy(dtype=np.float64)
    ends = np.cumsum(seconds)
    whole = int(ends[-1] // SECONDS_PER_HOUR)
    if whole < LEAST_TRACE_HOURS:
        raise InvalidInputError(
            "demand_profile",
            [
                f"the arrivals of {trace} cover {ends[-1] / SECONDS_PER_HOUR:.3g} h; a profile "
                f"needs at least {LEAST_TRACE_HOURS}: take azure-llm-2024-conv, or factors"
            ],
        )
    hour = ((ends - seconds) // SECONDS_PER_HOUR).astype(np.int64)
    requests = np.bincount(hour, weights=rows["requests"].to_numpy(dtype=np.float64))[:whole]
    return np.asarray(requests / requests.mean())


def _grouped(factors: Floats, count: Floats, kinds: int) -> Integers:
    """Put columns together into at most so many groups, each as high as its highest.

    Groups are split one after another, where the demand that is planned above the hours' own
    falls most. Each workload's factors count over their mean.

    Args:
        factors: of distinct hours (workloads, hours) [1].
        count: how often each comes (hours,) [1].
        kinds: groups at most.

    Returns:
        Group of each hour (hours,).
    """
    if len(count) <= kinds:
        return np.arange(len(count))
    scaled = factors / np.maximum((factors * count).sum(axis=1, keepdims=True), 1e-300)
    group = np.zeros(len(count), dtype=np.int64)
    best = {0: _best_split(scaled, count, np.arange(len(count)))}
    for new in range(1, kinds):
        worst = max(best, key=lambda number: best[number][0])
        _, upper = best[worst]
        group[upper] = new
        for number in (worst, new):
            best[number] = _best_split(scaled, count, np.flatnonzero(group == number))
    return group


def _best_split(factors: Floats, count: Floats, rows: Integers) -> tuple[float, Integers]:
    """Return how much less is planned in vain after the best cut of a group, and what is cut off.

    Args:
        factors: (workloads, hours) [1].
        count: how often each hour comes (hours,) [1].
        rows: hours of the group.
    """
    if len(rows) < 2:
        return -1.0, rows[:0]
    found = (-1.0, rows[:0])
    for axis in range(len(factors)):
        order = rows[np.argsort(factors[axis, rows], kind="stable")]
        own = factors[:, order]
        below = np.maximum.accumulate(own, axis=1).sum(axis=0)[:-1]
        above = np.maximum.accumulate(own[:, ::-1], axis=1)[:, ::-1].sum(axis=0)[1:]
        hours = np.cumsum(count[order])
        planned = below * hours[:-1] + above * (hours[-1] - hours[:-1])
        cut = int(planned.argmin())
        gain = float(own.max(axis=1).sum() * hours[-1] - planned[cut])
        if gain > found[0]:
            found = (gain, order[cut + 1 :])
    return found
