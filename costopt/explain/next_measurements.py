"""next_measurements: which runs would save most money by what they tell."""

from collections.abc import Sequence
from time import perf_counter
from typing import Any, Final

import numpy as np
import pandas as pd

from costopt.candidate.find import NamedWorkload, all_candidates
from costopt.candidate.job import JobCandidates
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.explain.doubt import Doubt, DoubtField, Rented
from costopt.explain.doubts import picks, rivals
from costopt.explain.flip import FARTHEST, Flip, FlipSearch
from costopt.explain.measurements import Measurement, NextMeasurements
from costopt.explain.run_length import MINUTES_PER_HOUR, run_minutes
from costopt.plan.plan import Plan

TIME_LIMIT_SECONDS: Final = 5.0
"""Time for all searches together [s]."""

MOST_RUNS: Final = 3
"""Runs that are named."""


def next_measurements(
    plan: Plan, catalog: Catalog, workloads: tuple[NamedWorkload, ...] = ()
) -> NextMeasurements:
    """Rank the runs that are worth making by the money expected to be saved by knowing.

    The true rate of an accelerator is distributed over the band of its prediction. Where it
    changes the choice, a plan made with it costs less than today's plan does at that rate; the
    mean of that difference over the band is what knowing is worth. Rates that were measured, and
    rates that change nothing within their band, are left out.

    Args:
        plan: with lines; nothing is worth measuring for one without.
        catalog: what it was made from.
        workloads: its candidates, where they are at hand.

    Raises:
        InvalidInputError: the plan is one over time, or on shared nodes.
        CostoptError: the plan's request does not fit the catalogue.
    """
    if not plan.lines:
        return NextMeasurements()
    if unranked := why_unranked(plan):
        raise InvalidInputError("next_measurements", [unranked])
    found = workloads or all_candidates(plan.request, catalog)
    field = DoubtField(
        plan=plan,
        workloads=found,
        catalog=catalog,
        deadline=perf_counter() + TIME_LIMIT_SECONDS,
    )
    flips, is_complete = _flips(field, [*picks(plan, found), *rivals(plan, found, FARTHEST)])
    runs = [run for flip in flips if (run := _measurement(field, flip)) is not None]
    return NextMeasurements(runs=tuple(runs[:MOST_RUNS]), is_complete=is_complete)


def why_unranked(plan: Plan) -> str:
    """Say why no runs are ranked for a plan; empty where they are.

    Args:
        plan: with or without lines.
    """
    if plan.schedule is not None:
        return "runs are ranked for plans at one rate; ask for a plan without demand_profile"
    if any(line.shared_node for line in plan.lines):
        return (
            "runs are ranked for workloads on nodes of their own, and this plan shares some; ask "
            "for a plan of each workload alone"
        )
    return ""


def _flips(field: DoubtField, doubts: Sequence[Doubt]) -> tuple[list[Flip], bool]:
    """Return the flips worth most, ranked, and whether time sufficed.

    Where exactly a choice changes is searched for the plan's own accelerators, of which a small
    change counts, and for the others worth most.
    """
    search = FlipSearch(field=field, apart={}, points={})
    for doubt in doubts:
        if doubt.is_pick:
            search.try_likely(doubt)
    outlooks = [found for doubt in doubts if (found := search.outlook(doubt)) is not None]
    worth = sorted(outlooks, key=lambda outlook: -outlook.expected_saving)
    own = [outlook for outlook in worth if outlook.doubt.is_pick]
    others = [outlook for outlook in worth if not outlook.doubt.is_pick]
    flips = sorted(map(search.flip, [*own, *others[:MOST_RUNS]]), key=_rank)
    return flips, search.is_complete


def _rank(flip: Flip) -> tuple[bool, float]:
    """Sort key: a pick that 15 % less flips first, then the most expected to be saved."""
    return not flip.is_likely, -flip.expected_saving


def _measurement(field: DoubtField, flip: Flip) -> Measurement | None:
    """Write a run down; None where the accelerator takes no part in what is chosen."""
    doubt = flip.doubt
    item = field.workloads[doubt.workload]
    measured = _measured(field, flip)
    if measured is None:
        return None
    offer = _cheapest_offer(item, measured)
    instances = measured.layout.nodes_per_gang
    minutes = run_minutes(item, measured.layout.precision, field.catalog)
    price = float(offer["effective_per_hour"] * offer["exchange_rate"])
    ends = isinstance(item.candidates, JobCandidates)
    return Measurement(
        workload=item.name,
        instance_type=measured.name[1],
        accelerator=doubt.accelerator,
        instances=instances,
        provider=measured.name[0],
        region=str(offer["region"]),
        purchase_option=str(offer["purchase_option"]),
        price_per_hour=price,
        minutes=minutes,
        cost=instances * price * minutes / MINUTES_PER_HOUR,
        is_pick=doubt.is_pick,
        rate_planned=measured.rate,
        rate_unit=_rate_unit(item),
        flip_factor=flip.factor,
        flip_rate=measured.rate * flip.factor,
        instead=tuple(dict.fromkeys(rented.name[1] for rented in flip.instead.rented)),
        carries=flip.carries,
        expected_saving=flip.expected_saving,
        horizon_hours=None if ends else field.plan.horizon_hours,
        currency=field.plan.currency,
    )


def _measured(field: DoubtField, flip: Flip) -> Rented | None:
    """Return what would be run, at its planned rate: the plan's own, or the other choice's."""
    doubt = flip.doubt
    if not doubt.is_pick:
        with_it = (
            rented
            for rented in flip.instead.rented
            if rented.layout.accelerator == doubt.accelerator
        )
        rented = next(with_it, None)
        if rented is None:
            return None
        return Rented(name=rented.name, layout=rented.layout, rate=rented.rate / flip.factor)
    name = field.workloads[doubt.workload].name
    lines = (
        line
        for line in field.plan.lines
        if line.workload == name and line.layout.accelerator == doubt.accelerator
    )
    line = max(lines, key=lambda line: line.line_cost_total)
    return Rented(
        name=(line.offer.provider, line.offer.instance_type),
        layout=line.layout,
        rate=line.rate_per_instance or 0.0,
    )


def _cheapest_offer(item: NamedWorkload, measured: Rented) -> "pd.Series[Any]":
    """Return the cheapest offer of an instance type, by the hour where there is one."""
    offers = item.candidates.offers
    provider, name = measured.name
    own = offers[(offers["provider"] == provider) & (offers["instance_type"] == name)]
    hourly = own[own["term_years"].isna()]
    priced = own if hourly.empty else hourly
    price = (priced["effective_per_hour"] * priced["exchange_rate"]).to_numpy(dtype=np.float64)
    return priced.iloc[int(np.argmin(price))]


def _rate_unit(item: NamedWorkload) -> str:
    """Name what the rate of a workload counts."""
    if isinstance(item.candidates, JobCandidates):
        return item.candidates.rate_unit
    return "requests/s" if getattr(item.workload, "traffic", None) else "samples/s"
