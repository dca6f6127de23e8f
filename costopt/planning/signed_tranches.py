"""Commitments that are signed: what runs in each hour is planned around them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from costopt.candidate.find import NamedWorkload
from costopt.evaluate.tranche_prices import SPEND_OPTION
from costopt.plan.line import OfferKey
from costopt.plan.schedule import Tranche
from costopt.planning.fewer_offers import left_with
from costopt.planning.over_time_beside import committed, key_of
from costopt.planning.over_time_problem import HourlyAssembly
from costopt.workload.limits import TERM_OPTIONS

PRICES: Final = ("recurring_per_hour", "upfront", "effective_per_hour")
"""Columns of an offer that say what it costs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTranches:
    """The only commitments of a search over time; they are paid for whatever runs.

    Attributes:
        tranches: what is signed, each with its present value.
    """

    tranches: tuple[Tranche, ...]

    def among(self, workloads: Sequence[NamedWorkload]) -> list[NamedWorkload]:
        """Return workloads with these commitments, at no further cost, and without any other.

        What costs nothing more is never left out for something cheaper.

        Args:
            workloads: with their candidates.
        """
        return [self._alone(item) for item in workloads]

    def _alone(self, item: NamedWorkload) -> NamedWorkload:
        """Leave one workload the commitments of instances that are signed."""
        offers = item.candidates.offers
        whole = offers["purchase_option"].isin(TERM_OPTIONS - {SPEND_OPTION}).to_numpy(np.bool_)
        keys = {key_of(one) for one in self.tranches if one.instances is not None}
        is_signed = np.zeros(len(offers), dtype=np.bool_)
        for row in np.flatnonzero(whole).tolist():
            is_signed[row] = OfferKey.of(offers.iloc[row]) in keys
        free = {name: offers[name].mask(is_signed, 0.0) for name in PRICES}
        paid = replace(item, candidates=replace(item.candidates, offers=offers.assign(**free)))
        return left_with(paid, ~whole | is_signed)

    def on(self, assembly: HourlyAssembly) -> HourlyAssembly:
        """Return a problem in which just these can be used, at no further cost.

        Args:
            assembly: of the request.
        """
        usable = [one for one in self.tranches if _is_among(one, assembly)]
        return replace(assembly, problem=committed(assembly.problem, assembly, usable))

    def beside(self, bound: float | None) -> float | None:
        """Return a bound on what is paid by the hour with what is signed added.

        Args:
            bound: None where nothing is proven [plan currency].
        """
        paid = sum(one.present_value for one in self.tranches)
        return None if bound is None else bound + paid

    def are_all_on(self, assembly: HourlyAssembly) -> bool:
        """Return whether the products of a problem hold every one; others would stand idle.

        Args:
            assembly: of the request.
        """
        return all(_is_among(one, assembly) for one in self.tranches)


def _is_among(tranche: Tranche, assembly: HourlyAssembly) -> bool:
    """Return whether a commitment is a product of the problem; one of money always counts."""
    if tranche.resource:
        return assembly.resources.bought(tranche) is not None
    return tranche.instances is None or key_of(tranche) in assembly.quantities.keys
