"""Problem: what is to be decided, in arrays: offers, servers, demand, jobs and their limits."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from costopt.solve.changes import Changes

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

MOST_INSTANCES: Final = 1e9
"""A way to serve a bucket that needs more instances than this counts as unable to serve it."""

LEAST_PART: Final = 0.1
"""Part of an even part of what may be on spot from which a failure group counts [0..1].

Source: costopt planning default; an instance that is there to be counted promises nothing.
"""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ServingBlock:
    """One workload that is served at a rate, and every way to serve it.

    A server is one way to run the workload in one reliability class, firm or spot. Several
    servers may stand for the same instance type (tensor parallelism 2 or 4, say). Where losses
    are limited, servers that are lost together form a failure group: the layouts of one spot
    pool, say, or all spot pools of a zone.

    Attributes:
        demand: rate that each bucket of request sizes needs (buckets,) [requests/s].
        rates: rate of one instance when it serves nothing but that bucket; 0 = it cannot serve
            the bucket (servers, buckets) [requests/s].
        max_utilisation: highest share of an instance that may be loaded (servers,) [0..1].
        is_spot: True where the server can be reclaimed (servers,).
        max_spot_fraction: highest share of any bucket on spot servers [0..1]; 1 = no limit.
        failure_group: group that the server is lost with; -1 = it is never lost (servers,).
            None = nothing is ever lost.
        max_losses: ``k``, groups that may be lost at once [1]; 0 = none.
        max_lost_fraction: ``s``, highest share of any bucket that any ``k`` groups carry
            together [0..1]; 1 = no limit.
        min_failure_groups: groups that carry `least_carried` of the demand, at least, once any
            group carries something [1].
    """

    demand: FloatArray
    rates: FloatArray
    max_utilisation: FloatArray
    is_spot: BoolArray
    max_spot_fraction: float = 1.0
    failure_group: IntArray | None = None
    max_losses: int = 0
    max_lost_fraction: float = 1.0
    min_failure_groups: int = 0

    @property
    def server_group(self) -> IntArray:
        """Failure group of each server; -1 = never lost (servers,)."""
        if self.failure_group is None:
            return np.full(len(self.is_spot), -1)
        return self.failure_group

    @property
    def limits_losses(self) -> bool:
        """Whether losing groups may take only some of a bucket."""
        return self.max_losses > 0 and self.max_lost_fraction < 1 and self.has_groups

    @property
    def has_groups(self) -> bool:
        """Whether any server can be lost."""
        return self.failure_group is not None and bool((self.failure_group >= 0).any())

    @property
    def demand_shares(self) -> FloatArray:
        """Part of the demand that each bucket is; 0 where there is none (buckets,) [0..1]."""
        total = float(self.demand.sum())
        return self.demand / total if total > 0 else np.zeros(len(self.demand))

    @property
    def least_carried(self) -> float:
        """Share of the demand from which a group counts: a tenth of an even part of the most.

        ``min(s, l) / (10 m)`` with the spot cap ``s``, the most ``l`` that a loss may take and
        the ``m`` groups that are asked for [0..1].
        """
        most = min(self.max_spot_fraction, self.max_lost_fraction if self.max_losses else 1.0)
        return LEAST_PART * most / max(self.min_failure_groups, 1)

    @property
    def most_share(self) -> FloatArray:
        """Highest share of any bucket that each server may carry alone (servers,) [0..1]."""
        most = np.where(self.is_spot, self.max_spot_fraction, 1.0)
        if self.limits_losses:
            most = np.where(self.server_group >= 0, np.minimum(most, self.max_lost_fraction), most)
        return np.asarray(most, dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Payers:
    """Offers that share instances of alternatives; arrays of shape (payers,).

    ``sum_p u_p = N_a z_a`` over the payers of an alternative: each of its instances is paid for
    by one of them. What an alternative costs and takes of the limits beside them is its own.

    Attributes:
        alternative: that the payer has a part in.
        instances: ``N``, of the alternative, which its payers share; at least 1 [1].
        cost: of one instance that it pays for, in the unit of the offers' prices [currency/h].
    """

    alternative: IntArray
    instances: IntArray
    cost: FloatArray

    @classmethod
    def none(cls) -> "Payers":
        """Return no payers: all that an alternative costs is its own."""
        nothing = np.zeros(0, dtype=np.int64)
        return cls(alternative=nothing, instances=nothing, cost=np.zeros(0))

    def __len__(self) -> int:
        """Return the number of payers."""
        return len(self.alternative)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Choice:
    """One job: mutually exclusive ways to run it, of which exactly one is taken.

    Attributes:
        cost: cost of the alternative beside what its payers pay, in the unit of the offers'
            prices (alternatives,) [currency/h].
        group: type group of the alternative, for the limit on distinct types (alternatives,).
        payers: offers that share instances of its alternatives.
    """

    cost: FloatArray
    group: IntArray
    payers: Payers = field(default_factory=Payers.none)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LimitRow:
    """One linear limit, such as a quota: ``sum_o w_o n_o + sum_a v_a z_a + sum_p q_p u_p <= W``.

    Attributes:
        name: what the limit is called in messages.
        offer_coefficients: ``w``, at least 0 (offers,) [units of the limit per instance].
        choice_coefficients: ``v``, at least 0, for each choice (alternatives,) [units].
        payer_coefficients: ``q``, at least 0, for each choice (payers,) [units per instance];
            left out where no choice has payers.
        upper: ``W``, most that may be used [units].
    """

    name: str
    offer_coefficients: FloatArray
    choice_coefficients: tuple[FloatArray, ...] = ()
    payer_coefficients: tuple[FloatArray, ...] = ()
    upper: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """The whole decision: which offers in which counts, which routing, which alternative.

    Servers are counted over all blocks: the servers of the second block follow those of the
    first. An offer belongs to exactly one server; a purchasable offer that can run in several
    layouts appears once for each, and limit rows join the appearances.

    Attributes:
        price_per_hour: price of one instance (offers,) [currency/h].
        server: server that an instance of the offer adds to (offers,).
        upper: largest count allowed; ``inf`` = no limit (offers,) [instances].
        group: type group, for the limit on distinct types (offers,).
        blocks: workloads that are served.
        choices: jobs.
        rows: quotas and other linear limits.
        budget_per_hour: most that all of it may cost [currency/h]; None = no limit.
        max_groups: most distinct type groups in use; None = no limit.
        changes: what runs already and what leaving it costs, which the budget does not count;
            None where changes are free.
    """

    price_per_hour: FloatArray
    server: IntArray
    upper: FloatArray
    group: IntArray
    blocks: tuple[ServingBlock, ...] = ()
    choices: tuple[Choice, ...] = ()
    rows: tuple[LimitRow, ...] = ()
    budget_per_hour: float | None = None
    max_groups: int | None = None
    changes: Changes | None = None

    @property
    def offer_count(self) -> int:
        """How many offers there are."""
        return len(self.price_per_hour)

    @property
    def first_server(self) -> IntArray:
        """Where each block's servers begin, and where the last one's end (blocks + 1,)."""
        sizes = [len(block.max_utilisation) for block in self.blocks]
        return np.cumsum([0, *sizes], dtype=np.int64)

    @property
    def offer_block(self) -> IntArray:
        """Block that each offer serves (offers,)."""
        block: IntArray = np.searchsorted(self.first_server, self.server, side="right") - 1
        return block

    @property
    def row_coefficients(self) -> FloatArray:
        """Coefficients of all limit rows, offer by offer (offers, rows)."""
        columns = [row.offer_coefficients for row in self.rows]
        return np.stack(columns, axis=1) if columns else np.zeros((self.offer_count, 0))

    @property
    def row_uppers(self) -> FloatArray:
        """Right-hand sides of all limit rows (rows,)."""
        return np.array([row.upper for row in self.rows], dtype=np.float64)

    def choice_row_coefficients(self, choice: int) -> FloatArray:
        """Coefficients of all limit rows for one choice (alternatives, rows)."""
        columns = [row.choice_coefficients[choice] for row in self.rows]
        empty = np.zeros((len(self.choices[choice].cost), 0))
        return np.stack(columns, axis=1) if columns else empty

    def payer_row_coefficients(self, choice: int) -> FloatArray:
        """Coefficients of all limit rows for the payers of one choice (payers, rows)."""
        payers = len(self.choices[choice].payers)
        columns = [row.payer_coefficients[choice] for row in self.rows] if payers else []
        return np.stack(columns, axis=1) if columns else np.zeros((payers, len(self.rows)))
