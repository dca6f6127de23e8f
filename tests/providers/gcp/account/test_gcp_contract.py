"""Contract prices over real HTTP: composed as list prices are, kept where they differ."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from werkzeug import Response

from costopt.catalog.schema import OFFERS
from costopt.errors import MalformedAnswerError, RefusedError, UnreachableError
from costopt.fetch.fetched import FetchedRegion
from costopt.fetch.recording import RecordingWire, ReplayingWire
from costopt.fetch.redact import Redaction
from costopt.fetch.wire import LiveWire

Json = dict[str, Any]
Fetch = Callable[..., FetchedRegion]

ACCOUNT = "0A1B2C-3D4E5F-6A7B8C"
CORE, MEMORY, ACCELERATOR = (
    "A2 Instance Core running",
    "A2 Instance Ram running ",
    "Nvidia Tesla A100 GPU ru",
)
"""Ids of the SKUs that the server lists."""

PRICES = "/skus/-/prices"


def own(sku: str, nanos: int, unit: str = "h", currency: str = "USD", **more: Any) -> Json:
    """Return a price of the billing account as the Pricing API writes it."""
    paid = {"currencyCode": currency, "nanos": nanos}
    tier = {"startAmount": {"value": "0"}, "listPrice": paid, "contractPrice": paid, **more}
    return {
        "name": f"billingAccounts/{ACCOUNT}/skus/{sku}/price",
        "currencyCode": currency,
        "valueType": "rate",
        "rate": {
            "tiers": [tier],
            "unitInfo": {"unit": unit, "unitQuantity": {"value": "1"}},
            "aggregationInfo": {"level": "LEVEL_ACCOUNT"},
        },
        "priceReason": {"type": "fixed-price"},
    }


@pytest.fixture
def tell(cloud: Any) -> Callable[..., None]:
    def tell_pages(*pages: list[Json]) -> None:
        cloud.account[PRICES] = ("billingAccountPrices", list(pages))

    tell_pages([])
    return tell_pages


@pytest.fixture
def fetch_own(fetch: Fetch) -> Fetch:
    def fetch_account(**given: Any) -> FetchedRegion:
        return fetch(**{"account": True, "billing_account": ACCOUNT, **given})

    return fetch_account


def test_contract_price_is_composed_and_keeps_the_list_price_in_its_trail(
    cloud: Any, tell: Callable[..., None], fetch_own: Fetch
) -> None:
    tell([own("OTHER", 1), own(CORE, 31_611_000)], [], [own(ACCELERATOR, 2_000_000_000)])
    fetched = fetch_own()
    (listed,) = fetched.offers
    (paid,) = fetched.account_offers
    assert listed["recurring_per_hour"] == 3.673385
    # 12 x 0.031611 + 85 x 0.004237 + 2 = 0.379332 + 0.360145 + 2
    assert paid["recurring_per_hour"] == 2.739477
    assert paid["trail"] == "Google Cloud contract price: list 3.673385 USD -> paid 2.739477 USD"
    assert set(paid) == {column.name for column in OFFERS.columns}
    assert str(paid["source"]).startswith(
        "Cloud Billing Pricing API billingAccounts.skus.prices.list: "
    )
    assert paid["as_of"] == "2026-11-21"
    assert fetched.findings == ()
    asked = cloud.asked(PRICES)
    assert asked[0].path == f"/billing/v1beta/billingAccounts/{ACCOUNT}/skus/-/prices"
    assert [one.args.get("pageToken") for one in asked] == [None, "1", "2"]
    assert {(one.args["pageSize"], one.args["currencyCode"]) for one in asked} == {("5000", "USD")}
    assert {one.headers["Authorization"] for one in asked} == {"Bearer ya29.planted-access-token"}


def test_price_that_is_the_lists_is_no_price_of_the_account(
    tell: Callable[..., None], fetch_own: Fetch
) -> None:
    tell([own(CORE, 31_611_000), own(MEMORY, 4_237_000, "GiBy.h")])
    assert fetch_own().account_offers == ()


@pytest.mark.parametrize("given", [{"account": False}, {"billing_account": ""}])
def test_contract_prices_are_asked_for_an_account_alone(
    cloud: Any, tell: Callable[..., None], fetch_own: Fetch, given: Json
) -> None:
    tell([own(CORE, 1)])
    assert fetch_own(**given).account_offers == ()
    assert cloud.asked(PRICES) == []


def test_sku_without_a_contract_price_is_paid_as_listed(
    tell: Callable[..., None], fetch_own: Fetch
) -> None:
    without = own(CORE, 1)
    del without["rate"]["tiers"][0]["contractPrice"]
    tell([without, own(ACCELERATOR, 2_000_000_000)])
    assert [row["recurring_per_hour"] for row in fetch_own().account_offers] == [2.739477]


def test_price_for_more_than_one_unit_is_divided(
    tell: Callable[..., None], fetch_own: Fetch
) -> None:
    tenfold = own(CORE, 200_000_000)
    tenfold["rate"]["unitInfo"]["unitQuantity"]["value"] = "10"
    tell([tenfold])
    # 12 x 0.02 + 0.360145 + 2.933908
    assert [row["recurring_per_hour"] for row in fetch_own().account_offers] == [3.534053]


def test_prices_in_the_accounts_currency_are_kept_in_it(
    tell: Callable[..., None], fetch_own: Fetch
) -> None:
    tell(
        [
            own(CORE, 30_000_000, currency="EUR"),
            own(MEMORY, 4_000_000, "GiBy.h", currency="EUR"),
            own(ACCELERATOR, 2_500_000_000, currency="EUR"),
        ]
    )
    (paid,) = fetch_own().account_offers
    # 12 x 0.03 + 85 x 0.004 + 2.5
    assert (paid["recurring_per_hour"], paid["currency"]) == (3.2, "EUR")


def test_parts_in_two_currencies_are_no_price(tell: Callable[..., None], fetch_own: Fetch) -> None:
    tell([own(CORE, 30_000_000, currency="EUR")])
    fetched = fetch_own()
    assert len(fetched.offers) == 1
    assert fetched.account_offers == ()
    (finding,) = fetched.findings
    assert (finding.check, finding.table) == ("currency_mixed", "account")


@pytest.mark.parametrize(
    ("odd", "check"),
    [
        (own(ACCELERATOR, 0), "price_not_positive"),
        (own(ACCELERATOR, 1, unit="mo"), "unit_unknown"),
        (own(ACCELERATOR, 1, currency=""), "currency_missing"),
        (own(ACCELERATOR, 1, startAmount={"value": "9"}), "price_missing"),
    ],
)
def test_odd_price_leaves_the_account_without_one_and_never_mixes_in_the_list(
    tell: Callable[..., None], fetch_own: Fetch, odd: Json, check: str
) -> None:
    tell([own(CORE, 1_000_000), odd])
    fetched = fetch_own()
    assert len(fetched.offers) == 1
    assert fetched.account_offers == ()
    assert [(one.check, one.table) for one in fetched.findings] == [
        (check, "account"),
        ("component_missing", "account"),
    ]


def test_machine_priced_with_its_accelerator_is_never_composed_otherwise(
    cloud: Any, tell: Callable[..., None], fetch_own: Fetch
) -> None:
    cloud.machine_types["us-central1-a"] = [
        [cloud.machine_type("a2-highgpu-1g", 12, 85, "nvidia-tesla-a100", 1)]
    ]
    slices = cloud.sku("A2 Nvidia Tesla A100 (1 gpu slice)", "3.5", sku_id="SLICE")
    cloud.skus[0].append(slices)
    tell([own("SLICE", 0), own(CORE, 1_000_000)])
    fetched = fetch_own()
    # the slice alone is listed; its own price cannot be read, and parts do not stand in for it
    assert [row["recurring_per_hour"] for row in fetched.offers] == [3.5]
    assert fetched.account_offers == ()


def test_one_throttle_is_waited_out(
    cloud: Any, tell: Callable[..., None], fetch_own: Fetch, waits: list[float]
) -> None:
    tell([own(ACCELERATOR, 2_000_000_000)])
    cloud.fail(PRICES, 429, headers={"Retry-After": "3"})
    assert len(fetch_own().account_offers) == 1
    assert len(cloud.asked(PRICES)) == 2
    assert waits == [3.0]


def test_refusal_names_the_permission_and_no_billing_account(
    cloud: Any, tell: Callable[..., None], fetch_own: Fetch
) -> None:
    cloud.fail(PRICES, 403, reason="forbidden")
    with pytest.raises(RefusedError, match=r"billing\.billingAccountPrice\.get") as caught:
        fetch_own()
    assert ACCOUNT not in str(caught.value)
    assert len(cloud.asked(PRICES)) == 1


@pytest.mark.parametrize(
    "body", ["<html>busy</html>", "[1, 2]", '{"billingAccountPrices": [{"name": "no sku"}]}']
)
def test_body_that_cannot_be_read_is_no_list_price(
    cloud: Any, tell: Callable[..., None], fetch_own: Fetch, body: str
) -> None:
    cloud.answer_first(PRICES, lambda: Response(body, mimetype="application/json"))
    with pytest.raises(MalformedAnswerError):
        fetch_own()


def test_late_answer_names_no_billing_account(
    cloud: Any, tell: Callable[..., None], fetch_own: Fetch
) -> None:
    cloud.hang(PRICES)
    with pytest.raises(UnreachableError) as caught:
        fetch_own(timeout_seconds=0.2)
    assert ACCOUNT not in str(caught.value)


def test_recording_of_an_account_replays_and_names_nobody(
    cloud: Any,
    owned: Any,
    tell: Callable[..., None],
    open_source: Callable[..., Any],
    make_context: Callable[..., Any],
    tmp_path: Path,
) -> None:
    tell([own(ACCELERATOR, 2_000_000_000), own("OTHER", 1)])
    owned.tell("commitments", [owned.a2(2)])
    owned.tell("instances", [owned.instance("a2-highgpu-1g", "nvidia-tesla-a100")])
    owned.tell("reservations", [owned.reservation("a2-highgpu-1g", 4, 1)])
    source = open_source(billing_account=ACCOUNT)
    wire = RecordingWire(
        wire=LiveWire(), folder=tmp_path, redaction=Redaction.hiding(source.secrets())
    )
    first = _both(source, make_context(wire=wire, account=True))
    seen = len(cloud.asked())
    replayed = open_source(
        project="anybody", access_token=None, billing_account="AAAAAA-AAAAAA-AAAAAA"
    )
    again = _both(replayed, make_context(wire=ReplayingWire(folder=tmp_path), account=True))
    assert again == first
    assert len(cloud.asked()) == seen
    written = "".join(f"{path.name} {path.read_text()}" for path in sorted(tmp_path.iterdir()))
    assert "ACCELERATOR_OPTIMIZED" in written
    assert "inUseCount" in written
    assert "OTHER" not in written
    assert ACCOUNT in source.secrets()
    assert ACCOUNT not in repr(source.settings)
    for secret in (ACCOUNT, "planted", "4711", "https://"):
        assert secret not in written
        assert secret not in repr(first)


def _both(source: Any, context: Any) -> tuple[Any, Any]:
    return source.fetch("us-central1", context), source.account("us-central1", context)
