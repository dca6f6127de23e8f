"""The catalogue as a whole: lookups by alias, immutability, dates, fingerprints, its tables."""

from collections.abc import Callable, Mapping, Sequence
from math import isfinite

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.catalog.schema import DATED_MATERIAL, TABLES
from costopt.errors import (
    CatalogFileError,
    EmptyCatalogError,
    MissingExchangeRateError,
    UnknownNameError,
)

MakeCatalog = Callable[..., Catalog]
MakeTable = Callable[[str, Sequence[Mapping[str, str]]], pd.DataFrame]

LLAMA = {
    "name": "llama-70b", "family": "llama", "kind": "decoder", "parameters_billions": "70.5",
    "active_parameters_billions": "70.5", "embedding_parameters_billions": "2.1",
    "layers": "80", "hidden_size": "8192", "kv_heads": "8", "attention_kind": "gqa",
    "tied_embeddings": "false", "gated_mlp": "true", "as_of": "2024-07",
}  # fmt: skip
BERT = {
    "name": "bert", "kind": "encoder", "parameters_billions": "0.11",
    "active_parameters_billions": "0.11",
}  # fmt: skip
MODEL_ALIASES = (
    {"alias": "llama-70b-instruct", "model": "llama-70b"},
    {"alias": "bert", "model": "llama-70b"},
    {"alias": "llama-9b", "model": "llama-9b-base"},
)
TRACES = tuple(
    {"trace": trace, "input_low_tokens": low, "output_low_tokens": "0", "share_fraction": "0.5",
     "mean_input_tokens": "700", "mean_output_tokens": "100"}
    for trace in ("chat", "code")
    for low in ("0", "1000")
)  # fmt: skip


@pytest.fixture(scope="module")
def talking(make_catalog: MakeCatalog) -> Catalog:
    """The small catalogue with two models and two traces."""
    return make_catalog(models=(LLAMA, BERT), model_aliases=MODEL_ALIASES, traces=TRACES)


def copies(catalog: Catalog) -> dict[str, pd.DataFrame]:
    """Everything a catalogue hands out as a table."""
    return {
        "offers": catalog.offers,
        "instance_types": catalog.instance_types,
        "accelerators": catalog.accelerators,
        "models": catalog.models,
        "findings": catalog.findings,
        "regions": catalog.table("regions"),
        "joined_offers": catalog.joined_offers,
        "age": catalog.age,
        "trace": catalog.trace("chat"),
    }


def test_model_is_found_by_name_and_by_alias(talking: Catalog) -> None:
    by_name, by_alias = talking.model("llama-70b"), talking.model("llama-70b-instruct")
    assert by_alias == by_name
    assert by_alias.name == "llama-70b"


def test_model_has_its_parameters_in_ones_and_leaves_what_is_not_published_open(
    talking: Catalog,
) -> None:
    model = talking.model("llama-70b")
    # 70.5 and 2.1 billion
    assert model.parameters == pytest.approx(70_500_000_000, rel=1e-12)
    assert model.embedding_parameters == pytest.approx(2_100_000_000, rel=1e-12)
    assert (model.layers, model.kv_heads, model.attention_kind) == (80, 8, "gqa")
    assert (model.tied_embeddings, model.gated_mlp) == (False, True)
    assert (model.experts, model.sliding_window, model.flops_per_sample) == (None, None, None)
    assert (model.source, model.as_of) == ("price list", "2024-07")
    bert = talking.model("bert")
    assert (bert.layers, bert.tied_embeddings, bert.embedding_parameters) == (None, None, None)


def test_name_of_a_model_wins_over_an_alias_of_another(talking: Catalog) -> None:
    assert talking.model("bert").kind == "encoder"


def test_alias_of_a_model_that_is_not_there_is_refused(talking: Catalog) -> None:
    with pytest.raises(CatalogFileError, match="llama-9b stands for llama-9b-base, which has no"):
        talking.model("llama-9b")


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("llama-7b", "llama-70b"),
        ("LLAMA-70B", "llama-70b"),
        ("llama-70b-instruc", "llama-70b-instruct"),
    ],
)
def test_unknown_model_suggests_names_and_aliases(
    talking: Catalog, name: str, nearest: str
) -> None:
    with pytest.raises(UnknownNameError, match=f"Unknown model '{name}'") as caught:
        talking.model(name)
    assert nearest in caught.value.suggestions


def test_accelerator_is_found_by_name_and_by_alias(small: Catalog) -> None:
    chip = small.accelerator("H100")
    assert chip == small.accelerator("H100-80GB")
    assert (chip.name, chip.memory_gib, chip.usable_gib) == ("H100-80GB", 80, 79.6)
    assert chip.interconnect == "nvlink4-nvswitch"
    assert chip.interconnect_gb_per_second is None


