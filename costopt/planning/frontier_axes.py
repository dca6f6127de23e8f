"""What a frontier can go over: limits and latencies, which way each loosens, where it belongs."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite
from numbers import Real
from typing import Any, Final

from costopt.errors import InvalidInputError, UnknownNameError
from costopt.workload.limits import Limits
from costopt.workload.request import AnyWorkload

SUBJECT: Final = "frontier"

LOOSER_WHEN_HIGHER: Final = frozenset(
    {"max_ttft_ms", "max_tpot_ms", "max_latency_ms", "deadline_hours", "max_spot_fraction",
     "budget", "max_distinct_types"}
)  # fmt: skip
"""What allows more the higher it is."""

LOOSER_WHEN_LOWER: Final = frozenset(
    {"percentile", "served_after_loss", "survive_pool_losses", "min_pools", "availability"}
)
"""What allows more the lower it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Axis:
    """What a frontier goes over.

    Attributes:
        name: of the field.
        is_limit: True for a field of the request's limits, False for one of the workloads.
        is_looser_when_higher: which way it allows more.
    """

    name: str
    is_limit: bool
    is_looser_when_higher: bool

    def ordered(self, values: Sequence[float]) -> list[float]:
        """Return values from the strictest to the loosest."""
        return sorted(values, reverse=not self.is_looser_when_higher)

    def applied(
        self, workloads: Sequence[AnyWorkload], limits: Limits, value: float
    ) -> tuple[tuple[AnyWorkload, ...], Limits]:
        """Return the workloads and limits with the value in place.

        Raises:
            InvalidInputError: the value breaks a rule of its field.
        """
        if self.is_limit:
            given = {name: getattr(limits, name) for name in limits.model_fields_set}
            return tuple(workloads), Limits(**(given | {self.name: value}))
        return tuple(self._set(one, value) for one in workloads), limits

    def _set(self, workload: AnyWorkload, value: float) -> AnyWorkload:
        if not _has(workload, self.name):
            return workload
        given: dict[str, Any] = {
            name: getattr(workload, name) for name in workload.model_fields_set
        }
        return type(workload)(**(given | {self.name: value}))


def axis_of(over: str, workloads: Sequence[AnyWorkload]) -> Axis:
    """Return what a frontier goes over.

    Args:
        over: name of a field of the limits or of a workload.
        workloads: of the request.

    Raises:
        UnknownNameError: a frontier cannot go over that.
        InvalidInputError: no workload has the field.
    """
    known = {
        name
        for name in LOOSER_WHEN_HIGHER | LOOSER_WHEN_LOWER
        if name in Limits.model_fields or any(name in type(w).model_fields for w in workloads)
    }
    if over not in known:
        if over in LOOSER_WHEN_HIGHER | LOOSER_WHEN_LOWER:
            named = ", ".join(sorted(known))
            raise InvalidInputError(
                SUBJECT,
                [f"over = {over!r}: no workload has it; here it can be {named}"],
            )
        raise UnknownNameError("frontier over", str(over), known)
    is_limit = over in Limits.model_fields
    if not is_limit and not any(_has(one, over) for one in workloads):
        raise InvalidInputError(
            SUBJECT, [f"over = {over!r}: the workload is not of the kind that it limits"]
        )
    return Axis(name=over, is_limit=is_limit, is_looser_when_higher=over in LOOSER_WHEN_HIGHER)


def _has(workload: AnyWorkload, name: str) -> bool:
    """Return whether a field limits a workload: tokens have no sample latency, and so on."""
    if name not in type(workload).model_fields:
        return False
    traffic = getattr(workload, "traffic", None)
    if name in ("max_ttft_ms", "max_tpot_ms"):
        return traffic is not None
    if name == "max_latency_ms":
        return traffic is None
    return True


def checked_values(values: Sequence[float]) -> tuple[float, ...]:
    """Return the values of a frontier as plain numbers.

    Raises:
        InvalidInputError: there are none, one is no finite number, they are not sorted, or one
            stands there twice.
    """
    if isinstance(values, str) or not hasattr(values, "__iter__"):
        raise InvalidInputError(SUBJECT, [f"values = {values!r}: give a list of numbers"])
    given = [value.item() if hasattr(value, "item") else value for value in values]
    if not given:
        raise InvalidInputError(SUBJECT, ["values is empty; give at least one number"])
    bad = [
        value
        for value in given
        if isinstance(value, bool) or not isinstance(value, Real) or not isfinite(value)
    ]
    if bad:
        raise InvalidInputError(SUBJECT, [f"values holds {bad[0]!r}, which is no finite number"])
    if given not in (sorted(set(given)), sorted(set(given), reverse=True)):
        raise InvalidInputError(
            SUBJECT, [f"values = {given}: sort them, each once; up or down does not matter"]
        )
    return tuple(given)
