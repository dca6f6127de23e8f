"""``costopt refresh``: exit codes, lines for a log, the report file; and the first publish."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from costopt.catalog.catalog import Catalog
from costopt.catalog.store.store import CatalogStore, open_store
from costopt.cli import main
from costopt.cli.application import build_application

Invoke = Callable[..., Result]
ND96 = "Standard_ND96isr_H100_v5"


@pytest.fixture
def config(clouds: Any, tmp_path: Path) -> Path:
    lines = ['providers = ["aws", "azure"]']
    for name, settings in clouds.adapters().items():
        lines.append(f"[adapters.{name}]")
        lines += [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    path = tmp_path / "refresh.toml"
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def invoke(config: Path, store: CatalogStore) -> Invoke:
    """Run the command on the store of yesterday with the local clouds."""

    def invoke(*more: str, place: str = store.place) -> Result:
        given = ["refresh", "--store", place, "--config", str(config), *more]
        return CliRunner().invoke(build_application(), given)

    return invoke


def test_fresh_run_ends_with_0_and_one_line_for_each_provider_and_region(invoke: Invoke) -> None:
    done = invoke()
    assert done.exit_code == 0
    begun = [line.split(":")[0] for line in done.stderr.splitlines()]
    assert sorted(set(begun)) == [
        "aws",
        "aws us-east-1",
        "azure",
        "azure eastus",
        "azure westeurope",
    ]
    assert "aws us-east-1: 1 offers" in done.stderr
    assert done.stdout.startswith("published version 20")


def test_stale_parts_end_with_3(clouds: Any, invoke: Invoke) -> None:
    clouds.failing.add("azure")
    done = invoke()
    assert done.exit_code == 3
    assert "azure: failed: azure retail_prices prices: refused (HTTP 403)" in done.stderr
    assert "with stale parts" in done.stdout


def test_nothing_published_ends_with_4(clouds: Any, invoke: Invoke, store: CatalogStore) -> None:
    clouds.failing |= {"azure", "prices"}
    before = store.latest_id()
    done = invoke()
    assert done.exit_code == 4
    assert done.stdout.startswith("nothing published; the store is unchanged")
    assert store.latest_id() == before


def test_damaged_store_ends_with_4_and_a_sentence(invoke: Invoke, tmp_path: Path) -> None:
    (tmp_path / "store" / "latest").write_text("{")
    done = invoke()
    assert done.exit_code == 4
    assert done.stderr.startswith("costopt: ")


def test_wrong_usage_ends_with_2(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    given = ["costopt", "refresh", "--store", str(tmp_path), "--providers", "asw"]
    monkeypatch.setattr("sys.argv", given)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 2
    assert "Did you mean aws?" in capsys.readouterr().err


def test_dry_run_prints_the_largest_moves_and_publishes_nothing(
    clouds: Any, invoke: Invoke, store: CatalogStore
) -> None:
    """50 / 55.04 - 1 = -9.2 %."""
    clouds.aws_price = "50"
    before = store.latest_id()
    done = invoke("--dry-run")
    assert done.exit_code == 0
    assert "aws/us-east-1/p5.48xlarge on_demand: -9.2% to 50/h" in done.stdout
    assert store.latest_id() == before


def test_report_goes_to_the_file_that_is_named(invoke: Invoke, tmp_path: Path) -> None:
    done = invoke("--report", str(tmp_path / "report.json"), "--dry-run")
    assert done.exit_code == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert (report["outcome"], report["dry_run"], report["version"]) == ("fresh", True, None)


def test_first_publish_puts_live_prices_over_the_bundled_catalogue(
    clouds: Any, invoke: Invoke, tmp_path: Path, bundled: Catalog
) -> None:
    """Only two prices are asked for; everything else is the bundled catalogue's, marked stale."""
    clouds.azure_prices = {"eastus": 90.0, "westeurope": 110.0}
    place = str(tmp_path / "first")
    done = invoke(
        "--providers", "azure", "--regions", "eastus,westeurope", "--families", ND96, place=place
    )
    assert done.exit_code == 0, done.stderr
    catalog = Catalog.open(place)
    offers = catalog.offers
    on_demand = offers[
        (offers["instance_type"] == ND96) & (offers["purchase_option"] == "on_demand")
    ]
    prices = dict(zip(on_demand["region"], on_demand["effective_per_hour"], strict=True))
    assert (prices["eastus"], prices["westeurope"]) == (90, 110)
    assert abs(len(catalog) - len(bundled)) <= 2
    stale = open_store(place).version().manifest.stale
    assert {"aws", "gcp", "alibaba"} <= set(stale)
    assert "azure" not in stale
