"""Failure groups: which offers are lost together, and which of them may stand in for which."""

from dataclasses import dataclass

import numpy as np

from costopt.solve.problem import BoolArray, FloatArray, IntArray, Problem, ServingBlock


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FailureGroups:
    """Failure groups of the offers, as far as a limit on losses concerns them.

    Attributes:
        group: group of each offer, numbered over all blocks; -1 = no limit concerns it (offers,).
        is_counted: offers of groups that count towards a least number of groups (offers,).
    """

    group: IntArray
    is_counted: BoolArray

    @classmethod
    def of(cls, problem: Problem) -> "FailureGroups":
        """Look the groups of a problem's offers up."""
        groups, counted = [np.zeros(0, dtype=np.int64)], [np.zeros(0, dtype=bool)]
        first = 0
        for block in problem.blocks:
            group = block.server_group
            counts = block.min_failure_groups > 1 and block.has_groups
            concerned = (group >= 0) & (counts or block.limits_losses)
            groups.append(np.where(concerned, group + first, -1))
            counted.append(concerned & counts)
            first += int(group.max(initial=-1)) + 1
        return cls(
            group=np.concatenate(groups)[problem.server],
            is_counted=np.concatenate(counted)[problem.server],
        )

    def may_stand_in(self, offers: IntArray, replaced: IntArray) -> BoolArray:
        """Whether load and instances may move from one offer to another and break no limit.

        Inside a group nothing changes for it. From a group to a server that is never lost, every
        group carries the same or less; but it may then carry too little to count, so where groups
        are counted that move is not allowed. A move into a group adds to what it carries, or
        opens it, and is not allowed either.

        Args:
            offers: that take over; broadcasts against `replaced`.
            replaced: that give up, of the same blocks.
        """
        same = self.group[offers] == self.group[replaced]
        safer = (self.group[offers] < 0) & ~self.is_counted[replaced]
        return np.asarray(same | safer)


def most_carried(block: ServingBlock, able: BoolArray) -> FloatArray:
    """Highest share of each bucket that some servers can carry under the limit on losses.

    With ``G`` groups and ``k`` losses it is ``G s / k`` when ``G >= k``, each group at ``s / k``:
    the ``k`` largest shares are at least ``k / G`` of all. With fewer groups it is ``s``. Servers
    that are never lost can carry all (buckets,) [0..1].

    Args:
        block: the block.
        able: which servers can serve which bucket (servers, buckets).
    """
    free: BoolArray = np.any(able[~_at_risk(block)], axis=0)
    if not block.limits_losses:
        return free.astype(np.float64)
    at_risk = np.flatnonzero(_at_risk(block) & able.any(axis=1))
    order = at_risk[np.argsort(block.server_group[at_risk], kind="stable")]
    starts = np.flatnonzero(np.diff(block.server_group[order], prepend=-1))
    groups = np.zeros(able.shape[1], dtype=np.int64)
    if len(starts):
        groups = np.logical_or.reduceat(able[order], starts, axis=0).sum(axis=0)
    each = np.maximum(groups / block.max_losses, 1) * block.max_lost_fraction
    most = np.where(free, 1.0, np.where(groups > 0, each, 0.0))
    carried: FloatArray = np.clip(most, 0.0, 1.0)
    return carried


def _at_risk(block: ServingBlock) -> BoolArray:
    """Servers whose loss is limited (servers,)."""
    return (block.server_group >= 0) & block.limits_losses
