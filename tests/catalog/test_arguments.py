"""Arguments of a wrong Python type: one sentence each, before anything is computed."""

from typing import Any

import pytest

from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError


@pytest.mark.parametrize(
    ("conditions", "said"),
    [
        ({"min_vram_gib": "80"}, "min_vram_gib = '80': must be a number, such as 0.5, not in"),
        ({"max_price_per_hour": [1]}, r"max_price_per_hour = \[1\]: must be a number"),
        ({"max_price_per_hour": True}, "max_price_per_hour = True: must be a number"),
        ({"providers": [3]}, r"providers = \[3\]: must be a name, or a list of names"),
        ({"providers": 3}, "providers = 3: must be a name"),
        ({"regions": {"us": 1}}, "regions = .*: must be a name"),
        ({"countries": [None]}, "countries = .*: must be a name"),
    ],
)
def test_condition_of_a_wrong_type_is_named(
    small: Catalog, conditions: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInputError, match=f"filter: {said}"):
        small.filter(**conditions)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"discounts": {"aws/*/p5.*": "10%"}}, r"discounts: aws/\*/p5\.\* = '10%': must be a"),
        ({"discounts": [1]}, r"discounts: \[1\] must map keys such as 'aws/\*/p5\.\*'"),
        ({"discounts": {1: 0.1}}, r"discounts: \{1: 0\.1\} must map keys"),
        ({"prices_per_hour": {"aws": None}}, "prices_per_hour: aws = None: must be a number"),
        ({"prices_per_hour": "aws"}, "prices_per_hour: 'aws' must map keys"),
        ({"reason": 7}, "reason: say where your prices come from"),
    ],
)
def test_own_price_of_a_wrong_type_is_named(
    small: Catalog, arguments: dict[str, Any], said: str
) -> None:
    with pytest.raises(InvalidInputError, match=said):
        small.with_prices(**arguments)


@pytest.mark.parametrize("other", ["x", None, 3])
def test_only_catalogues_can_be_joined(small: Catalog, other: Any) -> None:
    with pytest.raises(InvalidInputError, match=f"merge: {other!r} is not a Catalog; open one"):
        small.merge(other)
