"""Past spot prices: dated material for replays, never the price of an offer."""

from typing import Final

import pandas as pd

from costopt.catalog.building.provenance import joined

LOWEST_ZONE_SOURCE: Final = "AWS spot pricing page feed, ww898/spot-price-parser"
"""Source of the AWS series: a repository with one file for each date."""


def build_spot_history(
    gcp: pd.DataFrame, aws_lowest_zone: pd.DataFrame, aws_zones: pd.DataFrame
) -> pd.DataFrame:
    """Return the spot history from the three series of facts.

    Args:
        gcp: ``gcp_spot_history.csv``, one level for each region; list prices are in USD.
        aws_lowest_zone: ``aws_spot_history.csv``, the lowest zone of each region, in USD.
        aws_zones: ``spot_az_aws.csv``, one price for each zone.
    """
    levels = gcp.assign(
        provider="gcp",
        zone="",
        basis="region",
        currency="USD",
        spot_per_hour=gcp["spot_price_per_hour"],
        on_demand_per_hour=gcp["on_demand_price_per_hour"],
    )
    lowest = aws_lowest_zone.assign(
        provider="aws",
        zone="",
        basis="lowest_zone",
        currency="USD",
        spot_per_hour=aws_lowest_zone["lowest_zone_spot_usd"],
        on_demand_per_hour="",
        source=LOWEST_ZONE_SOURCE,
        as_of=aws_lowest_zone["date"],
    )
    noted = joined(aws_zones["source"], aws_zones["note"])
    zones = aws_zones.assign(
        basis="zone",
        spot_per_hour=aws_zones["spot_price_per_hour"],
        on_demand_per_hour="",
        source=noted.where(aws_zones["note"] != "", aws_zones["source"]),
    )
    return pd.concat([levels, lowest, zones], ignore_index=True)
