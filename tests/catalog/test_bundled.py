"""The snapshot that ships: whole, complete, and true to the figures that were checked by hand."""

from collections.abc import Mapping
from importlib.resources import files

import pandas as pd
import pytest

from costopt.catalog.checking.settings import CheckSettings
from costopt.catalog.checks import leave_out, remark
from costopt.catalog.finding import row_keys
from costopt.catalog.manifest import MANIFEST_NAME, Manifest, check_bytes, read_manifest
from costopt.catalog.schema import OPTIONAL_TABLES, TABLES
from costopt.catalog.snapshot import parse_table

SIZE_LIMIT_BYTES = 6_000_000
REQUIRED = {name: table for name, table in TABLES.items() if name not in OPTIONAL_TABLES}


@pytest.fixture(scope="module")
def payloads() -> Mapping[str, bytes]:
    folder = files("costopt_catalogs")
    names = [table.file_name for table in REQUIRED.values()]
    return {name: folder.joinpath(name).read_bytes() for name in (*names, MANIFEST_NAME)}


@pytest.fixture(scope="module")
def manifest(payloads: Mapping[str, bytes]) -> Manifest:
    return read_manifest(payloads[MANIFEST_NAME].decode("utf-8"))


@pytest.fixture(scope="module")
def tables(payloads: Mapping[str, bytes]) -> dict[str, pd.DataFrame]:
    return {
        name: parse_table(table, payloads[table.file_name], "bundled")
        for name, table in REQUIRED.items()
    }


def test_every_table_is_there_whole_and_unedited(
    payloads: Mapping[str, bytes], manifest: Manifest
) -> None:
    assert set(manifest.tables) == {table.file_name for table in REQUIRED.values()}
    for name in manifest.tables:
        check_bytes(manifest, name, payloads[name])


def test_manifest_counts_the_rows_and_dates_the_newest_offer(
    manifest: Manifest, tables: dict[str, pd.DataFrame]
) -> None:
    for name, rows in tables.items():
        assert manifest.tables[TABLES[name].file_name].rows == len(rows), name
    assert manifest.as_of == tables["offers"]["as_of"].max()


def test_snapshot_stays_small(payloads: Mapping[str, bytes]) -> None:
    assert sum(len(payload) for payload in payloads.values()) < SIZE_LIMIT_BYTES


def test_no_row_of_facts_was_lost(manifest: Manifest, tables: dict[str, pd.DataFrame]) -> None:
    findings = tables["findings"]
    left_out = findings[findings["severity"] == "left_out"]["table"].value_counts()
    by_table: dict[str, list[int]] = {}
    for name, entry in manifest.inputs.items():
        assert entry.rows == entry.kept + entry.left_out, name
        counts = by_table.setdefault(entry.table, [0, 0])
        counts[0] += entry.kept
        counts[1] += entry.left_out
    for table, (kept, gone) in by_table.items():
        assert kept == len(tables[table]), table
        assert gone == left_out.get(table, 0), table


def test_stored_findings_are_those_of_the_checks(tables: dict[str, pd.DataFrame]) -> None:
    checked = {name: rows for name, rows in tables.items() if name != "findings"}
    _, left = leave_out(checked, CheckSettings())
    assert left.empty
    stored = tables["findings"]
    kept = stored[stored["severity"] != "left_out"].reset_index(drop=True)
    pd.testing.assert_frame_equal(remark(checked, CheckSettings()), kept)


def test_every_required_family_has_a_price(tables: dict[str, pd.DataFrame]) -> None:
    assert "required_family_missing" not in set(tables["findings"]["check"])


def test_flags_of_an_offer_name_every_remark_on_it(tables: dict[str, pd.DataFrame]) -> None:
    offers, findings = tables["offers"], tables["findings"]
    flags = dict(zip(row_keys(TABLES["offers"], offers), offers["flags"], strict=True))
    remarked = findings[
        (findings["table"] == "offers") & ~findings["row"].str.contains("*", regex=False)
    ]
    assert len(remarked) > 0
    for row, check in zip(remarked["row"], remarked["check"], strict=True):
        assert check in flags[row].split(";"), row


