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
from costopt.errors import InvalidInputError

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


def test_nothing_published_says_why_also_where_a_region_answered_too_little(
    clouds: Any, invoke: Invoke, tmp_path: Path
) -> None:
    """One offer of AWS in us-east-1, where the bundled catalogue has hundreds."""
    done = invoke("--providers", "aws", place=str(tmp_path / "first"))
    assert done.exit_code == 4
    assert "    aws/us-east-1 stopped: 1 good offers after " in done.stdout


def test_price_that_is_held_back_is_printed_with_its_name(clouds: Any, invoke: Invoke) -> None:
    """19.264 / 55.04 - 1 = -65 %."""
    clouds.aws_price = "19.264"
    lines = invoke().stdout.splitlines()
    finding = "on_demand_jumped:aws/us-east-1//p5.48xlarge/on_demand///"
    assert [line for line in lines if line.startswith(f"  held back: {finding}: 19.264/h after")]


def test_report_that_cannot_lie_beside_its_version_leaves_the_exit_code(
    invoke: Invoke, store: CatalogStore
) -> None:
    before = store.latest_id()
    Path(store.place, "reports").write_text("in the way")
    done = invoke()
    assert done.exit_code == 0
    assert store.latest_id() != before
    assert f"reports/{store.latest_id()} cannot be written (FileExistsError)" in done.stderr


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


def test_account_is_read_reported_and_told_in_the_log(invoke: Invoke, tmp_path: Path) -> None:
    """Without credentials there is no account to read: prices are published all the same."""
    done = invoke("--account", "--html", str(tmp_path / "report.html"))
    assert done.exit_code == 0
    assert "aws account: failed: aws session account: there are no" in done.stderr
    assert "  account: no facts\n    aws: aws session account: there are no" in done.stdout
    page = (tmp_path / "report.html").read_text()
    assert "account_not_told" in page
    assert "no facts" in page


def test_page_in_a_folder_that_is_not_there_is_refused_before_anybody_is_asked(
    clouds: Any, invoke: Invoke, tmp_path: Path
) -> None:
    done = invoke("--html", str(tmp_path / "nowhere" / "report.html"))
    assert isinstance(done.exception, InvalidInputError)
    assert "there is no folder" in str(done.exception)
    taken = invoke("--report", str(tmp_path))
    assert "is a folder; name a file in it" in str(taken.exception)
    assert clouds.seen == []
