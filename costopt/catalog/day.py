"""Day: one ISO 8601 day, as people write it."""

from datetime import datetime
from typing import Annotated

from pydantic import AfterValidator, Strict


def _day(text: str) -> str:
    """Refuse what is not a whole ISO 8601 day."""
    try:
        datetime.strptime(text, "%Y-%m-%d")
    except ValueError:
        text = ""
    if len(text) != len("2026-01-31"):
        raise ValueError("must be a day such as 2026-01-31")
    return text


Day = Annotated[str, Strict(), AfterValidator(_day)]
"""One ISO 8601 day."""
