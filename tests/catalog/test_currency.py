"""Exchange rates: the newest usable one, direct or inverted, or a refusal that helps."""

from collections.abc import Callable, Sequence
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from costopt.catalog.catalog import Catalog
from costopt.catalog.currency import find_rate
from costopt.errors import EmptyCatalogError, InvalidInputError, MissingExchangeRateError
from costopt.planning.optimize_request import optimize
from costopt.workload.limits import Limits
from costopt.workload.requirement import Requirement

quick = settings(max_examples=60, deadline=None, derandomize=True)

MakeTable = Callable[[str, Sequence[dict[str, str]]], pd.DataFrame]
MakeCatalog = Callable[..., Catalog]

REFERENCE = "2026-08-22"


def rate(base: str, quote: str, value: str, as_of: str = "2026-08-01") -> dict[str, str]:
    return {"base": base, "quote": quote, "rate": value, "as_of": as_of, "source": f"bank {as_of}"}


def test_rate_is_taken_as_written(make_table: MakeTable) -> None:
    rates = make_table("exchange_rates", [rate("USD", "CNY", "8")])
    found = find_rate(rates, "USD", "CNY", REFERENCE, 24)
    assert (found.base, found.quote, found.rate) == ("USD", "CNY", 8)
    assert (found.as_of, found.source) == ("2026-08-01", "bank 2026-08-01")


def test_rate_is_inverted_where_only_the_other_way_is_written(make_table: MakeTable) -> None:
    rates = make_table("exchange_rates", [rate("USD", "CNY", "8")])
    found = find_rate(rates, "CNY", "USD", REFERENCE, 24)
    assert (found.base, found.quote, found.rate) == ("CNY", "USD", 0.125)


def test_newest_rate_wins_over_older_ones_in_any_order(make_table: MakeTable) -> None:
    old, new = rate("USD", "CNY", "7", "2025-01"), rate("USD", "CNY", "8", "2026-01-15")
    other = rate("USD", "EUR", "0.9", "2026-08-20")
    for rows in ([old, new, other], [other, new, old]):
        found = find_rate(make_table("exchange_rates", rows), "USD", "CNY", REFERENCE, 24)
        assert (found.rate, found.as_of) == (8, "2026-01-15")


def test_newer_inverse_wins_over_an_older_direct_rate(make_table: MakeTable) -> None:
    rows = [rate("USD", "CNY", "7", "2025-01"), rate("CNY", "USD", "0.125", "2026-01")]
    found = find_rate(make_table("exchange_rates", rows), "USD", "CNY", REFERENCE, 24)
    assert found.rate == 8


def test_currency_into_itself_needs_no_rate(make_table: MakeTable) -> None:
    found = find_rate(make_table("exchange_rates", []), "EUR", "EUR", REFERENCE, 24)
    assert (found.rate, found.as_of, found.source) == (1, "", "")


@pytest.mark.parametrize(
    ("as_of", "is_usable"),
    # 24 x 30.4375 = 730.5 days before 2026-08-22: 2024-08-22 is 730 days old, the day before 731
    [("2024-08-22", True), ("2024-08-21", False)],
)
def test_rate_of_more_than_24_months_is_not_used(
    make_table: MakeTable, as_of: str, is_usable: bool
) -> None:
    rates = make_table("exchange_rates", [rate("USD", "CNY", "8", as_of)])
    if is_usable:
        assert find_rate(rates, "USD", "CNY", REFERENCE, 24).rate == 8
        return
    with pytest.raises(MissingExchangeRateError, match=f"rates here: USD/CNY of {as_of}"):
        find_rate(rates, "USD", "CNY", REFERENCE, 24)


def test_missing_rate_says_what_is_there_and_what_to_do(make_table: MakeTable) -> None:
    rates = make_table("exchange_rates", [rate("USD", "CNY", "8"), rate("USD", "EUR", "0.9")])
    with pytest.raises(MissingExchangeRateError) as refusal:
        find_rate(rates, "CNY", "EUR", REFERENCE, 24)
    assert str(refusal.value) == (
        "No usable exchange rate from CNY to EUR (rates here: USD/CNY of 2026-08-01, "
        "USD/EUR of 2026-08-01). Plan in CNY, leave its offers out, or add a rate with "
        "catalog.with_exchange_rate('CNY', 'EUR', rate, as_of=..., source=...)."
    )


def test_missing_rate_without_any_rates_says_none(make_table: MakeTable) -> None:
    with pytest.raises(MissingExchangeRateError, match="rates here: none"):
        find_rate(make_table("exchange_rates", []), "CNY", "EUR", REFERENCE, 24)


@quick
@given(value=st.decimals("0.01", "1000", places=4))
def test_there_and_back_is_one(make_table: MakeTable, value: object) -> None:
    rates = make_table("exchange_rates", [rate("USD", "CNY", str(value))])
    there = find_rate(rates, "USD", "CNY", REFERENCE, 24).rate
    back = find_rate(rates, "CNY", "USD", REFERENCE, 24).rate
    assert there * back == pytest.approx(1, rel=1e-12)


def test_rows_are_converted_each_from_its_own_currency(small: Catalog) -> None:
    currencies = pd.Series(["USD", "CNY", "USD"], dtype="str", index=[7, 3, 5])
    in_yuan = small.conversion(currencies, "CNY")
    assert in_yuan.tolist() == [8, 1, 8]
    assert in_yuan.index.tolist() == [7, 3, 5]


