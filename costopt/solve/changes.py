"""Changes: what runs already, and what starting and stopping instances costs."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

NEW: Final = -1
"""Kind of an offer of whose instances none runs yet."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GangChanges:
    """Instances that the alternatives of one job take, by what runs already.

    Attributes:
        running: instances of each running kind, beside what payers pay for
            (alternatives, kinds) [1].
        new: instances of kinds that do not run, likewise (alternatives,) [1].
        payer_kind: kind of each payer's instances; NEW where none runs (payers,).
    """

    running: NDArray[np.int64]
    new: NDArray[np.int64]
    payer_kind: NDArray[np.int64]

    @property
    def instances(self) -> NDArray[np.int64]:
        """All of them, running or not (alternatives,) [1]."""
        total: NDArray[np.int64] = self.running.sum(axis=1) + self.new
        return total


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Changes:
    """A fleet that runs, and the price of leaving it.

    A kind is instances that are the same whatever pays for them; several offers may be of one.
    ``a max(n_k - r_k, 0) + b max(r_k - n_k, 0)`` is charged for each kind ``k``, beside what
    runs on it.

    Attributes:
        kind: kind of each offer's instances; NEW where none runs (offers,).
        running: ``r``, instances of each kind that run; at least 1 (kinds,) [1].
        start_cost: ``a``, of each instance started, in the unit of the offers' prices
            [currency/h].
        stop_cost: ``b``, of each instance stopped, likewise [currency/h].
        gangs: of each choice; one entry for each.
        is_frozen: True where nothing may be started or stopped.
        instances: that one count of an offer rents; None = one each (offers,) [1].
    """

    kind: NDArray[np.int64]
    running: NDArray[np.int64]
    start_cost: float
    stop_cost: float
    gangs: tuple[GangChanges, ...] = ()
    is_frozen: bool = False
    instances: NDArray[np.int64] | None = None

    @property
    def is_running(self) -> NDArray[np.bool_]:
        """Offers of whose instances some run already (offers,)."""
        return np.asarray(self.kind != NEW)

    @property
    def rented(self) -> NDArray[np.int64]:
        """Instances that one count of each offer rents (offers,) [1]."""
        return np.ones_like(self.kind) if self.instances is None else self.instances

    @property
    def running_of_offer(self) -> NDArray[np.int64]:
        """Counts of each offer that hold all of its kind that runs (offers,) [1]."""
        held: NDArray[np.int64] = -(-np.append(self.running, 0)[self.kind] // self.rented)
        return held
