"""Workload: what all kinds of workload share."""

from typing import Annotated

from pydantic import AfterValidator, Field

from costopt.errors import UnknownNameError
from costopt.precision import KV_FORMATS, WEIGHT_FORMATS
from costopt.workload.limits import Limits
from costopt.written import Names, Written

ANY_PRECISION = ("any",)


def _known_formats(names: tuple[str, ...]) -> tuple[str, ...]:
    """Refuse a number format that is not in the reviewed table."""
    if "any" in names and names != ANY_PRECISION:
        raise ValueError("'any' already means every format: leave the others out")
    for name in names:
        if name not in WEIGHT_FORMATS and names != ANY_PRECISION:
            raise ValueError(str(UnknownNameError("precision", name, [*WEIGHT_FORMATS, "any"])))
    return names


def _known_kv_format(name: str) -> str:
    if name not in KV_FORMATS:
        raise ValueError(str(UnknownNameError("kv_precision", name, KV_FORMATS)))
    return name


Precisions = Annotated[Names, AfterValidator(_known_formats)]
"""One number format, several to choose from, or ``any``."""

KvPrecision = Annotated[str, AfterValidator(_known_kv_format)]
"""Number format of the key-value cache."""


class Workload(Written):
    """What every workload has: a name for people, and limits of its own.

    Attributes:
        name: shown in plans; the kind of workload when left out.
        limits: what this workload needs, on top of the limits of the request.
    """

    name: str = ""
    limits: Limits = Field(default_factory=Limits)
