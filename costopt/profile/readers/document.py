"""Document: one JSON object of a result file, whose figures are read by their path."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from pathlib import Path
from typing import Any, Final

from costopt.errors import InvalidInputError

BLANK: Final = re.compile(r"\s*")
"""What may stand between two objects."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """One JSON object of a result file.

    Attributes:
        place: the file, and where in it the object stands, for messages.
        values: the object.
    """

    place: str
    values: Mapping[str, Any]

    def find(self, path: str) -> Any:
        """Return what stands at a path such as ``metrics.ttft.mean``; None where nothing does.

        Args:
            path: names, separated by dots.
        """
        found: Any = self.values
        for name in path.split("."):
            if not isinstance(found, Mapping):
                return None
            found = found.get(name)
        return found

    def number(self, *paths: str, written_by: str = "") -> float:
        """Return the finite number at the first of the paths that holds something.

        Args:
            *paths: alternatives, the best first.
            written_by: which option of the tool writes it, for the message when it is missing.

        Raises:
            InvalidInputError: none of them holds anything, or not a finite number.
        """
        for path in paths:
            if (found := self.find(path)) is not None:
                return self._finite(path, found)
        hint = f"; {written_by}" if written_by else ""
        raise InvalidInputError(self.place, [f"{' or '.join(paths)} is missing{hint}"])

    def _finite(self, path: str, found: Any) -> float:
        is_number = isinstance(found, int | float) and not isinstance(found, bool)
        if not is_number or not isfinite(found):
            raise InvalidInputError(self.place, [f"{path} = {found!r}: must be a finite number"])
        return float(found)

    def whole(self, *paths: str, written_by: str = "") -> int:
        """Return the whole number at the first of the paths that holds something.

        Args:
            *paths: alternatives, the best first.
            written_by: which option of the tool writes it, for the message when it is missing.

        Raises:
            InvalidInputError: none of them holds anything, or not a whole number of at least 0.
        """
        found = self.number(*paths, written_by=written_by)
        if not found.is_integer() or found < 0:
            raise InvalidInputError(
                self.place, [f"{paths[0]} = {found:g}: must be a whole number of at least 0"]
            )
        return int(found)

    def text(self, *paths: str) -> str | None:
        """Return the first text that is not empty at one of the paths.

        Args:
            *paths: alternatives, the best first.
        """
        found = (self.find(path) for path in paths)
        return next((text for text in found if isinstance(text, str) and text), None)


def file_text(path: str | Path) -> str:
    """Return what a file holds.

    Args:
        path: of the file.

    Raises:
        InvalidInputError: it cannot be read, is not text, or is empty.
    """
    try:
        text = Path(path).read_text(encoding="utf-8-sig")
    except OSError as error:
        problem = f"it cannot be read ({error.strerror}); name the file that the tool wrote"
    except UnicodeDecodeError:
        problem = "this is not a text file in UTF-8; name the file that the tool wrote"
    else:
        if text.strip():
            return text
        problem = "the file is empty: the tool was stopped before it wrote its result"
    raise InvalidInputError(str(path), [problem])


def json_documents(text: str, place: str) -> list[Document]:
    """Return the objects in a JSON text, in a JSON list of them, or one on each line.

    Args:
        text: of the file.
        place: the file, for messages.

    Raises:
        InvalidInputError: the text is not whole JSON, or holds something else than objects.
    """
    found: list[Any] = []
    position, decoder = _after_blank(text, 0), json.JSONDecoder()
    while position < len(text):
        try:
            value, position = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise InvalidInputError(
                place,
                [
                    f"not whole JSON (line {error.lineno}, column {error.colno}: {error.msg}): "
                    "the file was cut short, or edited; measure again"
                ],
            ) from None
        found += value if isinstance(value, list) else [value]
        position = _after_blank(text, position)
    if not found or not all(isinstance(value, dict) for value in found):
        raise InvalidInputError(place, ["the file holds no result of a benchmark"])
    several = len(found) > 1
    return [
        Document(place=f"{place}, result {number}" if several else place, values=value)
        for number, value in enumerate(found, start=1)
    ]


def _after_blank(text: str, position: int) -> int:
    blank = BLANK.match(text, position)
    return blank.end() if blank else position
