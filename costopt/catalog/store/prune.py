"""Pruning: old versions and what killed publishes left are removed, never the latest one."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from costopt.catalog.store.files import StoreFiles
from costopt.catalog.store.moment import stamped_at
from costopt.errors import InvalidInputError

LEFTOVER_HOURS: Final = 24.0
"""Age at which the remains of an unfinished publish are removed; a publish takes minutes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Pruned:
    """What was removed.

    Attributes:
        versions: ids of versions, oldest first.
        leftovers: names of what unfinished publishes left.
    """

    versions: tuple[str, ...]
    leftovers: tuple[str, ...]


def to_prune(
    files: StoreFiles,
    latest: str | None,
    at: datetime,
    *,
    keep: int | None,
    keep_days: float | None,
    leftover_hours: float = LEFTOVER_HOURS,
) -> Pruned:
    """Choose what to remove; nothing is removed yet.

    A version stays if it is the latest one, among the newest ``keep``, or younger than
    ``keep_days``.

    Args:
        files: files of the store.
        latest: id of the version that ``latest`` names.
        at: now (UTC).
        keep: newest versions to keep [1].
        keep_days: age up to which versions are kept [days].
        leftover_hours: age from which remains are removed [h].

    Raises:
        InvalidInputError: neither ``keep`` nor ``keep_days`` is given, or one is not positive.
    """
    _refuse_odd_limits(keep, keep_days, leftover_hours)
    every = files.versions()
    kept = {latest, *(every[-keep:] if keep else ())}
    if keep_days is not None:
        kept |= {name for name in every if not _older(name, at, timedelta(days=keep_days))}
    remains = files.leftovers()
    return Pruned(
        versions=tuple(name for name in every if name not in kept),
        leftovers=tuple(
            name for name in remains if _older(name, at, timedelta(hours=leftover_hours))
        ),
    )


def _older(name: str, at: datetime, age: timedelta) -> bool:
    """Return whether a name says that it is older; one without a moment never is."""
    moment = stamped_at(name)
    return moment is not None and at - moment > age


def _refuse_odd_limits(keep: int | None, keep_days: float | None, hours: float) -> None:
    problems = []
    if keep is None and keep_days is None:
        problems.append("give keep, keep_days or both, so that something says what stays")
    if keep is not None and keep < 1:
        problems.append(f"keep = {keep}: must be at least 1")
    if keep_days is not None and not keep_days > 0:
        problems.append(f"keep_days = {keep_days}: must be above 0")
    if not hours > 0:
        problems.append(f"leftover_hours = {hours}: must be above 0")
    if problems:
        raise InvalidInputError("prune", problems)
