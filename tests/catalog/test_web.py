"""Catalogues over HTTP, from a local server: read, and refused in one sentence each."""

import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from costopt.catalog import web
from costopt.catalog.catalog import Catalog
from costopt.catalog.web import FILE_SECONDS, file_url, is_web_place, read_web_file
from costopt.errors import CatalogFileError

WriteSnapshot = Callable[..., Path]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[HTTPServer]:
    """A local server, reached without any proxy that the machine may have."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with HTTPServer(host="127.0.0.1") as running:
        yield running


@pytest.fixture
def served(server: HTTPServer, write_snapshot: WriteSnapshot) -> tuple[Path, str]:
    """The small catalogue in a folder, and the URL at which the server gives its files."""
    folder = write_snapshot()

    def answer(request: Request) -> Response:
        path = folder / request.path.removeprefix("/small/")
        return Response(path.read_bytes()) if path.exists() else Response(status=404)

    server.expect_request(re.compile("/small/.*")).respond_with_handler(answer)
    return folder, server.url_for("/small")


def refusal(url: str, table: str = "offers") -> str:
    with pytest.raises(CatalogFileError) as caught:
        Catalog.open(url).table(table)
    return str(caught.value)


def test_catalogue_opens_from_a_web_server(served: tuple[Path, str], small: Catalog) -> None:
    _, url = served
    opened = Catalog.open(url)
    assert opened.fingerprint == small.fingerprint
    assert opened.place == url
    assert Catalog.open(f"{url}/").fingerprint == small.fingerprint
    assert opened.table("spot_history").empty


def test_file_that_the_server_lacks_is_named(served: tuple[Path, str]) -> None:
    folder, url = served
    (folder / "regions.csv").unlink()
    assert refusal(url).startswith(f"{url}/regions.csv: is not there. Check the path")
    (folder / "manifest.json").unlink()
    assert refusal(url).startswith(f"{url}/manifest.json: is not there.")


def test_file_that_was_edited_or_cut_short_on_the_server_is_refused(
    served: tuple[Path, str],
) -> None:
    folder, url = served
    path = folder / "offers.csv"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b",96.0,", b",69.0,"))
    assert path.read_bytes() != whole
    assert f"{url}/offers.csv: was edited: its sha256 is not" in refusal(url)
    path.write_bytes(whole[:-10])
    assert f"{url}/offers.csv: is cut short: 10 of {len(whole)} bytes" in refusal(url)


@pytest.mark.parametrize("status", [403, 500, 503])
def test_refusing_server_is_quoted(server: HTTPServer, status: int) -> None:
    server.expect_request("/small/manifest.json").respond_with_data("sorry", status=status)
    assert f"/small/manifest.json: the server answered {status} " in refusal(
        server.url_for("/small")
    )


def test_address_without_a_server_gives_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    # closed again, so that nobody listens at the port
    assert refusal(f"http://127.0.0.1:{port}/x") == (
        f"http://127.0.0.1:{port}/x/manifest.json: the server cannot be reached, or broke off. "
        "Check the URL and the network, or open a copy in a folder."
    )


def test_silent_server_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(web, "SILENCE_SECONDS", 0.05)
    # it accepts connections into its backlog and never says a word
    with socket.create_server(("127.0.0.1", 0)) as silent:
        message = refusal(f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert "did not answer within 10 s, or was silent for 0.05 s" in message


def test_slow_file_is_given_up_after_its_time(served: tuple[Path, str]) -> None:
    _, url = served
    times = iter([0.0, FILE_SECONDS + 0.001])
    with pytest.raises(CatalogFileError, match=r"offers\.csv: took longer than 300 s"):
        read_web_file(f"{url}/offers.csv", clock=lambda: next(times))


@pytest.mark.parametrize("url", ["http://", "http://[::1", "http://127.0.0.1:port"])
def test_address_that_is_none_gives_one_sentence(url: str) -> None:
    assert refusal(url).startswith("http://")


def test_only_http_is_read_here_and_queries_stay_behind_the_name() -> None:
    assert is_web_place("HTTPS://example.org/x")
    assert not any(map(is_web_place, ("s3://bucket", "memory://x", "http", "folder/http://x")))
    url = file_url("https://example.org/x?signature=1", "offers.csv")
    assert url == "https://example.org/x/offers.csv?signature=1"
