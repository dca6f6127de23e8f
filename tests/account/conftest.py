"""Three instance types on demand, what each works off, and an account's CSV file."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

from costopt.catalog.catalog import Catalog
from costopt.workload.requirement import Requirement

HEADER = (
    "fact,key,step,amount,currency,from_spend,limit,used,kind,count,paid_per_hour,name,as_of,"
    "expires"
)


@pytest.fixture(scope="session")
def three(bundled: Catalog) -> Catalog:
    """p5.4xlarge at 6.88, g6e.xlarge at 1.861 and g6e.12xlarge at 10.49264 USD/h."""
    found = bundled.filter(
        providers=["aws"],
        regions=["us-east-1"],
        instance_types=["p5.4xlarge", "g6e.xlarge", "g6e.12xlarge"],
        purchase_options=["on_demand"],
    )
    prices = found.offers.set_index("instance_type")["effective_per_hour"].to_dict()
    assert prices == {"p5.4xlarge": 6.88, "g6e.xlarge": 1.861, "g6e.12xlarge": 10.49264}
    assert found.as_of == "2026-08-22"
    return found


@pytest.fixture(scope="session")
def seventy() -> Requirement:
    """70 a second: 2 x p5.4xlarge (35 each, 13.76/h) or 7 x g6e.xlarge (10 each, 13.027/h)."""
    return Requirement(
        throughput_per_second={"p5.4xlarge": 35.0, "g6e.xlarge": 10.0}, demand_per_second=70.0
    )


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., Path]:
    """Write rows below the header into a CSV file."""

    def write(*rows: str, header: str = HEADER) -> Path:
        path = tmp_path / "account.csv"
        path.write_text("\n".join((header, *rows)) + "\n", encoding="utf-8")
        return path

    return write


@pytest.fixture(scope="session")
def planned(three: Catalog) -> Catalog:
    """The three types with rates of a compute savings plan: half the price on demand."""
    offers = three.offers
    rates = offers.assign(
        purchase_option="savings_plan",
        kind="compute",
        term_years=1.0,
        payment="all",
        term_hours=8760.0,
        recurring_per_hour=0.0,
        upfront=offers["effective_per_hour"] * 0.5 * 8760.0,
        effective_per_hour=offers["effective_per_hour"] * 0.5,
    )
    both = pd.concat([offers, rates], ignore_index=True)
    return three.with_offers(both.astype(offers.dtypes.to_dict()))
