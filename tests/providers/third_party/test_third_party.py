"""A third party's adapter: installed by its metadata alone, asked over HTTP, checked as ours."""

import json
import os
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from pytest_httpserver import HTTPServer

from costopt.catalog.catalog import Catalog
from costopt.catalog.checking.settings import CheckSettings
from costopt.catalog.checks import leave_out
from costopt.catalog.schema import DATED_MATERIAL, TABLES
from costopt.catalog.snapshot import to_pandas
from costopt.catalog.store.parquet import arrow_schema
from costopt.cli import catalog_place, main
from costopt.errors import InvalidInputError, MalformedAnswerError, UnreachableError
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import Row
from costopt.fetch.recording import RecordingWire, ReplayingWire
from costopt.fetch.redact import Redaction
from costopt.fetch.wire import LiveWire, Wire
from costopt.provider import LiveProvider, installed_providers
from costopt.refresh.run import refresh_catalog

HERE = Path(__file__).parent
GUIDE = Path(__file__).parents[3] / "docs" / "add-a-provider.md"
ENTRY_POINTS = "[costopt.providers]\nnimbus = costopt_nimbus:NimbusProvider\n"
METADATA = "Metadata-Version: 2.1\nName: costopt-nimbus\nVersion: 1.0\n"

H100 = {"name": "hpc-8", "family": "hpc", "gpu": "NVIDIA H100 SXM", "gpus": 8.0, "vcpus": 192.0,
        "currency": "EUR", "per_hour": {"on_demand": "21.60", "spot": "9.05"}}  # fmt: skip
L4 = {"name": "gfx-1", "family": "gfx", "gpu": "NVIDIA L4", "gpus": 1.0, "vcpus": 8.0,
      "currency": "EUR", "per_hour": {"on_demand": "0.71"}}  # fmt: skip
ODD = {**L4, "name": "new-1", "family": "new", "gpu": "NVIDIA Z9"}

Context = Callable[..., FetchContext]


