"""One night over real HTTP: what is published, what stays, and what the run says of itself."""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.catalog.store.store import CatalogStore
from costopt.errors import CatalogFileError, InvalidInputError, PublishConflictError
from costopt.refresh.report import RefreshOutcome
from costopt.refresh.run import RefreshResult

Run = Callable[..., RefreshResult]
NIGHT = datetime(2026, 11, 21, 3, tzinfo=UTC)
P5_FINDING = "on_demand_jumped:aws/us-east-1//p5.48xlarge/on_demand///"


def offer(store: CatalogStore, provider: str, region: str, option: str = "on_demand") -> pd.Series:
    offers = store.version().table("offers")
    place = (offers["provider"] == provider) & (offers["region"] == region)
    (row,) = (held for _, held in offers[place & (offers["purchase_option"] == option)].iterrows())
    return row


def bytes_of(folder: Path) -> dict[str, bytes]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_public_prices_of_two_clouds_are_published_without_credentials(
    clouds: Any, store: CatalogStore, refreshed: Run
) -> None:
    clouds.aws_price = "50"
    result = refreshed()
    assert result.outcome is RefreshOutcome.FRESH
    assert store.latest_id() == result.version
    assert offer(store, "aws", "us-east-1")["effective_per_hour"] == 50
    assert offer(store, "azure", "eastus")["effective_per_hour"] == 98.32
    assert store.version().manifest.stale == {}
    assert len(Catalog.open(store.place)) == 4


def test_option_that_a_run_cannot_ask_about_keeps_its_last_good_price_with_a_flag(
    store: CatalogStore, refreshed: Run
) -> None:
    """Spot prices of AWS need credentials: none was told, so 20 $/h of yesterday stays."""
    refreshed()
    spot = offer(store, "aws", "us-east-1", "spot")
    assert (spot["effective_per_hour"], spot["as_of"]) == (20, "2026-11-20")
    assert "not_refreshed" in spot["flags"].split(";")


def test_failing_provider_is_carried_while_the_other_publishes(
    clouds: Any, store: CatalogStore, refreshed: Run
) -> None:
    clouds.failing.add("azure")
    clouds.aws_price = "50"
    result = refreshed()
    assert result.outcome is RefreshOutcome.STALE
    assert offer(store, "aws", "us-east-1")["effective_per_hour"] == 50
    assert offer(store, "azure", "eastus")["effective_per_hour"] == 98.32
    assert store.version().manifest.stale == {"azure": NIGHT}
    assert "HTTP 403" in result.report["providers"]["azure"]["error"]


def test_failing_region_is_carried_while_the_others_are_fresh(
    clouds: Any, store: CatalogStore, refreshed: Run
) -> None:
    clouds.failing.add("azure/westeurope")
    clouds.azure_prices["eastus"] = 90.0
    result = refreshed(providers=("azure",))
    assert result.outcome is RefreshOutcome.STALE
    assert offer(store, "azure", "eastus")["effective_per_hour"] == 90
    assert offer(store, "azure", "westeurope")["effective_per_hour"] == 120
    assert store.version().manifest.stale["azure/westeurope"] == NIGHT
    assert result.report["providers"]["azure"]["regions"]["westeurope"]["status"] == "failed"


def test_part_that_stays_stale_keeps_its_first_date(
    clouds: Any, store: CatalogStore, refreshed: Run
) -> None:
    clouds.failing.add("azure")
    refreshed()
    refreshed(arguments={"now": datetime(2026, 11, 22, 3, tzinfo=UTC)})
    assert store.version().manifest.stale == {"azure": NIGHT}


def test_store_is_unchanged_when_all_providers_fail(
    clouds: Any, store: CatalogStore, refreshed: Run, tmp_path: Path
) -> None:
    clouds.failing |= {"azure", "prices"}
    before = bytes_of(tmp_path / "store")
    result = refreshed()
    assert result.outcome is RefreshOutcome.NOTHING
    assert result.version == ""
    assert bytes_of(tmp_path / "store") == before


