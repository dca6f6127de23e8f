"""Checks of what a snapshot holds: required families, prices, whole traces, useful spot."""

import pandas as pd

from costopt.catalog.checking.settings import CheckSettings, Tables
from costopt.catalog.dates import newest_day
from costopt.catalog.finding import found, in_words, no_findings, row_keys
from costopt.catalog.narrow import matching_names
from costopt.catalog.schema import INSTANCE_TYPES, INTERRUPTIONS, TRACES
from costopt.errors import UnknownNameError


def required_family_missing(tables: Tables, settings: CheckSettings) -> pd.DataFrame:
    """Required families without a single instance type that has a price."""
    offers = tables["offers"]
    priced = {
        str(provider): frozenset(rows["instance_type"])
        for provider, rows in offers.groupby("provider")
    }
    missing = [
        f"{family.provider}/{family.pattern}"
        for family in settings.required_families
        if not _any_matches(family.pattern, priced.get(family.provider, frozenset()))
    ]
    if not missing or offers.empty:
        return no_findings()
    wanted = pd.DataFrame(
        {"source": "families that costopt requires", "as_of": newest_day(offers["as_of"])},
        index=pd.RangeIndex(len(missing)),
    )
    keys = pd.Series(missing, dtype="str")
    detail = "no instance type of this required family has a price"
    return found("required_family_missing", "warning", INSTANCE_TYPES, wanted, keys, detail)


def type_without_price(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Instance types that stay visible and never enter a plan."""
    types, offers = tables["instance_types"], tables["offers"]
    priced = pd.MultiIndex.from_frame(offers[["provider", "instance_type"]])
    named = pd.MultiIndex.from_frame(types[["provider", "instance_type"]])
    rows = types[~named.isin(priced)]
    detail = "no price is known, so the type never enters a plan"
    keys = row_keys(INSTANCE_TYPES, types)
    return found("type_without_price", "info", INSTANCE_TYPES, rows, keys, detail)


def trace_incomplete(tables: Tables, settings: CheckSettings) -> pd.DataFrame:
    """Traces whose buckets do not add up to all requests."""
    traces = tables["traces"]
    total = traces.groupby("trace")["share_fraction"].transform("sum")
    rows = traces[(total - 1).abs() > settings.share_sum_tolerance]
    detail = in_words("the shares of the trace add up to {:.4f}", total)
    return found("trace_incomplete", "warning", TRACES, rows, row_keys(TRACES, traces), detail)


def spot_saves_nothing(tables: Tables, _: CheckSettings) -> pd.DataFrame:
    """Spot pools that the provider itself lists with no saving, or with a loss."""
    pools = tables["interruptions"]
    rows = pools[pools["savings_fraction"] <= 0]
    detail = in_words("the provider lists a saving of {:.0%}", rows["savings_fraction"])
    keys = row_keys(INTERRUPTIONS, pools)
    return found("spot_saves_nothing", "warning", INTERRUPTIONS, rows, keys, detail)


def _any_matches(pattern: str, names: frozenset[str]) -> bool:
    try:
        return bool(matching_names("instance type", [pattern], names))
    except UnknownNameError:
        return False
