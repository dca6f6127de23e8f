"""Every limit of a request held against the lines of a plan, one sentence per broken limit."""

from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from math import isnan

import numpy as np
import pandas as pd

from costopt.account.owned import ON_DEMAND, OWNED
from costopt.candidate.eligible import PUBLIC_PARTITION
from costopt.catalog.age_limits import MAX_AGE_MONTHS
from costopt.catalog.catalog import Catalog
from costopt.catalog.dates import age_days, first_days
from costopt.catalog.offer_keys import OfferNames
from costopt.plan.line import PlanLine
from costopt.plan.shared_node import rented
from costopt.units import DAYS_PER_MONTH
from costopt.workload.counted import CountedLimit
from costopt.workload.limits import Limits, joined_options

TOLERANCE = 1e-6
"""Relative rounding that a limit on a computed figure forgives.

An instance that is exactly full meets a demand of its whole rate.
"""


def broken_line_limits(
    line: PlanLine, offer: pd.Series, catalog: Catalog, own: Limits, shared: Limits
) -> Iterator[str]:
    """Yield a sentence for each limit that one line breaks.

    Args:
        line: of the plan.
        offer: its row of the catalogue beside the facts of its instance type.
        catalog: where groups, aliases and dates are.
        own: limits of the workload.
        shared: limits of the request.
    """
    name = f"{line.offer.instance_type} in {line.offer.region}"
    if not line.is_owned and line.offer.purchase_option not in joined_options(own, shared):
        yield f"{name}: {line.offer.purchase_option} is not among the purchase options"
    for limits in (own, shared):
        yield from (f"{name}: {text}" for text in _broken_names(offer, catalog, limits))
        yield from (f"{name}: {text}" for text in _broken_floors(offer, limits))
    yield from (f"{name}: {text}" for text in _broken_dates(offer, catalog, (own, shared)))
    if offer["partition"] != PUBLIC_PARTITION and not _names_partition(
        offer, catalog, own, shared
    ):
        yield f"{name}: its partition has accounts of its own and no region pattern names it"


def _broken_names(offer: pd.Series, catalog: Catalog, limits: Limits) -> Iterator[str]:
    aliases = catalog.table("accelerator_aliases")
    groups = catalog.table("region_groups")
    spellings = aliases.loc[aliases["accelerator"] == offer["accelerator"], "alias"]
    within = groups.loc[groups["country"] == offer["country"], "group"]
    names = {
        "providers": [offer["provider"]],
        "regions": [offer["region"]],
        "countries": [offer["country"], *within],
        "instance_types": [offer["instance_type"]],
        "families": [offer["family"]],
        "accelerator_types": [offer["accelerator"], *spellings],
        "vendors": [offer["vendor"]],
        "intra_node_interconnect": _link(offer["intra_node_interconnect"]),
        "inter_node_fabric": _link(offer["inter_node_fabric"]),
    }
    for field, found in names.items():
        patterns = getattr(limits, field)
        if patterns is not None and not _any_match(found, patterns):
            yield f"{found[0] if found else 'nothing'} is not within limits.{field}"


def _link(name: str) -> list[str]:
    return [name] if name not in ("", "none") else []


def _any_match(names: Sequence[str], patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name.lower(), p.lower()) for name in names for p in patterns)


def _broken_floors(offer: pd.Series, limits: Limits) -> Iterator[str]:
    count = offer["accelerator_count"]
    if count > 0:
        floors = {"min_vcpus_per_accelerator": "vcpus",
                  "min_memory_gib_per_accelerator": "memory_gib"}  # fmt: skip
        for field, column in floors.items():
            floor = getattr(limits, field)
            if floor is not None and not offer[column] / count >= floor:
                yield f"{column} per accelerator is below limits.{field}"
    terms = limits.term_years
    if terms is not None and not pd.isna(offer["term_years"]) and offer["term_years"] not in terms:
        yield "its term is not within limits.term_years"


def _broken_dates(offer: pd.Series, catalog: Catalog, limits: Sequence[Limits]) -> Iterator[str]:
    option = ON_DEMAND if offer["purchase_option"] == OWNED else offer["purchase_option"]
    allowed = [given.max_age_months or {} for given in limits]
    months = min(
        [given[option] for given in allowed if option in given] or [MAX_AGE_MONTHS[option]]
    )
    age = float(age_days(pd.Series([offer["as_of"]], dtype="str"), catalog.as_of)[0])
    if age > months * DAYS_PER_MONTH:
        yield f"its price is {age:.0f} days old"
    until = offer["valid_until"]
    if (
        until
        and first_days(pd.Series([until, catalog.as_of], dtype="str")).diff().iloc[1].days > 0
    ):
        yield f"its price was valid until {until}"


def _names_partition(offer: pd.Series, catalog: Catalog, own: Limits, shared: Limits) -> bool:
    """Return whether a region pattern matches this region and no public one of its provider."""
    regions = catalog.table("regions")
    public = regions[
        (regions["provider"] == offer["provider"]) & (regions["partition"] == PUBLIC_PARTITION)
    ]["region"]
    for pattern in [*(own.regions or ()), *(shared.regions or ())]:
        wanted = pattern.lower()
        others = any(fnmatchcase(name, wanted) for name in public)
        if fnmatchcase(offer["region"], wanted) and not others:
            return True
    return False


def broken_quotas(
    lines: Sequence[PlanLine], offers: pd.DataFrame, limits: Limits
) -> Iterator[str]:
    """Yield a sentence for each quota that the lines together exceed.

    Args:
        lines: of the plan.
        offers: their rows of the catalogue beside the facts of their instance types.
        limits: with the quotas.
    """
    for counted, taken in used_of_quotas(lines, offers, limits):
        words = counted.unit.words
        if isnan(taken):
            yield f"{counted.name}: the {words} of an instance type are not known"
        elif taken > counted.allowed * (1 + TOLERANCE):
            yield f"{counted.name}: {taken:,.10g} {words}, {counted.allowed:,.10g} allowed"


def used_of_quotas(
    lines: Sequence[PlanLine], offers: pd.DataFrame, limits: Limits
) -> Iterator[tuple[CountedLimit, float]]:
    """Yield each quota and what the lines take of it; NaN where that is not known.

    Args:
        lines: of the plan.
        offers: their rows of the catalogue beside the facts of their instance types.
        limits: with the quotas.
    """
    if not limits.counted:
        return
    counts = np.array(rented(lines), dtype=np.float64)
    names = OfferNames.of(offers)
    for counted in limits.counted:
        yield counted, float(counts @ counted.weights(offers, names))


def broken_totals(lines: Sequence[PlanLine], cost_total: float, shared: Limits) -> Iterator[str]:
    """Yield a sentence for the budget and the number of types, where they are exceeded."""
    if shared.budget is not None and cost_total > shared.budget * (1 + TOLERANCE):
        yield f"cost {cost_total:,.2f} exceeds the budget of {shared.budget:,.2f}"
    kinds = {(line.offer.provider, line.offer.instance_type) for line in lines}
    if shared.max_distinct_types is not None and len(kinds) > shared.max_distinct_types:
        yield f"{len(kinds)} instance types, {shared.max_distinct_types} allowed"
