"""How far a replica may be loaded so that a mix of request sizes still starts in time.

Rates of single sizes combine linearly for tokens and memory, not for waiting: a prompt that waits
behind longer ones is later than it would be among its own kind. Where a plan fails for that
reason, each layout can be held against the workload's own mix before it is planned again.
"""

from dataclasses import replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.candidate.planned_rows import planned_rows
from costopt.candidate.service import ServiceCandidates
from costopt.candidate.serving_setup import setup_of
from costopt.candidate.settings import RateSettings
from costopt.candidate.sizes import Sizes, sizes_of, strict_percentile
from costopt.catalog.catalog import Catalog
from costopt.model import ModelSpec
from costopt.performance.hardware import Hardware
from costopt.performance.serving_state import serving_state
from costopt.precision import Formats, formats_named
from costopt.workload.serving import InferenceService

Floats = NDArray[np.float64]

HALVINGS: Final = 6
"""Steps of the search: the result is within 1/64 of the planned utilisation."""


def with_mix_room(
    workload: InferenceService,
    candidates: ServiceCandidates,
    catalog: Catalog,
    settings: RateSettings,
) -> ServiceCandidates:
    """Plan every layout no further than the workload's own mix lets it start in time.

    Layouts whose mix is late at any load drop out.

    Args:
        workload: a service with traffic and a limit on the first token.
        candidates: rated size by size.
        catalog: where model, trace and accelerators are described.
        settings: what decides the planned speed.
    """
    if workload.traffic is None or workload.max_ttft_ms is None:
        return candidates
    model = catalog.model(workload.model)
    sizes = sizes_of(workload.traffic, catalog)
    rates = candidates.layout_rates
    room = np.zeros(len(candidates.layouts))
    for part in planned_rows(workload, candidates, catalog, settings):
        room[part.rows] = mix_utilisation(
            model,
            part.hardware,
            formats_named(part.precision, workload.kv_precision),
            workload,
            sizes,
            candidates.buckets.may_be_late,
            rates.rates[part.rows] / part.replicas[:, None],
        )
    runs = room > 0
    changed = replace(
        rates,
        rates=np.where(runs[:, None], rates.rates, 0.0),
        max_utilisation=np.where(runs, room, rates.max_utilisation),
    )
    return replace(candidates, layout_rates=changed)


def mix_utilisation(
    model: ModelSpec,
    hardware: Hardware,
    formats: Formats,
    workload: InferenceService,
    sizes: Sizes,
    free: NDArray[np.bool_],
    rates: Floats,
) -> Floats:
    """Highest utilisation, up to the planned one, at which the workload's mix starts in time.

    The mix of a replica is the workload's, without the sizes that it cannot serve. Sizes whose
    first token may be late do not count. 0 where the mix is late at any load.

    Args:
        model: what runs.
        hardware: one replica on each row.
        formats: of weights and cache.
        workload: the service, for its limit and percentile.
        sizes: buckets of the workload.
        free: buckets whose first token may be late (buckets,).
        rates: of one replica on each bucket alone (rows, buckets) [requests/s].

    Returns:
        Shape (rows,) [0..1].
    """
    planned = np.full(len(rates), workload.max_utilisation)
    limit = workload.max_ttft_ms
    if limit is None:
        return planned
    setup = setup_of(workload)
    allowed = 1 - strict_percentile(sizes, free, workload.percentile) / 100
    able = rates > 0
    mix = np.where(able, sizes.shares[None, :], 0.0)
    full_load = (mix / np.where(able, rates, 1.0)).sum(axis=1, keepdims=True)
    at_full_load = mix / np.where(full_load > 0, full_load, 1.0)
    counted = np.where(free[None, :], 0.0, mix)
    weights = counted / np.maximum(counted.sum(axis=1, keepdims=True), 1e-300)

    def in_time(utilisation: Floats) -> NDArray[np.bool_]:
        arrivals = at_full_load * utilisation[:, None]
        state = serving_state(model, hardware, formats, sizes.tokens, arrivals, setup)
        late = (weights * state.ttft_exceeds(limit)).sum(axis=1)
        return np.asarray(late <= allowed)

    low = np.where(in_time(planned), planned, 0.0)
    high = planned
    for _ in range(HALVINGS):
        middle = np.where(low < high, (low + high) / 2, low)
        good = in_time(middle)
        low, high = np.where(good, middle, low), np.where(good, high, middle)
    return low
