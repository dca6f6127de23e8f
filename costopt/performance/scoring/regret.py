"""Decision regret: how much dearer a pick by prediction is than the truly cheapest accelerator."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from costopt.catalog.catalog import Catalog
from costopt.performance.arrays import Floats
from costopt.performance.scoring.table import Measurements, TableKind

if TYPE_CHECKING:
    import pandas as pd

LEAST_ACCELERATORS: Final = 3
"""Accelerators that a group must have been measured on [1]."""

NOTICEABLE: Final = 0.1
"""Regret above which a pick counts as wrong [1]."""

_RATES: Final = (
    "output_tokens_per_s", "total_tokens_per_s", "train_tokens_per_s", "samples_per_s",
)  # fmt: skip
"""Metrics whose price per unit can be compared."""

_SAME_WORKLOAD: Final = (
    "workload", "model_ref", "metric", "precision", "batch_or_concurrency", "input_tokens",
    "output_tokens",
)  # fmt: skip
"""Columns that are equal within a group."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Regret:
    """What picks cost above the cheapest, over groups of one workload on several accelerators.

    Attributes:
        groups: groups that were compared [1].
        median_percent: median over the groups [%].
        p90_percent: 90th percentile [%].
        above_10_percent: share of groups in which the pick is more than 10 % dearer [%].
    """

    groups: int
    median_percent: float
    p90_percent: float
    above_10_percent: float

    @classmethod
    def over(cls, regrets: Floats) -> Regret:
        """Figures over the regret of each group [1]."""
        return cls(
            groups=len(regrets),
            median_percent=float(np.median(regrets) * 100.0),
            p90_percent=float(np.percentile(regrets, 90.0) * 100.0),
            above_10_percent=float(np.mean(regrets > NOTICEABLE) * 100.0),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Regrets:
    """Decision regret of the model, and of a rule that needs none.

    Attributes:
        model: of the accelerator that looks cheapest by prediction.
        newest: of always the accelerator that was released last, at its cheapest measurement.
    """

    model: Regret
    newest: Regret


def decision_regret(
    measurements: Measurements, results: pd.DataFrame, catalog: Catalog
) -> Regrets | None:
    """Compare picks by prediction with the truly cheapest, at the catalogue's prices.

    Each accelerator costs its lowest on-demand price per accelerator and hour in US dollars; the
    cost of a unit of work is price times accelerators over rate. Repeated measurements of one
    accelerator and count are one option, at the median of their rates.

    Returns:
        None where no group was measured on three accelerators with a price.

    Raises:
        MissingExchangeRateError: a price cannot be brought to dollars.
    """
    options = _options(measurements, results, catalog)
    if options.empty:
        return None
    ours, newest = [], []
    for _, group in options.groupby(list(_SAME_WORKLOAD), dropna=False):
        if group["accelerator"].nunique() < LEAST_ACCELERATORS:
            continue
        measured = group["measured_cost"].to_numpy()
        pick = measured[int(np.argmin(group["predicted_cost"].to_numpy()))]
        latest = (group["release_year"] == group["release_year"].max()).to_numpy()
        ours.append(pick / measured.min() - 1.0)
        newest.append(measured[latest].min() / measured.min() - 1.0)
    if not ours:
        return None
    return Regrets(model=Regret.over(np.array(ours)), newest=Regret.over(np.array(newest)))


def _options(measurements: Measurements, results: pd.DataFrame, catalog: Catalog) -> pd.DataFrame:
    """One row per workload, accelerator and count, with measured and predicted cost of a unit."""
    import pandas as pd

    if measurements.kind is not TableKind.PERFORMANCE:
        return pd.DataFrame()
    rows = measurements.rows.assign(predicted=results["predicted"])
    rows = rows[(results["reason"] == "") & rows["metric"].isin(_RATES)]
    keys = [*_SAME_WORKLOAD, "accelerator", "n_accelerators"]
    options = rows.groupby(keys, dropna=False)[["value", "predicted"]].median().reset_index()
    facts = _prices(catalog).merge(catalog.accelerators[["name", "release_year"]], on="name")
    options = options.merge(facts, left_on="accelerator", right_on="name")
    price = options["price_per_hour"] * options["n_accelerators"]
    return options.assign(
        measured_cost=price / options["value"], predicted_cost=price / options["predicted"]
    )


def _prices(catalog: Catalog) -> pd.DataFrame:
    """Lowest on-demand price of one accelerator for an hour [USD/h], by ``name``."""
    offers = catalog.joined_offers
    offers = offers[(offers["purchase_option"] == "on_demand") & (offers["accelerator_count"] > 0)]
    dollars = offers["effective_per_hour"] * catalog.conversion(offers["currency"], "USD")
    each = (dollars / offers["accelerator_count"]).groupby(offers["accelerator"]).min()
    return each.rename("price_per_hour").rename_axis("name").reset_index()
