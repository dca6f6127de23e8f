"""Plain HTTPS for what no SDK covers: JSON with exact numbers, and files to disk."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

import requests

from costopt.errors import (
    MalformedAnswerError,
    RefusedError,
    ThrottledError,
    UnreachableError,
)
from costopt.fetch.call import Call

TIMEOUT_SECONDS: Final = (5.0, 60.0)
"""To connect, and between two packets [s]."""

BLOCK_BYTES: Final = 1 << 20
"""Read and written at once [B]."""

TOO_MANY: Final = 429
REFUSED: Final = (401, 403)
SERVER_FAULT: Final = 500

IMPLIED_PORTS: Final = {"http": ":80", "https": ":443"}
"""Port of a scheme; the links of the Azure Retail Prices API spell it out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Http:
    """Asks one host; answers that lead to another are refused.

    Attributes:
        base_url: address under which every question starts.
        permission: what a refused call lacks, for messages.
        timeout_seconds: to connect, and between two packets [s].
    """

    base_url: str
    permission: str = "to read public prices"
    timeout_seconds: tuple[float, float] = TIMEOUT_SECONDS

    def json(self, call: Call, path: str, parameters: Mapping[str, str] | None = None) -> Any:
        """Return the JSON value at an address; numbers with a point as ``Decimal``.

        Args:
            call: for messages.
            path: below the base address, or a whole address on the same host.
            parameters: of the query.

        Raises:
            FetchError: no answer, or none that can be read.
        """
        answer = self._get(call, path, parameters, stream=False)
        try:
            return json.loads(answer.content, parse_float=Decimal)
        except ValueError as error:
            raise MalformedAnswerError(str(call), str(error)) from None

    def save(self, call: Call, path: str, target: Path) -> None:
        """Write the file at an address to disk, whole or not at all.

        Raises:
            FetchError: no answer, or one that ends early.
        """
        part = target.with_suffix(target.suffix + ".part")
        answer = self._get(call, path, None, stream=True)
        try:
            with part.open("wb") as file:
                for block in answer.iter_content(BLOCK_BYTES):
                    file.write(block)
        except requests.RequestException as error:
            raise UnreachableError(str(call), type(error).__name__) from None
        finally:
            answer.close()
        part.replace(target)

    def _get(
        self, call: Call, path: str, parameters: Mapping[str, str] | None, *, stream: bool
    ) -> requests.Response:
        try:
            answer = requests.get(
                self._address(call, path),
                params=parameters,
                timeout=self.timeout_seconds,
                stream=stream,
            )
        except requests.RequestException as error:
            raise UnreachableError(str(call), type(error).__name__) from None
        self._refuse_failed(call, answer)
        return answer

    def _address(self, call: Call, path: str) -> str:
        """Return the whole address; a page of another host is not followed."""
        base = self.base_url.rstrip("/")
        if "://" not in path:
            return f"{base}/{path.lstrip('/')}"
        if _place(path) != _place(base):
            raise MalformedAnswerError(str(call), f"it leads to {urlsplit(path).netloc}")
        return path

    def _refuse_failed(self, call: Call, answer: requests.Response) -> None:
        status = answer.status_code
        if status == TOO_MANY:
            raise ThrottledError(str(call), _seconds(answer.headers.get("Retry-After", "")))
        if status in REFUSED:
            raise RefusedError(str(call), self.permission, f"HTTP {status}")
        if status >= SERVER_FAULT:
            raise UnreachableError(str(call), f"HTTP {status}")
        if not answer.ok:
            raise MalformedAnswerError(str(call), f"HTTP {status}")


def _place(address: str) -> tuple[str, str]:
    """Return scheme and host; a port that the scheme implies is no other place."""
    parts = urlsplit(address)
    return parts.scheme, parts.netloc.removesuffix(IMPLIED_PORTS.get(parts.scheme, " "))


def _seconds(text: str) -> float | None:
    """Read a Retry-After header in seconds; a date there is no wish we follow."""
    return float(text) if text.strip().isdigit() else None
