"""Files of a snapshot over HTTP, within bounded time, or one sentence that says why not."""

from collections.abc import Callable
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

from costopt.errors import CatalogFileError

if TYPE_CHECKING:
    import requests

CONNECT_SECONDS: Final = 10.0
"""How long a server may take to accept a connection."""

SILENCE_SECONDS: Final = 30.0
"""How long a server may say nothing before or within an answer."""

FILE_SECONDS: Final = 300.0
"""How long one file may take in all."""

_CHUNK_BYTES: Final = 1024
_ABSENT: Final = (404, 410)
_NEXT_STEP: Final = "Check the URL and the network, or open a copy in a folder."


def is_web_place(place: str) -> bool:
    """Return whether a place is a URL of HTTP or HTTPS."""
    return place.lower().startswith(("http://", "https://"))


def file_url(place: str, name: str) -> str:
    """Return the URL of a file below a place; a query of the place stays behind the name.

    >>> file_url("https://example.org/catalogue/?version=3", "offers.csv")
    'https://example.org/catalogue/offers.csv?version=3'
    """
    parts = urlsplit(place)
    return parts._replace(path=f"{parts.path.rstrip('/')}/{name}").geturl()


def read_web_file(url: str, clock: Callable[[], float] = monotonic) -> bytes:
    """Read one file.

    Args:
        url: of the file.
        clock: seconds since any moment [s].

    Raises:
        FileNotFoundError: the server has no such file.
        CatalogFileError: the server cannot be reached, refuses, breaks off, or is too slow.
    """
    import requests

    refuse = partial(CatalogFileError, url, next_step=_NEXT_STEP)
    try:
        with requests.get(url, stream=True, timeout=(CONNECT_SECONDS, SILENCE_SECONDS)) as answer:
            if answer.status_code in _ABSENT:
                raise FileNotFoundError(url)
            if not answer.ok:
                raise refuse(f"the server answered {answer.status_code} {answer.reason}")
            return _body(answer, url, clock)
    except requests.Timeout as error:
        raise refuse(
            f"the server did not answer within {CONNECT_SECONDS:g} s, or was silent for "
            f"{SILENCE_SECONDS:g} s"
        ) from error
    except requests.exceptions.SSLError as error:
        raise refuse("the certificate of the server is not accepted") from error
    except requests.ConnectionError as error:
        raise refuse("the server cannot be reached, or broke off") from error
    except requests.RequestException as error:
        raise refuse(f"cannot be read ({type(error).__name__})") from error


def _body(answer: "requests.Response", url: str, clock: Callable[[], float]) -> bytes:
    """Collect an answer in small pieces, so that a slow server is noticed."""
    started = clock()
    payload = bytearray()
    for piece in answer.iter_content(_CHUNK_BYTES):
        payload += piece
        if clock() - started > FILE_SECONDS:
            raise CatalogFileError(
                url, f"took longer than {FILE_SECONDS:g} s and was given up", _NEXT_STEP
            )
    return bytes(payload)
