"""Instances of other teams in a plan over time, which share what the plan commits to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.catalog.catalog import Catalog
from costopt.evaluate.component_prices import Place
from costopt.evaluate.other_usage import prices_of_others
from costopt.evaluate.schedule_money import tranche_prices_of
from costopt.evaluate.tranche_prices import PLACE
from costopt.plan.line import OfferKey
from costopt.planning.over_time_products import SpendProducts
from costopt.planning.over_time_resources import ResourceProducts
from costopt.solve.hours.changes import NOT_COUNTED
from costopt.solve.hours.problem import BY_THE_HOUR, HourlyProblem
from costopt.solve.problem import ServingBlock
from costopt.workload.demand_hours import DemandHours
from costopt.workload.eligible_usage import EligibleUsage
from costopt.workload.request import PlanRequest

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

OF_OTHERS: Final = -1
"""Workload of a column that stands for instances of other teams."""


def counted_usage(request: PlanRequest) -> tuple[EligibleUsage, ...]:
    """Return the other usage that is told in instances."""
    return tuple(usage for usage in request.eligible_usage if usage.place is not None)


def shared_products(keys: Sequence[OfferKey], request: PlanRequest) -> NDArray[np.bool_]:
    """Return which commitments of instances other teams may share (products,).

    Args:
        keys: of the commitments; those of a single zone are not shared.
        request: the question.
    """
    places = {usage.place for usage in counted_usage(request)}
    return np.array([not key.zone and _place(key) in places for key in keys], dtype=np.bool_)


def _place(key: OfferKey) -> Place:
    return key.provider, key.region, key.instance_type


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class OtherColumns:
    """Ways to pay for instances of other teams: on demand, and on each commitment.

    Attributes:
        usage: position of each among the usage in instances (columns,).
        price: of an hour on demand, 0 on a commitment (columns,) [plan currency/h].
        quantity: commitment of instances; BY_THE_HOUR for on demand (columns,).
        rate: under each plan of money; NaN where it is not eligible (plans, columns).
        needs: of each resource (columns, products) [amount].
    """

    usage: Integers
    price: Floats
    quantity: Integers
    rate: Floats
    needs: Floats

    @classmethod
    def of(
        cls,
        keys: Sequence[OfferKey],
        spends: SpendProducts,
        resources: ResourceProducts,
        request: PlanRequest,
        catalog: Catalog,
    ) -> "OtherColumns":
        """List the ways to pay.

        Args:
            keys: commitments of instances that may be bought.
            spends: plans of money.
            resources: commitments of amounts.
            request: the question.
            catalog: at the prices that are paid.
        """
        usages = counted_usage(request)
        counted = [usage.place is not None for usage in request.eligible_usage]
        listed = prices_of_others(request, catalog)[counted]
        of_money = tranche_prices_of(spends.tranches if usages else (), request, catalog)
        of_amounts = tranche_prices_of(resources.tranches if usages else (), request, catalog)
        rows: list[tuple[int, float, int, list[float], list[float]]] = []
        for number, (usage, price) in enumerate(zip(usages, listed.tolist(), strict=True)):
            place = usage.place or ("", "", "")
            rates = [one.rates.get(place, np.nan) for one in of_money]
            rates = [rate if rate < price else np.nan for rate in rates]
            needs = [one.needs.get(place, 0.0) for one in of_amounts]
            rows.append((number, price, BY_THE_HOUR, rates, needs))
            on_it = [row for row, key in enumerate(keys) if not key.zone and _place(key) == place]
            for product in on_it:
                nothing = [0.0] * len(needs)
                rows.append((number, 0.0, product, [np.nan] * len(rates), nothing))
        return cls(
            usage=np.array([row[0] for row in rows], dtype=np.int64),
            price=np.array([row[1] for row in rows], dtype=np.float64),
            quantity=np.array([row[2] for row in rows], dtype=np.int64),
            rate=np.array([row[3] for row in rows]).reshape(len(rows), len(of_money)).T,
            needs=np.array([row[4] for row in rows]).reshape(len(rows), len(of_amounts)),
        )

    def beside(self, problem: HourlyProblem, scale: float) -> HourlyProblem:
        """Return a problem in which other teams' instances run too, each line a block of its own.

        Args:
            problem: of the workloads, before its hours are known.
            scale: present value of 1 of a list price, mean over the horizon.
        """
        if not len(self.usage):
            return problem
        more = len(self.usage)
        none, never = np.zeros(more), np.full(more, BY_THE_HOUR)
        work, spends, resources = problem.work, problem.spends, problem.resources
        sequence, changes = problem.sequence, problem.changes
        if len(work):
            work = replace(work, job=np.append(work.job, never), rate=np.append(work.rate, none))
        gangs = problem.gangs
        if len(gangs):
            gangs = replace(gangs, configuration=np.append(gangs.configuration, never))
        if sequence is not None:
            once = np.ones(more, dtype=np.int64)
            sequence = replace(
                sequence,
                start_up_hours=np.append(sequence.start_up_hours, none),
                min_up_hours=np.append(sequence.min_up_hours, once),
            )
        if changes is not None:
            changes = replace(changes, kind=np.append(changes.kind, np.full(more, NOT_COUNTED)))
        one = ServingBlock(
            demand=np.ones(1),
            rates=np.ones((1, 1)),
            max_utilisation=np.ones(1),
            is_spot=np.zeros(1, dtype=np.bool_),
        )
        return replace(
            problem,
            price_per_hour=np.append(problem.price_per_hour, self.price * scale),
            server=np.append(problem.server, self.usage + problem.first_server[-1]),
            upper=np.append(problem.upper, np.full(more, np.inf)),
            quantity=np.append(problem.quantity, self.quantity),
            blocks=(*problem.blocks, *[one] * (int(self.usage.max()) + 1)),
            rows=tuple(
                replace(row, offer_coefficients=np.append(row.offer_coefficients, none))
                for row in problem.rows
            ),
            spends=replace(spends, rate=np.concatenate([spends.rate, self.rate * scale], axis=1)),
            resources=replace(resources, needs=np.concatenate([resources.needs, self.needs])),
            work=work,
            gangs=gangs,
            sequence=sequence,
            changes=changes,
        )


def with_factors_of_others(factor: Floats, hours: DemandHours, request: PlanRequest) -> Floats:
    """Put the instances of other teams behind the factors of the services (blocks, kinds).

    Args:
        factor: of each service (services, kinds) [1].
        hours: kinds of hours; beside other usage every hour is one.
        request: the question.
    """
    usages = counted_usage(request)
    counts = np.zeros((len(usages), factor.shape[1]))
    for row, usage in enumerate(usages):
        counts[row, hours.kind_of_hour] = usage.by_hour
    return np.concatenate([factor, counts])


def charges_of_others(hours: DemandHours, request: PlanRequest) -> Floats:
    """Return the charges of other usage in money in each kind of hour (others, kinds).

    Args:
        hours: kinds of hours; beside other usage every hour is one.
        request: the question.
    """
    charges = np.zeros((len(request.eligible_usage), len(hours.hours)))
    for row, usage in enumerate(request.eligible_usage):
        if usage.place is None:
            charges[row, hours.kind_of_hour] = usage.by_hour
    return charges


def numbered_places(columns: pd.DataFrame, others: OtherColumns, request: PlanRequest) -> Integers:
    """Number provider, region and instance type of each column, others' behind the plan's own.

    Args:
        columns: offers, one row for each column of the plan's own.
        others: columns of other teams.
        request: the question.
    """
    usages = counted_usage(request)
    own = columns[PLACE].itertuples(index=False, name=None)
    theirs = [usages[number].place for number in others.usage.tolist()]
    number: dict[object, int] = {}
    return np.array(
        [number.setdefault(place, len(number)) for place in (*own, *theirs)], dtype=np.int64
    )