def test_accelerator_lists_only_rates_that_are_published(small: Catalog) -> None:
    assert small.accelerator("H100").peak_tflops == {"bf16": 1000, "fp8": 2000}
    assert small.accelerator("Tesla-T4").peak_tflops == {"fp16": 65}


def test_cpu_rate_is_an_accelerator_without_memory(small: Catalog) -> None:
    rate = small.accelerator("CPU-Rapids-vCPU")
    assert (rate.memory_gib, rate.usable_gib, rate.vendor) == (None, None, "intel")


def test_unknown_accelerator_suggests_names_and_aliases(small: Catalog) -> None:
    with pytest.raises(UnknownNameError, match="Unknown accelerator 'H10O'") as caught:
        small.accelerator("H10O")
    assert "H100" in caught.value.suggestions


def test_trace_is_found_by_its_name(talking: Catalog) -> None:
    trace = talking.trace("code")
    assert trace["trace"].tolist() == ["code", "code"]
    assert trace.index.tolist() == [0, 1]


def test_unknown_trace_suggests_the_nearest(talking: Catalog) -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown trace 'chatt'\. Did you mean chat\?"):
        talking.trace("chatt")


def test_every_bundled_alias_leads_to_a_record(bundled: Catalog) -> None:
    aliases = bundled.table("model_aliases")
    assert len(aliases) > 0
    for alias, name in zip(aliases["alias"], aliases["model"], strict=True):
        assert bundled.model(alias).name == name
    chips = bundled.table("accelerator_aliases")
    assert len(chips) > 0
    for alias, name in zip(chips["alias"], chips["accelerator"], strict=True):
        assert bundled.accelerator(alias).name == name


def test_every_bundled_model_and_accelerator_reads_into_its_record(bundled: Catalog) -> None:
    for name in bundled.models["name"]:
        model = bundled.model(name)
        assert isfinite(model.parameters), name
        assert 0 < model.active_parameters <= model.parameters, name
    for name in bundled.accelerators["name"]:
        chip = bundled.accelerator(name)
        assert chip.usable_gib is None or 0 < chip.usable_gib <= (chip.memory_gib or 0), name
        assert all(rate > 0 for rate in chip.peak_tflops.values()), name


@pytest.mark.parametrize("name", [
    "offers", "instance_types", "accelerators", "models", "findings", "regions",
    "joined_offers", "age", "trace",
])  # fmt: skip
def test_changing_a_table_that_was_handed_out_changes_nothing(talking: Catalog, name: str) -> None:
    before, fingerprint = copies(talking)[name].copy(deep=True), talking.fingerprint
    handed_out = copies(talking)[name]
    column = handed_out.columns[0]
    handed_out[column] = "changed"
    handed_out["more"] = 1
    del handed_out[handed_out.columns[1]]
    pd.testing.assert_frame_equal(copies(talking)[name], before)
    assert talking.fingerprint == fingerprint


def test_single_cells_of_a_handed_out_table_are_its_own(small: Catalog) -> None:
    handed_out = small.offers
    handed_out.loc[0, "effective_per_hour"] = 1e-9
    assert small.offers.loc[0, "effective_per_hour"] == 8
    with pytest.raises(ValueError, match="read-only"):
        handed_out["recurring_per_hour"].to_numpy()[0] = 1e-9
    assert small.offers.loc[0, "recurring_per_hour"] == 8


def test_changing_the_tables_it_was_made_from_changes_nothing(
    make_table: MakeTable, small: Catalog
) -> None:
    tables = {name: small.table(name) for name in set(TABLES) - DATED_MATERIAL}
    catalog = Catalog(tables, place="small")
    tables["offers"]["effective_per_hour"] = 0.0
    del tables["regions"]
    assert catalog.fingerprint == small.fingerprint
    assert len(catalog.filter(regions="us-*")) == 6


def test_changing_the_rates_of_an_accelerator_changes_nothing(small: Catalog) -> None:
    rates = small.accelerator("T4").peak_tflops
    rates.clear()  # type: ignore[attr-defined]
    assert small.accelerator("T4").peak_tflops == {"fp16": 65}


def test_tables_cannot_be_replaced(small: Catalog) -> None:
    for name in ("offers", "models", "as_of", "age", "place"):
        with pytest.raises(AttributeError):
            setattr(small, name, None)


def test_narrowing_and_pricing_leave_the_catalogue_as_it_was(small: Catalog) -> None:
    fingerprint, rows = small.fingerprint, len(small)
    small.filter(providers="aws").with_prices(discounts={"aws": 0.5})
    small.merge(small.filter(providers="gcp"))
    assert (small.fingerprint, len(small)) == (fingerprint, rows)


