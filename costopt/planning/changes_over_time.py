"""What ran before a plan over time: what leaving it costs, and staying with its kinds."""

import numpy as np
import pandas as pd

from costopt.catalog.catalog import Catalog
from costopt.solve.hours.changes import HourlyChanges
from costopt.workload.fleet import kinds_of_offers, running_kinds
from costopt.workload.request import PlanRequest


def changes_over_time(
    offers: pd.DataFrame, request: PlanRequest, catalog: Catalog
) -> HourlyChanges | None:
    """Say which offers are of what ran before; None where nothing is said to have.

    A change is paid at once: its price is no mean over the horizon, and is not discounted.

    Args:
        offers: of each column of the problem.
        request: with the fleet.
        catalog: whose offers tell zones apart or do not.
    """
    if request.current_fleet is None:
        return None
    running = running_kinds(request.current_fleet, catalog.offers)
    kind = np.full(len(offers), -1)
    if running:
        kind = pd.MultiIndex.from_tuples(list(running)).get_indexer(kinds_of_offers(offers))
    return HourlyChanges(
        kind=np.asarray(kind, dtype=np.int64),
        running=np.array(list(running.values()), dtype=np.float64),
        start_cost=request.switching_cost.start,
        stop_cost=request.switching_cost.stop,
    )