def test_no_rows_convert_to_no_factors(small: Catalog) -> None:
    factors = small.conversion(pd.Series([], dtype="str"), "XXX")
    assert factors.empty
    assert factors.dtype == float


def test_age_of_a_rate_is_measured_against_the_catalogue(make_catalog: MakeCatalog) -> None:
    # the catalogue is of 2026-08-22: 21 days after the rate
    catalog = make_catalog(exchange_rates=[rate("USD", "CNY", "8")])
    assert catalog.exchange_rate("USD", "CNY", max_age_months=1).rate == 8
    with pytest.raises(MissingExchangeRateError):
        catalog.exchange_rate("USD", "CNY", max_age_months=0.5)


def test_catalogue_without_a_date_has_no_rates(make_catalog: MakeCatalog) -> None:
    with pytest.raises(EmptyCatalogError, match="no offers at all"):
        make_catalog(offers=()).exchange_rate("USD", "CNY")


def test_bundled_rate_is_the_newest_of_its_table(bundled: Catalog) -> None:
    rates = bundled.table("exchange_rates").query("base == 'USD' and quote == 'CNY'")
    newest = rates.sort_values("as_of").iloc[-1]
    found = bundled.exchange_rate("CNY", "USD")
    assert found.rate == pytest.approx(1 / newest["rate"], rel=1e-12)
    assert (found.as_of, found.source) == (newest["as_of"], newest["source"])


def test_rate_of_your_own_is_used_with_its_date_and_source(small: Catalog) -> None:
    own = small.with_exchange_rate("USD", "EUR", 0.8, as_of="2026-08-20", source="my bank")
    there, back = own.exchange_rate("USD", "EUR"), own.exchange_rate("EUR", "USD")
    # 1 / 0.8 = 1.25
    assert (there.rate, back.rate) == (0.8, 1.25)
    assert (there.as_of, there.source) == ("2026-08-20", "my bank")
    assert own.as_of == small.as_of
    with pytest.raises(MissingExchangeRateError):
        small.exchange_rate("USD", "EUR")


@pytest.mark.parametrize(("base", "quote", "rate"), [("USD", "CNY", 10), ("CNY", "USD", 0.1)])
def test_rate_of_your_own_takes_the_place_of_the_one_of_its_date(
    small: Catalog, base: str, quote: str, rate: float
) -> None:
    own = small.with_exchange_rate(base, quote, rate, as_of="2026-08-01", source="my bank")
    assert len(own.table("exchange_rates")) == 1
    assert own.exchange_rate("USD", "CNY").rate == 10
    assert own.table("exchange_rates").dtypes.equals(small.table("exchange_rates").dtypes)


def test_rate_of_your_own_that_is_older_than_the_one_here_is_refused(small: Catalog) -> None:
    with pytest.raises(InvalidInputError, match="holds USD/CNY of 2026-08-01, which is newer"):
        small.with_exchange_rate("CNY", "USD", 0.1, as_of="2026-07-31", source="my bank")


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"base": "euro"}, "base = 'euro': must be three capital letters, such as EUR"),
        ({"quote": 3}, "quote = 3: must be three capital letters"),
        ({"quote": "USD"}, "USD into itself needs no rate"),
        ({"rate": "0.9"}, "rate = '0.9': must be a number"),
        ({"rate": 0.0}, r"rate = 0\.0: must be above 0"),
        ({"rate": float("inf")}, "rate = inf: must be above 0"),
        ({"as_of": "1.8.2026"}, "'1.8.2026' is not YYYY, YYYY-MM or YYYY-MM-DD"),
        ({"as_of": None}, "as_of: give the date of the rate"),
        ({"source": " "}, "source: say who published the rate"),
    ],
)
def test_rate_of_your_own_that_breaks_a_rule_is_refused(
    small: Catalog, wrong: dict[str, Any], said: str
) -> None:
    given: dict[str, Any] = {
        "base": "USD", "quote": "EUR", "rate": 0.9, "as_of": "2026-08-20", "source": "bank",
    }  # fmt: skip
    with pytest.raises(InvalidInputError, match=said):
        small.with_exchange_rate(**{**given, **wrong})


def test_plan_in_another_currency_works_with_rates_of_your_own(bundled: Catalog) -> None:
    need = Requirement(accelerator_types=("T4",), accelerators_per_node=1)
    with pytest.raises(MissingExchangeRateError, match=r"catalog\.with_exchange_rate\('"):
        optimize(need, bundled, currency="EUR")
    as_of = bundled.as_of
    own = bundled.with_exchange_rate("USD", "EUR", 0.8, as_of=as_of, source="bank")
    own = own.with_exchange_rate("CNY", "EUR", 0.1, as_of=as_of, source="bank")
    limits = Limits(providers=("aws",), purchase_options=("on_demand",))
    in_dollars = optimize(need, bundled, limits=limits).require()
    in_euro = optimize(need, own, limits=limits, currency="EUR").require()
    # 1 USD is 0.8 EUR
    assert in_dollars.cost_total is not None
    assert in_euro.cost_total == pytest.approx(0.8 * in_dollars.cost_total)
    assert optimize(need, own, currency="EUR").require().currency == "EUR"
