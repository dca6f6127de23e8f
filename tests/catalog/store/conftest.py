"""The small catalogue as versions of a store: in a folder, in memory, and in an S3 of moto's."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import boto3
import fsspec
import pandas as pd
import pytest
from moto.server import ThreadedMotoServer

from costopt.catalog.catalog import Catalog
from costopt.catalog.schema import DATED_MATERIAL, TABLES
from costopt.catalog.store.part import SHARED_TABLES, NewVersion, fresh_parts
from costopt.catalog.store.store import CatalogStore, open_store

FIRST_NIGHT = datetime(2026, 11, 21, 3, 15, tzinfo=UTC)

TablesOf = Callable[..., dict[str, pd.DataFrame]]
NewNight = Callable[..., NewVersion]


@pytest.fixture(scope="session")
def night() -> Callable[[int], datetime]:
    """Return 03:15 UTC of the n-th night; the first is that of 2026-11-21."""
    return lambda number: FIRST_NIGHT + timedelta(days=number - 1)


@pytest.fixture(scope="session")
def tables_of(
    small: Catalog, make_table: Callable[[str, Sequence[dict[str, str]]], pd.DataFrame]
) -> TablesOf:
    """Return all tables of the small catalogue, with every price times a factor."""

    def build(factor: float = 1.0) -> dict[str, pd.DataFrame]:
        dated = {name: make_table(name, ()) for name in DATED_MATERIAL}
        tables = {name: small.table(name) for name in set(TABLES) - DATED_MATERIAL} | dated
        prices = ["recurring_per_hour", "upfront", "effective_per_hour"]
        offers = tables["offers"]
        return {**tables, "offers": offers.assign(**{n: offers[n] * factor for n in prices})}

    return build


@pytest.fixture(scope="session")
def new_night(tables_of: TablesOf, night: Callable[[int], datetime]) -> NewNight:
    """Build the version of a night: the small catalogue, every price times a factor."""

    def build(number: int, started_from: str | None, factor: float = 1.0) -> NewVersion:
        tables = tables_of(factor)
        return NewVersion(
            created_at=night(number),
            started_from=started_from,
            parts=fresh_parts(tables, night(number)),
            shared={name: tables[name] for name in SHARED_TABLES},
        )

    return build


@pytest.fixture
def store(tmp_path: Path) -> CatalogStore:
    """An empty store in a folder that is not there yet."""
    return open_store(tmp_path / "store")


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    """Run moto's server; the query that points a URL to it."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ACCESS_KEY_ID", "testing")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
        patch.setenv("AWS_EC2_METADATA_DISABLED", "true")
        patch.delenv("AWS_PROFILE", raising=False)
        yield f"region=us-east-1&scheme=http&endpoint_override={host}:{port}"
    server.stop()


@pytest.fixture
def s3_url(s3_server: str) -> Iterator[str]:
    """URL of a store in a bucket without anything in it."""
    endpoint = "http://" + s3_server.rsplit("=", 1)[-1]
    s3 = boto3.resource("s3", region_name="us-east-1", endpoint_url=endpoint)
    bucket = s3.create_bucket(Bucket="prices")
    yield f"s3://prices/nightly/store?{s3_server}"
    bucket.objects.all().delete()
    bucket.delete()


@pytest.fixture(params=["folder", "memory", "s3"])
def any_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Address of an empty store in each kind of place."""
    if request.param == "folder":
        yield str(tmp_path / "store")
    elif request.param == "s3":
        yield request.getfixturevalue("s3_url")
    else:
        yield "memory://nightly/store"
        fsspec.filesystem("memory").store.clear()