@pytest.fixture
def nimbus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LiveProvider]:
    """Nimbus's adapter, found as an installed package would be."""
    described = tmp_path / "site" / "costopt_nimbus-1.0.dist-info"
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join((str(described.parent), str(HERE))))
    described.mkdir(parents=True)
    (described / "METADATA").write_text(METADATA, encoding="utf-8")
    (described / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")
    monkeypatch.syspath_prepend(str(described.parent))
    monkeypatch.syspath_prepend(str(HERE))
    provider = installed_providers()["nimbus"]
    assert isinstance(provider, LiveProvider)
    yield provider
    sys.modules.pop("costopt_nimbus")


@pytest.fixture
def context(bundled: Catalog, nimbus: LiveProvider) -> Context:
    """Build what a refresh tells the adapter."""

    def build(wire: Wire | None = None, **more: Any) -> FetchContext:
        return FetchContext(
            wire=wire or LiveWire(sleep=lambda _: None),
            now=datetime(2026, 11, 22, 3, 15, tzinfo=UTC),
            accelerators={name: bundled.accelerator(name) for name in ("H100-80GB", "L4")},
            accelerator_names={**nimbus.accelerator_names, **more.pop("own_names", {})},
            **more,
        )

    return build


@pytest.fixture
def cloud(httpserver: HTTPServer) -> HTTPServer:
    """A server that sells in two regions, the types of one of them on two pages."""
    regions = {"items": [{"name": "south"}, {"name": "north"}], "next": ""}
    httpserver.expect_request("/v1/regions").respond_with_json(regions)
    for page, answer in {
        "": {"items": [H100], "next": "2"},
        "2": {"items": [L4, ODD], "next": ""},
    }.items():
        httpserver.expect_request(
            "/v1/types", query_string={"region": "north", "page": page}
        ).respond_with_json(answer)
    return httpserver


def frame(name: str, rows: tuple[Row, ...]) -> pd.DataFrame:
    """Rows in the columns of a table; numbers that are not told are unknown."""
    import pyarrow as pa

    table = TABLES[name]
    empty = {column.name: "" for column in table.columns if column.type == "text"}
    told = pa.Table.from_pylist([{**empty, **row} for row in rows], schema=arrow_schema(table))
    return to_pandas(told, table)


def test_adapter_is_found_by_its_entry_point_beside_ours(nimbus: LiveProvider) -> None:
    assert sorted(installed_providers()) == ["alibaba", "aws", "azure", "gcp", "nimbus"]
    assert nimbus.title == "Nimbus"


def test_regions_are_asked_and_sorted(
    cloud: HTTPServer, nimbus: LiveProvider, context: Context
) -> None:
    source = nimbus.open({"url": cloud.url_for("/")})
    assert source.regions(context()) == ("north", "south")
    assert source.secrets() == ()


def test_every_page_is_read_and_every_price_is_an_offer(
    cloud: HTTPServer, nimbus: LiveProvider, context: Context
) -> None:
    told = context()
    fetched = nimbus.open({"url": cloud.url_for("/")}).fetch("north", told)
    assert [request.args["page"] for request, _ in cloud.log] == ["", "2"]
    assert told.wire.counts.calls == 2
    assert [
        (row["instance_type"], row["purchase_option"], row["effective_per_hour"], row["currency"])
        for row in fetched.offers
    ] == [
        ("hpc-8", "on_demand", 21.6, "EUR"),
        ("hpc-8", "spot", 9.05, "EUR"),
        ("gfx-1", "on_demand", 0.71, "EUR"),
    ]
    assert [row["accelerator"] for row in fetched.instance_types] == ["H100-80GB", "L4"]


def test_unknown_accelerator_is_reported_and_never_guessed(
    cloud: HTTPServer, nimbus: LiveProvider, context: Context
) -> None:
    source = nimbus.open({"url": cloud.url_for("/")})
    (finding,) = source.fetch("north", context()).findings
    assert (finding.check, finding.severity) == ("accelerator_unknown", "left_out")
    assert finding.row == "nimbus/new-1"
    named = source.fetch("north", context(own_names={"NVIDIA Z9": "L4"}))
    assert named.findings == ()
    assert len(named.instance_types) == 3


def test_families_that_are_not_asked_for_stay_away(
    cloud: HTTPServer, nimbus: LiveProvider, context: Context
) -> None:
    source = nimbus.open({"url": cloud.url_for("/")})
    fetched = source.fetch("north", context(families=("hpc*",)))
    assert [row["instance_type"] for row in fetched.instance_types] == ["hpc-8"]
    assert fetched.findings == ()


def test_rows_pass_the_gates_of_the_catalogue(
    cloud: HTTPServer, nimbus: LiveProvider, context: Context, bundled: Catalog
) -> None:
    fetched = nimbus.open({"url": cloud.url_for("/")}).fetch("north", context())
    place = {"provider": "nimbus", "region": "north", "continent": "Europe", "country": "NO",
             "partition": "public", "source": "test", "as_of": "2026-11-22"}  # fmt: skip
    tables = {
        name: bundled.table(name)
        for name in ("accelerators", "accelerator_aliases", "exchange_rates")
    }
    empty = {name: frame(name, ()) for name in TABLES if name not in DATED_MATERIAL | {"findings"}}
    kept, findings = leave_out(
        {
            **empty,
            **tables,
            **{name: frame(name, ()) for name in DATED_MATERIAL},
            "regions": frame("regions", (place,)),
            "instance_types": frame("instance_types", fetched.instance_types),
            "offers": frame("offers", fetched.offers),
        },
        CheckSettings(),
    )
    assert findings.empty
    assert (len(kept["instance_types"]), len(kept["offers"])) == (2, 3)


def test_refresh_publishes_what_the_adapter_was_told(
    cloud: HTTPServer, nimbus: LiveProvider, tmp_path: Path
) -> None:
    config = tmp_path / "refresh.toml"
    config.write_text(
        f'[adapters.{nimbus.name}]\nurl = "{cloud.url_for("/")}"\n'
        '[accelerator_names.nimbus]\n"NVIDIA Z9" = "L4"\n'
    )
    store = tmp_path / "store"
    result = refresh_catalog(store, providers=["nimbus"], regions=["north"], config=config)
    assert result.version
    opened = Catalog.open(store).filter(providers=["nimbus"])
    prices = opened.offers.set_index(["instance_type", "purchase_option"])["effective_per_hour"]
    assert prices.to_dict() == {
        ("gfx-1", "on_demand"): 0.71,
        ("hpc-8", "on_demand"): 21.6,
        ("hpc-8", "spot"): 9.05,
        ("new-1", "on_demand"): 0.71,
    }


def test_quarantined_price_is_published_once_somebody_accepts_it(
    httpserver: HTTPServer,
    nimbus: LiveProvider,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    store, config = str(tmp_path / "store"), tmp_path / "refresh.toml"
    config.write_text(f'[adapters.{nimbus.name}]\nurl = "{httpserver.url_for("/")}"\n')
    regions = {"items": [{"name": "north"}], "next": ""}

    def price_after_refresh(day: int, told: str) -> float:
        item = {**H100, "per_hour": {"on_demand": told}}
        httpserver.clear()
        httpserver.expect_request("/v1/regions").respond_with_json(regions)
        httpserver.expect_request("/v1/types").respond_with_json({"items": [item], "next": ""})
        now = datetime(2026, 11, day, 3, 15, tzinfo=UTC)
        refresh_catalog(store, providers=["nimbus"], config=config, now=now)
        offers = Catalog.open(store).filter(providers=["nimbus"]).offers
        return float(offers["effective_per_hour"].item())

    assert price_after_refresh(22, "20.00") == 20.0
    # 20 x (1 - 0.65) = 7: below a cut of 60 %, so that it is taken for an error
    assert price_after_refresh(23, "7.00") == 20.0
    finding = "on_demand_jumped:nimbus/north//hpc-8/on_demand///"
    accept = ["accept", finding, "--until", "2026-11-24", "--store", store]
    monkeypatch.setattr(sys, "argv", ["costopt", "catalog", *accept])
    monkeypatch.setattr(catalog_place, "now", lambda: datetime(2026, 11, 23, 9, tzinfo=UTC))
    with pytest.raises(SystemExit) as ended:
        main()
    assert not ended.value.code
    assert price_after_refresh(24, "7.00") == 7.0


def test_server_fault_is_asked_again_and_then_told(
    httpserver: HTTPServer, nimbus: LiveProvider, context: Context
) -> None:
    source = nimbus.open({"url": httpserver.url_for("/")})
    httpserver.expect_ordered_request("/v1/regions").respond_with_data("", status=503)
    good = {"items": [{"name": "north"}], "next": ""}
    httpserver.expect_ordered_request("/v1/regions").respond_with_json(good)
    told = context()
    assert source.regions(told) == ("north",)
    assert (told.wire.counts.calls, told.wire.counts.retries) == (2, 1)
    httpserver.clear()
    httpserver.expect_request("/v1/regions").respond_with_data("", status=503)
    with pytest.raises(UnreachableError, match="nimbus catalog regions: no answer"):
        source.regions(context())


def test_answer_of_another_shape_is_refused(
    httpserver: HTTPServer, nimbus: LiveProvider, context: Context
) -> None:
    httpserver.expect_request("/v1/regions").respond_with_data(json.dumps(["north"]))
    with pytest.raises(MalformedAnswerError, match="it has no items, or no next"):
        nimbus.open({"url": httpserver.url_for("/")}).regions(context())


def test_replay_of_a_recording_gives_the_same_rows_without_the_server(
    cloud: HTTPServer, nimbus: LiveProvider, context: Context, tmp_path: Path
) -> None:
    source = nimbus.open({"url": cloud.url_for("/")})
    wire = RecordingWire(wire=LiveWire(), folder=tmp_path, redaction=Redaction())
    live = source.fetch("north", context(wire))
    cloud.clear()
    replayed = nimbus.open({}).fetch("north", context(ReplayingWire(folder=tmp_path)))
    assert replayed == live


def test_misspelt_setting_names_the_right_one(nimbus: LiveProvider) -> None:
    with pytest.raises(InvalidInputError, match="unknown field 'ulr'; did you mean url"):
        nimbus.open({"ulr": "http://nowhere.example"})


def test_guide_shows_the_example_as_it_is() -> None:
    source = (HERE / "costopt_nimbus" / "__init__.py").read_text(encoding="utf-8")
    assert f"```python\n{source}```" in GUIDE.read_text(encoding="utf-8")
    assert f"```ini\n{ENTRY_POINTS}```" in GUIDE.read_text(encoding="utf-8")
