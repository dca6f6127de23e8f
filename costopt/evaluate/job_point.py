"""How long a job of a plan takes and what it costs, from catalogue and performance model alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from costopt.candidate.batch import InstanceRates, rate_instances
from costopt.candidate.confidence import planned_factor
from costopt.candidate.eligible import ages_allowed
from costopt.candidate.gang_costs import GangOffers, GangPairs, GangWork, price_gangs
from costopt.candidate.job import NO_OFFER
from costopt.candidate.layout import Layout
from costopt.candidate.memory import vram_by_term
from costopt.candidate.profiled_gangs import gang_points
from costopt.candidate.rated_gangs import (
    checkpoint_bytes,
    rate_gangs,
    strategy_of,
    total_tokens,
    training_setup,
)
from costopt.candidate.renting import risk_of, start_hours
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.facts import offers_of, types_of
from costopt.evaluate.limits import TOLERANCE
from costopt.performance.bands import Band
from costopt.plan.line import PlanLine
from costopt.plan.words import percent_to
from costopt.profile.profile import Profile
from costopt.units import SECONDS_PER_HOUR
from costopt.workload.batch import BatchInference
from costopt.workload.request import Job, PlanRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class JobPoint:
    """What one job comes to.

    Attributes:
        layout: of the gang, as the performance model would lay it out.
        rate: planned rate of the gang while it runs; 0 when it cannot run [1/s].
        hours: from the start until the job is done [h].
        firm_hours: charged for each firm node [h].
        spot_hours: charged for each spot node [h].
        work_fractions: part of the work that each line does [0..1].
        vram_gib: memory of one accelerator by term [GiB].
        usable_gib: what it has [GiB].
        band: origin and 80 % band of the expected rate, one row.
    """

    layout: Layout
    rate: float
    hours: float
    firm_hours: float
    spot_hours: float
    work_fractions: tuple[float, ...]
    vram_gib: Mapping[str, float]
    usable_gib: float
    band: Band


@dataclass(frozen=True, slots=True, kw_only=True)
class RatedGang:
    """One gang at the expected rate.

    Attributes:
        layout: as the performance model would lay it out.
        rate: expected, of the whole gang [1/s].
        units: that the job asks for.
        band: origin and 80 % band of the rate, one row.
        hosts: of one instance [1].
        state_bytes: what a checkpoint holds [B].
        nodes_fail_together: True when nodes work in step.
        vram_gib: memory of one accelerator by term [GiB].
        usable_gib: what it has [GiB].
    """

    layout: Layout
    rate: float
    units: float
    band: Band
    hosts: int
    state_bytes: float
    nodes_fail_together: bool
    vram_gib: Mapping[str, float]
    usable_gib: float


def job_point(
    catalog: Catalog,
    workload: Job,
    lines: Sequence[PlanLine],
    request: PlanRequest,
) -> JobPoint:
    """Recompute hours of a job from its lines.

    Args:
        catalog: where model, types, prices and spot signals are.
        workload: the job.
        lines: firm nodes by the offer that pays for them, spot nodes, or both.
        request: the question, for currency, confidence and ages.

    Raises:
        InvalidInputError: the lines are not one gang, or an offer is not the catalogue's.
    """
    nodes = sum(line.count for line in lines)
    _refuse_mixed_gang(workload, lines, nodes)
    work_fractions = work_fractions_of(workload, lines)
    gang = rated_gang(catalog, workload, lines[0], nodes, request.profiles)
    factor = planned_factor(
        gang.band.low_factor, gang.band.high_factor, gang.band.origin, request.confidence
    )
    rate = gang.rate * float(factor[0])
    if rate <= 0:
        endless = float("inf")
        return JobPoint(layout=gang.layout, rate=0.0, hours=endless, firm_hours=endless,
                        spot_hours=endless, work_fractions=work_fractions,
                        vram_gib=gang.vram_gib, usable_gib=gang.usable_gib,
                        band=gang.band)  # fmt: skip
    offers = offers_of(catalog, lines)
    allowed = ages_allowed([workload.limits, request.limits])["exchange_rate"]
    rates = catalog.conversion(offers["currency"], request.currency, allowed)
    offers = offers.assign(exchange_rate=rates)
    spot = [row for row, line in enumerate(lines) if line.is_spot]
    firm = [row for row, line in enumerate(lines) if not line.is_spot]
    one = np.ones(1)
    index = np.zeros(1, dtype=np.int64)
    priced = price_gangs(
        GangWork(
            type_index=index,
            layout=index,
            nodes=np.array([nodes], dtype=np.int64),
            work_hours=np.array([gang.units / rate / SECONDS_PER_HOUR]),
            rate=one * rate,
            low_factor=gang.band.low_factor,
            high_factor=gang.band.high_factor,
            planned_factor=factor,
            origin=gang.band.origin,
            writers=np.array([nodes * gang.hosts], dtype=np.int64),
            state_bytes=gang.state_bytes,
            nodes_fail_together=gang.nodes_fail_together,
        ),
        GangOffers(
            offers=offers,
            type_index=np.zeros(len(offers), dtype=np.int64),
            risk=risk_of(catalog, offers),
            start_hours=start_hours(catalog),
        ),
        GangPairs(
            work=index,
            firm=np.array([firm[0] if firm else spot[0]]),
            spot=np.array([spot[0] if spot else NO_OFFER]),
            firm_nodes=np.array([sum(lines[row].count for row in firm)]),
            spot_nodes=np.array([sum(lines[row].count for row in spot)]),
            spot_work_fraction=np.array([float(sum(work_fractions[row] for row in spot))]),
        ),
    )
    return JobPoint(
        layout=gang.layout,
        rate=rate,
        hours=float(priced.hours[0]),
        firm_hours=float(priced.firm_hours[0]),
        spot_hours=float(priced.spot_hours[0]),
        work_fractions=work_fractions,
        vram_gib=gang.vram_gib,
        usable_gib=gang.usable_gib,
        band=gang.band,
    )


def work_fractions_of(workload: Job, lines: Sequence[PlanLine]) -> tuple[float, ...]:
    """Return the part of the work that each line does [0..1].

    Nodes of a training gang work in step, each on an equal part. Nodes of a batch are on their
    own, so how much goes to spot is a decision of the plan, written as its routing; firm nodes
    do equal parts of the rest, whatever pays for them.

    Raises:
        InvalidInputError: the routing of a batch does not add up to the whole of it.
    """
    nodes = sum(line.count for line in lines)
    if not isinstance(workload, BatchInference):
        return tuple(line.count / nodes for line in lines)
    parts = tuple(line.routing[0] for line in lines)
    if not (min(parts) > 0 and abs(sum(parts) - 1) <= TOLERANCE):
        raise InvalidInputError(
            "plan",
            [
                f"the lines do {percent_to(sum(parts), 4)} of the work, each must "
                "do a part of 100 %"
            ],
        )
    firm = [line for line in lines if not line.is_spot]
    on_firm = sum(line.routing[0] for line in firm)
    firm_nodes = sum(line.count for line in firm)
    return tuple(
        part if line.is_spot else on_firm * line.count / firm_nodes
        for part, line in zip(parts, lines, strict=True)
    )


def _refuse_mixed_gang(workload: Job, lines: Sequence[PlanLine], nodes: int) -> None:
    """Refuse lines that are not one gang of one instance type in one place and one layout."""
    places = {(line.offer.provider, line.offer.region, line.offer.instance_type) for line in lines}
    layouts = {line.layout for line in lines}
    zones = {line.offer.zone for line in lines} - {""}
    offers = {line.offer for line in lines}
    spot = sum(line.is_spot for line in lines)
    whole = isinstance(workload, BatchInference) or lines[0].layout.nodes_per_gang == nodes
    one_place = len(places) == 1 and len(zones) <= 1
    one_of_each = len(offers) == len(lines) and spot <= 1
    if not (one_place and one_of_each and whole and len(layouts) == 1):
        raise InvalidInputError(
            "plan", ["the lines of a job are not one gang of one instance type in one place"]
        )


def rated_gang(
    catalog: Catalog, workload: Job, line: PlanLine, nodes: int, profiles: Sequence[Profile]
) -> RatedGang:
    """Rate the gang that a line is part of.

    Args:
        catalog: where model and types are.
        workload: the job.
        line: of the gang.
        nodes: instances of the gang [1].
        profiles: runs that people measured themselves.

    Raises:
        InvalidInputError: the layout is none of its instance type's.
    """
    kinds = types_of(catalog, [line])
    precision = line.layout.precision
    if isinstance(workload, BatchInference):
        rates = rate_instances(workload, catalog, kinds, [""], precision, profiles)
        row = row_of(rates, line)
        return RatedGang(
            layout=rates.layouts[row],
            rate=float(rates.units_per_second[row]) * nodes,
            units=float(workload.requests or workload.samples or 0),
            band=rates.band.take(np.array([row])),
            hosts=1,
            state_bytes=0.0,
            nodes_fail_together=False,
            vram_gib=rates.vram_gib(row),
            usable_gib=float(rates.usable_gib[row]),
        )
    model = catalog.model(workload.model)
    setup = training_setup(workload, precision)
    points = gang_points(workload, setup, catalog, precision, profiles)
    rated = rate_gangs(workload, model, catalog, kinds, np.array([nodes]), precision, points)
    tensor_parallel, strategy = strategy_of(rated, 0, 0)
    return RatedGang(
        layout=Layout(
            accelerator=kinds[0].chip,
            accelerators=kinds[0].count,
            precision=precision,
            tensor_parallel=tensor_parallel,
            nodes_per_gang=nodes,
            strategy=strategy,
        ),
        rate=float(rated.tokens_per_second[0, 0]),
        units=total_tokens(workload),
        band=rated.band,
        hosts=kinds[0].hosts,
        state_bytes=checkpoint_bytes(workload, model),
        nodes_fail_together=True,
        vram_gib=vram_by_term(rated.vram, 0, 0),
        usable_gib=(kinds[0].usable_gib or 0.0),
    )


def row_of(rates: InstanceRates, line: PlanLine) -> int:
    """Find the layout of a line among those of its instance type.

    Args:
        rates: of one instance type.
        line: that runs on it.

    Raises:
        InvalidInputError: there is none like it.
    """
    wanted = line.layout.tensor_parallel
    for row, layout in enumerate(rates.layouts):
        if layout.tensor_parallel == wanted:
            return row
    raise InvalidInputError("plan", [f"tensor parallel {wanted} is no layout of the line's type"])
