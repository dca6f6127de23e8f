"""What a region sells and at which spot prices, as the local server tells it."""

from collections.abc import Callable
from typing import Any

import pytest

A10 = "ecs.gn7i-c8g1.2xlarge"


@pytest.fixture
def spot_price() -> Callable[..., dict[str, Any]]:
    """Make one record of a spot price."""

    def make(price: float, zone: str = "cn-test-a", **fields: Any) -> dict[str, Any]:
        return {
            "ZoneId": zone,
            "InstanceType": A10,
            "SpotPrice": price,
            "OriginPrice": 10.0,
            "Timestamp": "2026-11-21T02:00:00Z",
            "NetworkType": "vpc",
            "IoOptimized": "optimized",
            **fields,
        }

    return make


@pytest.fixture
def selling(ecs: Any, a10_type: Callable[..., dict[str, Any]]) -> Any:
    """A region that sells one A10 type by the hour in one zone, for 10 CNY."""
    ecs.types([a10_type()])
    ecs.stock("on_demand", {"cn-test-a": {A10: "WithStock"}})
    ecs.price(10.0, 10.0)
    return ecs
