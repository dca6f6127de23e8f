"""Small catalogues with prices of one's own, and what people ask of them."""

from collections.abc import Callable, Mapping

import pytest

from costopt.catalog.catalog import Catalog

TYPES = ("g4dn.xlarge", "g5.xlarge", "g6.xlarge", "g6e.xlarge", "g5.12xlarge")


@pytest.fixture(scope="session")
def few(bundled: Catalog) -> Catalog:
    """Five types of AWS in us-east-1, on demand and on spot; ten offers."""
    found = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=TYPES,
        purchase_options=["on_demand", "spot"],
    )
    assert len(found) == 10
    return found


@pytest.fixture(scope="session")
def priced(few: Catalog) -> Callable[[Mapping[str, float]], Catalog]:
    """Give offers, named as ``g6.xlarge/spot``, other prices [USD/h]."""

    def with_prices(prices: Mapping[str, float]) -> Catalog:
        keys = {f"aws/us-east-1/{name}": price for name, price in prices.items()}
        return few.with_prices(prices_per_hour=keys)

    return with_prices