def test_cut_by_45_percent_passes_with_a_warning(
    clouds: Any, store: CatalogStore, refreshed: Run
) -> None:
    """55.04 x 0.55 = 30.272."""
    clouds.aws_price = "30.272"
    result = refreshed()
    held = offer(store, "aws", "us-east-1")
    assert held["effective_per_hour"] == 30.272
    assert held["flags"] == "on_demand_moved"
    (warning,) = (one for one in result.report["findings"] if one["check"] == "on_demand_moved")
    assert (warning["severity"], "-45%" in warning["detail"]) == ("warning", True)
    assert result.outcome is RefreshOutcome.FRESH


def test_cut_by_65_percent_is_quarantined_and_the_last_good_price_kept(
    clouds: Any, store: CatalogStore, refreshed: Run
) -> None:
    """55.04 x 0.35 = 19.264; yesterday's 55.04 stays."""
    clouds.aws_price = "19.264"
    result = refreshed()
    held = offer(store, "aws", "us-east-1")
    assert (held["effective_per_hour"], held["as_of"]) == (55.04, "2026-11-20")
    assert set(held["flags"].split(";")) == {"quarantined", "on_demand_jumped"}
    (finding,) = (one for one in result.report["findings"] if one["check"] == "on_demand_jumped")
    assert (finding["id"], finding["severity"]) == (P5_FINDING, "left_out")
    assert result.report["providers"]["aws"]["quarantined"] == 1


@pytest.mark.parametrize(("until", "published"), [("2026-11-21", 19.264), ("2026-11-20", 55.04)])
def test_accepted_jump_passes_until_its_last_day(
    clouds: Any, store: CatalogStore, refreshed: Run, until: str, published: float
) -> None:
    clouds.aws_price = "19.264"
    store.accept(P5_FINDING, until=until, at=datetime(2026, 11, 20, 9, tzinfo=UTC))
    refreshed()
    assert offer(store, "aws", "us-east-1")["effective_per_hour"] == published


def test_acceptance_is_of_the_price_that_was_looked_at_and_of_no_other(
    clouds: Any, store: CatalogStore, refreshed: Run
) -> None:
    """19.264 was accepted; 1.93 the next night is a new jump."""
    seen = "19.264/h after 55.04/h in the last good snapshot, -65%; the last good price stays"
    store.accept(
        P5_FINDING, until="2026-12-31", at=datetime(2026, 11, 20, 9, tzinfo=UTC),
        details={"detail": seen},
    )  # fmt: skip
    clouds.aws_price = "1.93"
    refreshed()
    assert offer(store, "aws", "us-east-1")["effective_per_hour"] == 55.04
    clouds.aws_price = "19.264"
    refreshed()
    assert offer(store, "aws", "us-east-1")["effective_per_hour"] == 19.264


def test_price_in_another_currency_is_quarantined_until_somebody_accepts_it(
    clouds: Any, store: CatalogStore, refreshed: Run
) -> None:
    clouds.aws_currency = "CNY"
    result = refreshed()
    held = offer(store, "aws", "us-east-1")
    assert (held["currency"], held["effective_per_hour"]) == ("USD", 55.04)
    assert "quarantined" in held["flags"].split(";")
    finding = P5_FINDING.replace("on_demand_jumped", "on_demand_currency_changed")
    assert finding in [one["id"] for one in result.report["findings"]]
    store.accept(finding, until="2026-12-31", at=datetime(2026, 11, 20, 9, tzinfo=UTC))
    refreshed()
    assert offer(store, "aws", "us-east-1")["currency"] == "CNY"


def test_price_of_zero_is_quarantined_although_the_adapter_left_it_out(
    clouds: Any, store: CatalogStore, refreshed: Run
) -> None:
    clouds.azure_prices["eastus"] = 0
    refreshed(providers=("azure",), checks={"collapse_fraction": 1.0})
    held = offer(store, "azure", "eastus")
    assert held["effective_per_hour"] == 98.32
    assert "quarantined" in held["flags"].split(";")


