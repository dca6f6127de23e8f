"""Other places than a folder take a version and its report, too."""

from collections.abc import Callable, Iterator

import boto3
import fsspec
import pytest
from moto.server import ThreadedMotoServer

from costopt.catalog.store.part import SHARED_TABLES, NewVersion, fresh_parts
from costopt.catalog.store.place import file_system_of
from costopt.catalog.store.store import CatalogStore, open_store
from costopt.refresh.run import RefreshResult


@pytest.fixture(params=["memory", "s3"])
def url(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Address of a store in memory, and of one in an S3 of moto's."""
    if request.param == "memory":
        yield "memory://refreshed/store"
        fsspec.filesystem("memory").store.clear()
        return
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    boto3.resource("s3", region_name="us-east-1", endpoint_url=endpoint).create_bucket(
        Bucket="prices"
    )
    yield f"s3://prices/store?region=us-east-1&scheme=http&endpoint_override={host}:{port}"
    server.stop()


def test_version_and_report_go_to_a_store_at_a_url(
    refreshed: Callable[..., RefreshResult], store: CatalogStore, url: str
) -> None:
    before = store.version()
    tables = {name: before.table(name) for name in ("offers", "instance_types", "regions")}
    at = before.manifest.created_at
    parts = (part for part in fresh_parts(tables, at) if part.provider in ("aws", "azure"))
    shared = {name: before.table(name) for name in SHARED_TABLES}
    remote = open_store(url)
    remote.publish(NewVersion(created_at=at, started_from=None, parts=tuple(parts), shared=shared))
    result = refreshed(store=url)
    assert remote.latest_id() == result.version
    system, root = file_system_of(url)
    for kind in ("json", "html"):
        report = system.cat_file(f"{root}/reports/{result.version}.{kind}")
        assert result.version.encode() in report