@pytest.mark.parametrize(
    ("provider", "instance_type", "usable"),
    [
        ("aws", "p4d.24xlarge", 39.5),
        ("aws", "g5.xlarge", 22.351562),
        ("aws", "g4dn.xlarge", 15.6),
        ("aws", "g6.xlarge", 22.351562),
        ("gcp", "g2-standard-4", 22.5),
        ("aws", "p6-b200.48xlarge", 179.0),
        ("aws", "p5en.48xlarge", 140.4),
        ("azure", "Standard_NV6ads_A10_v5", 3.9),
        ("azure", "Standard_NC40ads_H100_v5", 93.6),
        ("alibaba", "ecs.ebmgn7.26xlarge", 39.5),
    ],
)
def test_usable_memory_matches_the_figure_checked_by_hand(
    tables: dict[str, pd.DataFrame], provider: str, instance_type: str, usable: float
) -> None:
    types = tables["instance_types"].set_index(["provider", "instance_type"])
    figure = types.loc[(provider, instance_type), "accelerator_usable_gib"]
    assert figure == pytest.approx(usable, abs=1e-6)


@pytest.mark.parametrize(
    ("provider", "instance_type", "network", "fabric"),
    [
        ("aws", "p5.48xlarge", None, 3200.0),
        ("aws", "g5.xlarge", 2.5, None),
        ("gcp", "a2-highgpu-8g", 100.0, None),
        ("gcp", "a3-highgpu-8g", None, 1000.0),
        ("gcp", "a3-megagpu-8g", 200.0, 1600.0),
        ("azure", "Standard_ND96isr_H100_v5", 80.0, 3200.0),
        ("azure", "Standard_ND96asr_v4", 24.0, 1600.0),
        ("azure", "Standard_NC24rs_v3", None, None),
        ("alibaba", "ecs.ebmgn7ex.32xlarge", 160.0, None),
    ],
)
def test_host_network_and_fabric_are_apart(
    tables: dict[str, pd.DataFrame],
    provider: str,
    instance_type: str,
    network: float | None,
    fabric: float | None,
) -> None:
    types = tables["instance_types"].set_index(["provider", "instance_type"])
    for column, figure in (("network_gbps", network), ("fabric_gbps", fabric)):
        held = types[column].astype(object).loc[(provider, instance_type)]
        assert pd.isna(held) if figure is None else held == figure, column


def test_only_slices_have_several_hosts(tables: dict[str, pd.DataFrame]) -> None:
    types = tables["instance_types"]
    several = types[types["hosts"] > 1]
    assert len(several) == 18
    assert set(several["accelerator"]) == {"TPU-v4", "TPU-v5e", "TPU-v5p", "TPU-v6e"}
    # a host has at most eight chips
    assert (several["accelerator_count"] / several["hosts"]).between(4, 8).all()


def test_currency_follows_the_site_that_bills(tables: dict[str, pd.DataFrame]) -> None:
    offers = tables["offers"]
    china = offers["region"].str.startswith("cn-") & (offers["provider"] == "aws")
    yuan = (offers["provider"] == "alibaba") | china
    assert (offers["currency"] == "CNY").equals(yuan)


def test_low_priority_is_kept_apart_from_spot(tables: dict[str, pd.DataFrame]) -> None:
    offers = tables["offers"]
    low = offers[offers["purchase_option"] == "low_priority"]
    assert len(low) == 160
    assert low["flags"].str.contains("not_spot").all()


def test_types_without_a_price_stay_visible(tables: dict[str, pd.DataFrame]) -> None:
    findings = tables["findings"]
    listed = set(findings[findings["check"] == "type_without_price"]["row"])
    assert "aws/trn2.48xlarge" in listed
    assert "trn2.48xlarge" in set(tables["instance_types"]["instance_type"])
    assert "trn2.48xlarge" not in set(tables["offers"]["instance_type"])


@pytest.mark.parametrize(
    ("alias", "model"),
    [
        ("meta-llama/Llama-3.1-70B-Instruct", "meta-llama/Llama-3.1-70B"),
        ("meta-llama/Meta-Llama-3.1-70B-Instruct", "meta-llama/Llama-3.1-70B"),
        ("bert-base-uncased", "google-bert/bert-base-uncased"),
        ("Qwen/Qwen2.5-7B-Instruct", "Qwen/Qwen2.5-7B"),
        ("google/gemma-2-9b-it", "google/gemma-2-9b"),
    ],
)
def test_variant_shares_the_dimensions_of_its_base(
    tables: dict[str, pd.DataFrame], alias: str, model: str
) -> None:
    aliases = tables["model_aliases"].set_index("alias")["model"]
    assert aliases[alias] == model
    assert model in set(tables["models"]["name"])


def test_every_row_has_a_source_and_a_date(tables: dict[str, pd.DataFrame]) -> None:
    for name, rows in tables.items():
        assert (rows["source"] != "").all(), name
        assert rows["as_of"].str.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?").all(), name
