"""Work whose nodes are on their own, split between firm and spot nodes of one place."""

from dataclasses import dataclass, fields
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.gang_costs import GangOffers, GangPairs, GangWork
from costopt.candidate.gang_pairs import is_owned, owned_room, places
from costopt.interruption.checkpoint import interrupted_run
from costopt.units import SECONDS_PER_HOUR

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_WORK_FRACTION: Final = 1e-3
"""Part of the work that firm nodes do at least, so that no instance is rented to idle [0..1]."""

MOST_FIRM_COUNTS: Final = 64
"""Numbers of firm nodes that are tried in one place; the first half of them one by one."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Place:
    """A layout on a firm and a spot offer of one place; arrays of one shape.

    Attributes:
        row: of the work.
        firm: firm offer.
        spot: spot offer.
        alone_hours: W, work of one instance alone [h].
        firm_left_hours: D - S, for work on firm capacity [h].
        spot_start_hours: S', from request to ready on spot [h].
        stretch: k, hours that are paid on spot for each hour of work [1].
        spot_capacity_hours: a, work of one spot node until the deadline [h].
    """

    row: Integers
    firm: Integers
    spot: Integers
    alone_hours: Floats
    firm_left_hours: Floats
    spot_start_hours: Floats
    stretch: Floats
    spot_capacity_hours: Floats

    def take(self, rows: Integers | NDArray[np.bool_]) -> "_Place":
        return _Place(**{field.name: getattr(self, field.name)[rows] for field in fields(self)})


def split_pairs(
    work: GangWork, renting: GangOffers, deadline_hours: float, max_spot_fraction: float
) -> GangPairs:
    """Split work between ``n`` firm and ``m`` spot nodes of one place, for every n that matters.

    With ``w`` of the work ``W`` on spot, the deadline asks for ``w <= a m`` and
    ``W - w <= n (D - S)``, the share of the hours for
    ``(1 - f) (S' m + k w) <= f (S n + W - w)``. For given n and m the most spot work within these
    is the cheapest, and what a plan costs is convex in m. So for each n the m around the bend are
    enough, beside the fewest that end in time, which a quota may ask for. Where n may take more
    than MOST_FIRM_COUNTS values, the upper half of those tried is spread evenly. Firm nodes that
    are owned cost nothing until they end, so beside them as little spot work as ends in time is
    paired too, and as little as lets firm nodes be done before that.

    Args:
        work: what is to be done; rows of one layout differ in their number of nodes only.
        renting: offers.
        deadline_hours: D, from the start until all is done [h].
        max_spot_fraction: f, largest share of the hours on spot, above 0 [0..1].
    """
    place = _places(work, renting, deadline_hours)
    start = renting.start_hours
    counts = _firm_counts(place, start, max_spot_fraction)
    at, which = np.nonzero(counts > 0)
    place, firm = place.take(at), counts[at, which].astype(np.float64)
    loose = place.stretch * (1 - max_spot_fraction) + max_spot_fraction
    most = max_spot_fraction * (start * firm + place.alone_hours) / loose
    drop = place.spot_start_hours * (1 - max_spot_fraction) / loose
    whole = place.alone_hours * (1 - LEAST_WORK_FRACTION)
    least = np.maximum(place.alone_hours - firm * place.firm_left_hours, 0.0)
    capacity = place.spot_capacity_hours
    bend = np.minimum(whole / capacity, most / (capacity + drop))
    fewest = np.ceil(least / capacity - 1e-9)
    tried = np.stack([np.ones(len(bend)), np.floor(bend), np.ceil(bend), fewest], axis=1).clip(1)
    tried = np.sort(tried, axis=1)
    on_spot = np.minimum(capacity[:, None] * tried, most[:, None] - drop[:, None] * tried)
    on_spot = np.minimum(on_spot, whole[:, None])
    enough = (on_spot > 0) & (on_spot >= least[:, None] * (1 - 1e-9))
    kept = enough & (np.diff(tried, axis=1, prepend=0) > 0)
    little = _little_spot_work(place, renting, firm, least)
    fewest = np.ceil(little / capacity[:, None] - 1e-9).clip(1)
    room = np.minimum(most[:, None] - drop[:, None] * fewest, whole[:, None])
    kept = np.hstack([kept, (little > 0) & (little <= room * (1 + 1e-9))])
    tried, on_spot = np.hstack([tried, fewest]), np.hstack([on_spot, little])
    pair, column = np.nonzero(kept)
    return GangPairs(
        work=place.row[pair],
        firm=place.firm[pair],
        spot=place.spot[pair],
        firm_nodes=firm[pair].astype(np.int64),
        spot_nodes=tried[pair, column].astype(np.int64),
        spot_work_fraction=on_spot[pair, column] / place.alone_hours[pair],
    )


def _places(work: GangWork, renting: GangOffers, deadline_hours: float) -> _Place:
    """Pair each layout with the places where an hour of work costs less on spot."""
    _, first = np.unique(work.layout, return_index=True)
    rows, firm, spot = places(work, renting)
    of_layout = np.isin(rows, first)
    rows, firm, spot = rows[of_layout], firm[of_layout], spot[of_layout]
    risk = renting.risk
    run = interrupted_run(
        work_hours=np.ones(len(rows)),
        write_hours=np.zeros(len(rows)),
        restart_hours=risk.provisioning_hours[spot],
        hazard_per_hour=risk.hazard_per_instance_hour[spot],
        availability_fraction=risk.availability_fraction[spot],
        notice_hours=risk.notice_seconds[spot] / SECONDS_PER_HOUR,
    )
    spot_start = risk.provisioning_hours[spot]
    found = _Place(
        row=rows,
        firm=firm,
        spot=spot,
        alone_hours=work.work_hours[rows] * work.nodes[rows],
        firm_left_hours=np.full(len(rows), deadline_hours - renting.start_hours),
        spot_start_hours=spot_start,
        stretch=run.billed_hours,
        spot_capacity_hours=(deadline_hours - spot_start) / run.makespan_hours,
    )
    price = (renting.offers["recurring_per_hour"] * renting.offers["exchange_rate"]).to_numpy()
    with np.errstate(invalid="ignore"):
        worth = price[spot] * found.stretch < price[firm]
    ends = np.isfinite(found.alone_hours) & np.isfinite(found.stretch)
    in_time = (found.firm_left_hours > 0) & (found.spot_capacity_hours > 0)
    return found.take(worth & ends & in_time)


def _little_spot_work(
    place: _Place, renting: GangOffers, firm_nodes: Floats, least: Floats
) -> Floats:
    """Spot work that leaves firm nodes as much as they can do for nothing (places, hours) [h].

    ``W - n (T - S)`` for each number of hours ``T`` that something is owned, and the least that
    ends in time; 0 where nothing is owned in the place.
    """
    offers = renting.offers
    hours = np.unique(offers["term_hours"].to_numpy(dtype=np.float64)[is_owned(offers)])
    free = np.clip(hours - renting.start_hours, 0.0, None)
    until = place.alone_hours[:, None] - firm_nodes[:, None] * free
    work = np.maximum(until, least[:, None]) if len(hours) else np.zeros((len(least), 0))
    return np.where((owned_room(offers)[place.firm] > 0)[:, None], work, 0.0)


def _firm_counts(place: _Place, start_hours: float, max_spot_fraction: float) -> Integers:
    """Return the numbers of firm nodes that are tried (places, counts); 0 fills the rows.

    The fewest are those that end in time with as much spot as is allowed, the most those that
    need no spot. Beyond the fewest by ``S' / S`` one more node only costs its start, which no
    rounding of the spot nodes makes good.
    """
    fraction = max_spot_fraction
    paid = place.stretch + place.spot_start_hours / place.spot_capacity_hours
    share = paid * (1 - fraction) + fraction
    per_node = share * place.firm_left_hours + fraction * start_hours
    fewest = np.ceil(place.alone_hours * paid * (1 - fraction) / per_node - 1e-9).clip(1)
    alone = np.ceil(place.alone_hours / place.firm_left_hours - 1e-9).clip(1)
    margin = np.ceil(place.spot_start_hours / start_hours) + 1
    steps = np.maximum(alone - fewest, 0) + margin
    column = np.arange(MOST_FIRM_COUNTS)[None, :]
    half = MOST_FIRM_COUNTS // 2
    spread = half + np.floor((steps[:, None] - half) * (column - half + 1) / half)
    one_by_one = (steps[:, None] < MOST_FIRM_COUNTS) | (column < half)
    counts = fewest[:, None] + np.where(one_by_one, column, spread)
    return np.where(counts <= (fewest + steps)[:, None], counts, 0).astype(np.int64)