def test_narrowed_catalogue_keeps_every_table_but_offers_and_types(small: Catalog) -> None:
    narrow = small.filter(providers="gcp")
    for name in set(TABLES) - DATED_MATERIAL - {"offers", "instance_types"}:
        pd.testing.assert_frame_equal(narrow.table(name), small.table(name))
    assert narrow.instance_types["instance_type"].tolist() == ["a3-highgpu-8g"]


@pytest.mark.parametrize(
    ("table", "column", "value"),
    [
        ("offers", "recurring_per_hour", "95.999999"),
        ("offers", "source", "another list"),
        ("accelerators", "usable_gib", "79.61"),
        ("region_groups", "country", "FR"),
        ("exchange_rates", "rate", "8.0000001"),
    ],
)
def test_fingerprint_changes_with_any_figure_of_any_table(
    small: Catalog, make_catalog: MakeCatalog, table: str, column: str, value: str
) -> None:
    rows = small.table(table).astype(str).replace({"nan": "", "<NA>": ""}).to_dict("records")
    assert make_catalog(**{table: rows}).fingerprint == small.fingerprint
    assert rows[0][column] != value
    changed = [rows[0] | {column: value}, *rows[1:]]
    assert make_catalog(**{table: changed}).fingerprint != small.fingerprint


def test_fingerprint_does_not_depend_on_the_place(
    small: Catalog, make_catalog: MakeCatalog
) -> None:
    assert make_catalog("elsewhere").fingerprint == small.fingerprint


def test_fingerprint_tells_the_same_rows_at_another_date_apart(small: Catalog) -> None:
    tables = {name: small.table(name) for name in set(TABLES) - DATED_MATERIAL}
    later = Catalog(tables, place="small", as_of="2026-09-30")
    assert later.fingerprint != small.fingerprint
    # from 2026-08-01 to 2026-09-30: 30 days of August and 30 of September
    assert later.age["oldest_age_days"].min() == 60


def test_catalogue_without_offers_shows_its_tables_and_answers_nothing(
    make_catalog: MakeCatalog,
) -> None:
    empty = make_catalog(offers=())
    assert (len(empty), repr(empty)) == (0, "Catalog(small: no offers)")
    assert len(empty.instance_types) == 7
    assert empty.accelerator("T4").name == "T4"
    for ask in (lambda: empty.as_of, lambda: empty.age, lambda: empty.filter(providers="aws"),
                lambda: empty.with_prices(discounts={"aws": 0.1}),
                lambda: empty.exchange_rate("USD", "CNY")):  # fmt: skip
        with pytest.raises(EmptyCatalogError, match=r"has no offers .*Catalog\.bundled\(\)"):
            ask()


def test_representation_says_where_when_and_how_much(small: Catalog, bundled: Catalog) -> None:
    assert repr(small) == (
        "Catalog(small of 2026-08-22: 13 offers, 6 instance types of alibaba, aws, azure, gcp)"
    )
    assert repr(bundled).startswith(f"Catalog(bundled catalogue of {bundled.as_of}: ")
    assert f"{len(bundled):,} offers" in repr(bundled)


def test_unknown_table_suggests_the_nearest(small: Catalog) -> None:
    with pytest.raises(UnknownNameError, match=r"Unknown table 'offer'\. Did you mean offers"):
        small.table("offer")
    with pytest.raises(UnknownNameError, match="Unknown table 'price'"):
        Catalog({"price": small.offers}, place="mine")


def test_missing_tables_are_all_named(small: Catalog) -> None:
    tables = {name: small.table(name) for name in set(TABLES) - DATED_MATERIAL}
    del tables["regions"], tables["models"]
    with pytest.raises(CatalogFileError, match="mine: lacks the tables models, regions"):
        Catalog(tables, place="mine")


def test_dated_material_that_is_not_held_is_refused(small: Catalog) -> None:
    with pytest.raises(CatalogFileError, match=r"holds no table spot_history.*bundled\(\)"):
        small.table("spot_history")


def test_dated_material_is_read_once_and_handed_out_as_a_copy(
    small: Catalog, make_table: MakeTable
) -> None:
    asked: list[str] = []

    def read(name: str) -> pd.DataFrame:
        asked.append(name)
        return make_table(name, ())

    tables = {name: small.table(name) for name in set(TABLES) - DATED_MATERIAL}
    catalog = Catalog(tables, place="small", dated=read)
    assert asked == []
    handed_out = catalog.table("spot_history")
    handed_out["more"] = 1
    assert "more" not in catalog.table("spot_history")
    assert asked == ["spot_history"]


def test_conversion_gives_each_row_the_factor_of_its_currency(small: Catalog) -> None:
    # 1 USD is 8 CNY
    currencies = pd.Series(["CNY", "USD", "CNY"])
    assert small.conversion(currencies, "USD").tolist() == [0.125, 1, 0.125]
    with pytest.raises(MissingExchangeRateError, match="from CNY to EUR"):
        small.conversion(currencies, "EUR")