def test_region_whose_rows_collapse_keeps_its_last_good_ones(
    clouds: Any, store: CatalogStore, refreshed: Run
) -> None:
    """One of one offer is lost, more than the half that a region may lose."""
    clouds.azure_prices["eastus"] = 0
    clouds.azure_prices["westeurope"] = 110.0
    result = refreshed(providers=("azure",))
    assert result.outcome is RefreshOutcome.STALE
    assert result.report["providers"]["azure"]["regions"]["eastus"]["status"] == "stopped"
    assert offer(store, "azure", "eastus")["effective_per_hour"] == 98.32
    assert offer(store, "azure", "westeurope")["effective_per_hour"] == 110
    assert store.version().manifest.stale["azure/eastus"] == NIGHT


def test_region_that_is_not_asked_stays_and_is_marked(
    clouds: Any, store: CatalogStore, refreshed: Run
) -> None:
    clouds.azure_prices = {"eastus": 90.0, "westeurope": 1.0}
    result = refreshed(providers=("azure",), regions=("azure/east*",))
    assert result.outcome is RefreshOutcome.FRESH
    assert offer(store, "azure", "westeurope")["effective_per_hour"] == 120
    assert store.version().manifest.stale["azure/westeurope"] == NIGHT


def test_dry_run_shows_the_diff_and_publishes_nothing(
    clouds: Any, refreshed: Run, tmp_path: Path
) -> None:
    clouds.aws_price = "50"
    before = bytes_of(tmp_path / "store")
    result = refreshed(arguments={"dry_run": True})
    assert bytes_of(tmp_path / "store") == before
    moved = result.diff[result.diff["change"] == "moved"]
    assert moved["new_per_hour"].tolist() == [50]
    assert result.report["largest_moves"][0]["instance_type"] == "p5.48xlarge"


def test_report_counts_rows_calls_and_changes_and_lies_beside_the_version(
    clouds: Any, refreshed: Run, tmp_path: Path
) -> None:
    clouds.aws_price = "50"
    result = refreshed()
    path = tmp_path / "store" / "reports" / f"{result.version}.json"
    report = json.loads(path.read_text())
    assert report == json.loads(json.dumps(dict(result.report)))
    region = report["providers"]["aws"]["regions"]["us-east-1"]
    assert (region["rows"], region["added"], region["removed"], region["moved"]) == (2, 0, 0, 1)
    assert (region["told"], region["retries"]) == (1, 0)
    azure = report["providers"]["azure"]
    assert azure["calls"] == sum(1 for url in clouds.seen if "/azure/" in url)


def test_replay_gives_the_same_version_content_and_asks_nothing(
    clouds: Any, store: CatalogStore, refreshed: Run, tmp_path: Path
) -> None:
    clouds.aws_price = "50"
    started = store.latest_id()
    live = refreshed(arguments={"record": tmp_path / "kept"})
    first = store.version().manifest
    store.rollback(str(started), at=NIGHT)
    asked = len(clouds.seen)
    later = datetime(2026, 11, 25, tzinfo=UTC)
    again = refreshed(arguments={"replay": tmp_path / "kept", "now": later}, adapters={})
    assert len(clouds.seen) == asked
    assert again.version != live.version
    assert store.version().manifest.files == first.files
    assert store.version().manifest.providers == first.providers


def test_second_of_two_refreshes_says_that_another_was_first(
    store: CatalogStore, refreshed: Run
) -> None:
    """The other one publishes while the first still asks."""
    inner: list[RefreshResult] = []

    def watch(provider: str, told: object) -> None:
        if not inner:
            inner.append(refreshed(providers=("aws",)))

    with pytest.raises(PublishConflictError, match="Nothing was changed"):
        refreshed(arguments={"watch": watch, "now": datetime(2026, 11, 21, 4, tzinfo=UTC)})
    assert store.latest_id() == inner[0].version


def test_recording_and_replaying_at_once_is_refused(refreshed: Run, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="exclude each other"):
        refreshed(arguments={"record": tmp_path, "replay": tmp_path})


def test_replay_of_a_folder_that_is_no_recording_says_so(refreshed: Run, tmp_path: Path) -> None:
    with pytest.raises(CatalogFileError, match="--record"):
        refreshed(arguments={"replay": tmp_path})
