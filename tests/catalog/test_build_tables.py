"""The smaller tables: places, interruption, models, demand, history, aliases, dates."""

import pandas as pd
import pytest

from costopt.catalog.building.demand import build_arrival_profiles, build_traces
from costopt.catalog.building.hardware import build_accelerator_aliases
from costopt.catalog.building.history import build_spot_history
from costopt.catalog.building.interruption import (
    build_interruption_defaults,
    build_interruptions,
    build_spot_notices,
)
from costopt.catalog.building.models import reviewed_aliases
from costopt.catalog.building.places import (
    EUROPEAN_ECONOMIC_AREA,
    EUROPEAN_UNION,
    build_region_groups,
    build_regions,
)
from costopt.catalog.building.provenance import newest_date_in
from costopt.catalog.building.words import truth_words
from costopt.errors import InvalidInputError
from costopt.provider import installed_providers


def frame(**columns: str) -> pd.DataFrame:
    return pd.DataFrame([columns], dtype="str")


@pytest.mark.parametrize(
    ("source", "date"),
    [
        ("list (2026-08-21) + page (2025-12-05)", "2026-08-21"),
        ("page (2026-04 text), page (2026-03-31)", "2026-04"),
        ("Azure log (2023-11-16, 19366 requests)", "2023-11-16"),
        ("systems yaml (2026)", ""),
        ("Mistral-Large-Instruct-2407", ""),
        ("version 1.2026-05", ""),
        ("page of 2026-13-40", ""),
    ],
)
def test_newest_date_of_a_source_is_its_date(source: str, date: str) -> None:
    assert newest_date_in(pd.Series([source], dtype="str")).tolist() == [date]


def test_word_that_is_neither_yes_nor_no_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="'maybe' is neither yes nor no"):
        truth_words(pd.Series(["yes", "maybe"], name="verified", dtype="str"))


@pytest.mark.parametrize(
    ("provider", "region", "partition"),
    [
        ("aws", "eu-west-1", "public"),
        ("aws", "cn-north-1", "aws-cn"),
        ("aws", "us-gov-west-1", "aws-us-gov"),
        ("alibaba", "cn-beijing", "public"),
    ],
)
def test_region_belongs_to_the_reviewed_partition(
    provider: str, region: str, partition: str
) -> None:
    facts = frame(provider=provider, region=region, continent="x", country="XX", display_name="")
    assert build_regions(facts, installed_providers())["partition"].tolist() == [partition]


def test_european_groups_have_27_and_30_members_and_one_holds_the_other() -> None:
    assert len(set(EUROPEAN_UNION)) == 27
    assert len(set(EUROPEAN_ECONOMIC_AREA)) == 30
    assert set(EUROPEAN_UNION) < set(EUROPEAN_ECONOMIC_AREA)
    assert not {"GB", "CH"} & set(EUROPEAN_ECONOMIC_AREA)
    assert len(build_region_groups()) == 57


@pytest.mark.parametrize(
    ("bucket", "low", "high"),
    [("<5%", "0", "0.05"), ("10-15%", "0.1", "0.15"), (">20%", "0.2", "")],
)
def test_advisor_bucket_keeps_its_edges_over_a_month(bucket: str, low: str, high: str) -> None:
    facts = frame(
        provider="aws",
        region="us-east-1",
        instance_type="p5.48xlarge",
        os="linux",
        interruption_bucket=bucket,
        savings_vs_on_demand="-0.62",
        as_of="2025-06-28",
        source="advisor",
    )
    row = build_interruptions(facts).to_dict("records")[0]
    assert (row["low_fraction"], row["high_fraction"], row["window_hours"]) == (low, high, "730")
    assert row["savings_fraction"] == "-0.62"


def test_every_bucket_of_a_signal_and_no_signal_have_a_planning_default() -> None:
    defaults = build_interruption_defaults().set_index(["signal", "bucket"])
    assert defaults.loc[("advisor_share", ">20%"), "hazard_per_instance_hour"] == "0.6"
    assert defaults.loc[("none", "any"), "hazard_per_instance_hour"] == "0.3"
    per_signal = defaults.groupby(level="signal").size().to_dict()
    assert per_signal == {"advisor_share": 5, "eviction_rate": 5, "none": 1, "release_share": 4}
    assert defaults["source"].str.contains("planning default").all()


def test_notice_periods_are_those_of_the_adapters() -> None:
    notices = build_spot_notices(installed_providers()).set_index("provider")["notice_seconds"]
    assert notices.to_dict() == {"alibaba": "300", "aws": "120", "azure": "30", "gcp": "30"}


def test_trace_is_dated_by_its_source_and_intervals_by_themselves() -> None:
    traces = build_traces(frame(trace="short", source="log (2023-11-16)", share="1"))
    assert traces["as_of"].tolist() == ["2023-11-16"]
    profile = build_arrival_profiles(
        frame(trace="short", interval_start_utc="2024-05-18 21:00:00", source="figure")
    )
    assert profile["interval_start"].tolist() == ["2024-05-18T21:00:00Z"]
    assert profile["as_of"].tolist() == ["2024-05-18"]


def test_spot_history_names_the_basis_of_each_series() -> None:
    rows = build_spot_history(
        frame(
            region="us-central1",
            instance_type="a2-highgpu-1g",
            as_of="2024-05-30",
            spot_price_per_hour="1.1",
            on_demand_price_per_hour="3.6",
            source="pricing.yml",
        ),
        frame(
            region="us-east-1",
            instance_type="p4d.24xlarge",
            date="2025-03-27",
            lowest_zone_spot_usd="9.5",
        ),
        frame(
            provider="aws",
            region="us-east-1",
            zone="use1-az1",
            instance_type="p4d.24xlarge",
            spot_price_per_hour="10",
            currency="USD",
            as_of="2025-11",
            source="vms.csv",
            note="equals on-demand",
        ),
    )
    assert rows["basis"].tolist() == ["region", "lowest_zone", "zone"]
    assert rows["spot_per_hour"].tolist() == ["1.1", "9.5", "10"]
    assert rows["on_demand_per_hour"].tolist() == ["3.6", "", ""]
    assert rows["source"].tolist()[2] == "vms.csv; equals on-demand"
    assert (rows["source"] != "").all()


def test_aliases_join_listed_names_and_provider_spellings_of_known_accelerators() -> None:
    facts = pd.DataFrame(
        [("H100-80GB", "H100|H100-SXM", "sheet"), ("L4", "", "sheet")],
        columns=["name", "aliases", "source"],
        dtype="str",
    )
    aliases = build_accelerator_aliases(facts, installed_providers())
    named = aliases.set_index("alias")["accelerator"].to_dict()
    assert named["H100-SXM"] == "H100-80GB"
    assert named["nvidia-l4"] == "L4"
    assert named["nvidia-h100-mega-80gb"] == "H100-80GB"
    assert "nvidia-b200" not in named
    assert aliases["alias"].is_unique


def test_reviewed_model_aliases_are_sorted_unique_and_sourced() -> None:
    aliases, _ = reviewed_aliases()
    assert aliases["alias"].is_unique
    assert aliases["alias"].tolist() == sorted(aliases["alias"])
    assert (aliases["source"] != "").all()
    assert len(aliases) >= 200
