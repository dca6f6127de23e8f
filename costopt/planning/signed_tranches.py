"""Commitments that are signed: what runs in each hour is planned around them."""

from dataclasses import dataclass, replace

from costopt.plan.schedule import Tranche
from costopt.planning.over_time_beside import committed, key_of
from costopt.planning.over_time_problem import HourlyAssembly


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedTranches:
    """The only commitments of a search over time; they are paid for whatever runs.

    Attributes:
        tranches: what is signed, each with its present value.
    """

    tranches: tuple[Tranche, ...]

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
    return tranche.instances is None or key_of(tranche) in assembly.quantities.keys
