"""Every table of the schema as text, each row with the file of facts it came from."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import pandas as pd

from costopt.catalog.building.demand import build_arrival_profiles, build_traces
from costopt.catalog.building.facts import Facts
from costopt.catalog.building.hardware import build_accelerator_aliases, build_accelerators
from costopt.catalog.building.history import build_spot_history
from costopt.catalog.building.instance_types import build_instance_types
from costopt.catalog.building.interruption import (
    build_interruption_defaults,
    build_interruptions,
    build_spot_notices,
)
from costopt.catalog.building.models import ALIASES_FILE, build_models
from costopt.catalog.building.offers import build_offers
from costopt.catalog.building.places import build_region_groups, build_regions
from costopt.catalog.building.publish import in_schema
from costopt.catalog.schema import TABLES
from costopt.errors import UnknownNameError
from costopt.provider import Provider

ORIGIN: Final = "facts_file"
"""Column of a draft that names the file of facts; empty for rows that costopt writes itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """One table before its checks.

    Attributes:
        rows: columns of the schema, all text, sorted by the key.
        origin: file of facts of each row; empty for rows that costopt writes itself.
    """

    rows: pd.DataFrame
    origin: "pd.Series[str]"


def draft_tables(facts: Facts, adapters: Mapping[str, Provider]) -> dict[str, Draft]:
    """Turn facts into the tables of the schema; findings come later.

    Args:
        facts: the facts, reviewed model aliases included.
        adapters: reviewed tables by provider.

    Raises:
        UnknownNameError: facts name a provider that has no adapter.
    """
    read = {name: rows.assign(**{ORIGIN: name}) for name, rows in facts.tables.items()}
    _require_adapters(read, adapters)
    accelerators = read["accelerators.csv"]
    built = {
        "accelerators": build_accelerators(accelerators),
        "accelerator_aliases": build_accelerator_aliases(accelerators, adapters),
        "models": build_models(read["models.csv"]),
        "model_aliases": read[ALIASES_FILE],
        "instance_types": build_instance_types(read["instance_types.csv"], accelerators, adapters),
        "offers": build_offers(read["prices.csv"]),
        "interruptions": build_interruptions(read["interruption.csv"]),
        "interruption_defaults": build_interruption_defaults(),
        "spot_notices": build_spot_notices(adapters),
        "regions": build_regions(read["regions.csv"], adapters),
        "region_groups": build_region_groups(),
        "exchange_rates": read["fx.csv"],
        "traces": build_traces(read["traces.csv"]),
        "arrival_profiles": build_arrival_profiles(read["arrival_profile.csv"]),
        "spot_history": build_spot_history(
            read["gcp_spot_history.csv"], read["aws_spot_history.csv"], read["spot_az_aws.csv"]
        ),
    }
    return {name: _draft(name, rows) for name, rows in built.items()}


def _draft(name: str, rows: pd.DataFrame) -> Draft:
    origin = rows[ORIGIN] if ORIGIN in rows.columns else pd.Series("", index=rows.index)
    ordered = in_schema(TABLES[name], rows)
    return Draft(
        rows=ordered.reset_index(drop=True),
        origin=origin.loc[ordered.index].reset_index(drop=True),
    )


def _require_adapters(read: Mapping[str, pd.DataFrame], adapters: Mapping[str, Provider]) -> None:
    named = {
        str(provider)
        for rows in read.values()
        if "provider" in rows.columns
        for provider in rows["provider"].unique()
    }
    for provider in sorted(named - set(adapters)):
        raise UnknownNameError(
            "provider", provider, adapters, "Install the adapter package of this cloud."
        )
