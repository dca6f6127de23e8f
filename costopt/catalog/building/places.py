"""Regions with countries and partitions, and reviewed groups of countries."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Final

import pandas as pd

from costopt.catalog.building.provenance import FACTS_COMPILED
from costopt.provider import Provider

PUBLIC_PARTITION: Final = "public"

EUROPEAN_UNION: Final = (
    *("AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES"),
    *("FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU"),
    *("LV", "MT", "NL", "PL", "PT", "RO", "SE", "SI", "SK"),
)
"""The 27 members. Source: European Union, country profiles (european-union.europa.eu)."""

EUROPEAN_ECONOMIC_AREA: Final = (*EUROPEAN_UNION, "IS", "LI", "NO")
"""The 30 states of the Agreement on the European Economic Area. Source: efta.int, the EEA."""

_GROUPS: Final = (
    ("EU", EUROPEAN_UNION, "European Union, country profiles (european-union.europa.eu)"),
    (
        "EEA",
        EUROPEAN_ECONOMIC_AREA,
        "Agreement on the European Economic Area: the 27 of the EU, Iceland, Liechtenstein, "
        "Norway (efta.int)",
    ),
)


def build_regions(facts: pd.DataFrame, adapters: Mapping[str, Provider]) -> pd.DataFrame:
    """Return the regions table from ``regions.csv``."""
    titles = facts["provider"].map({name: adapter.title for name, adapter in adapters.items()})
    return facts.assign(
        partition=[
            _partition(adapters[provider], region)
            for provider, region in zip(facts["provider"], facts["region"], strict=True)
        ],
        source=titles + ": published list of regions; country by ISO 3166-1",
        as_of=FACTS_COMPILED,
    )


def build_region_groups() -> pd.DataFrame:
    """Return the region groups EU and EEA."""
    return pd.DataFrame(
        [
            (group, country, source, FACTS_COMPILED)
            for group, countries, source in _GROUPS
            for country in countries
        ],
        columns=["group", "country", "source", "as_of"],
        dtype="str",
    )


def _partition(adapter: Provider, region: str) -> str:
    """Name the partition of a region: the first reviewed pattern that matches, or public."""
    matching = (
        partition
        for pattern, partition in adapter.partitions.items()
        if fnmatchcase(region, pattern)
    )
    return next(matching, PUBLIC_PARTITION)
