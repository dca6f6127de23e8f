"""From a provider's signal to planning rates, and what happens without a reviewed one."""

import math

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.interruption.signal import SpotRisk, spot_risk


def risk_of(bundled: Catalog, signal: str, bucket: str) -> SpotRisk:
    offers = pd.DataFrame(
        {"provider": ["azure"], "region": ["eastus"], "instance_type": ["Standard_NC4as_T4_v3"]}
    )
    signals = offers.assign(os="linux", signal=signal, bucket=bucket)
    return spot_risk(
        offers,
        signals,
        bundled.table("interruption_defaults"),
        bundled.table("spot_notices"),
    )


@pytest.mark.parametrize(
    ("bucket", "share"), [("0-5", 0.05), ("5-10", 0.10), ("10-15", 0.15), ("15-20", 0.20)]
)
def test_an_eviction_rate_is_a_probability_per_hour_at_its_upper_edge(
    bucket: str, share: float, bundled: Catalog
) -> None:
    found = risk_of(bundled, "eviction_rate", bucket)
    assert found.hazard_per_instance_hour[0] == pytest.approx(-math.log(1 - share), abs=5e-4)


def test_a_release_share_of_a_month_takes_the_rates_of_the_advisor(bundled: Catalog) -> None:
    for release, advised in (("0-3%", "<5%"), ("5-10%", "5-10%"), ("10-100%", ">20%")):
        found = risk_of(bundled, "release_share", release)
        beside = risk_of(bundled, "advisor_share", advised)
        assert found.hazard_per_instance_hour[0] == beside.hazard_per_instance_hour[0]


def test_a_bucket_without_a_reviewed_rate_counts_as_no_signal(bundled: Catalog) -> None:
    found = risk_of(bundled, "eviction_rate", "37-42")
    # No signal: 0.3 reclaims an hour, 75 % of the time with capacity.
    assert (found.hazard_per_instance_hour[0], found.availability_fraction[0]) == (0.3, 0.75)
    assert found.source[0].startswith("none any: ")


def test_every_default_leads_to_finite_rates(bundled: Catalog) -> None:
    for row in bundled.table("interruption_defaults").itertuples():
        found = risk_of(bundled, str(row.signal), str(row.bucket))
        assert 0 < found.hazard_per_instance_hour[0] < 1
        assert 0 < found.availability_fraction[0] <= 1
