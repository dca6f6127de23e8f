"""explain: what binds a plan, what would change it, what was refused, and what would help."""

from dataclasses import dataclass, field
from functools import cached_property
from html import escape

from costopt.candidate.find import NamedWorkload, all_candidates
from costopt.catalog.catalog import Catalog
from costopt.explain.binding import binding_limits
from costopt.explain.infeasible import helpful_changes
from costopt.explain.measurements import NextMeasurements
from costopt.explain.memory import MemoryReasons, memory_reasons
from costopt.explain.next_measurements import next_measurements
from costopt.explain.price_history import PriceHistory, price_history
from costopt.explain.price_place import PricePlace
from costopt.explain.rejected import Rejected, rejected_types
from costopt.explain.switch_points import SwitchPoint, switch_points
from costopt.plan.answer import HISTORY_TITLE
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus


class Later:
    """Reasons that take longer to find out than the others, each found out once.

    Attributes:
        plan: the plan.
        catalog: what it was made from.
        workloads: its candidates.
    """

    def __init__(self, plan: Plan, catalog: Catalog, workloads: tuple[NamedWorkload, ...]) -> None:
        self.plan, self.catalog, self.workloads = plan, catalog, workloads

    @cached_property
    def memory(self) -> MemoryReasons:
        """What memory is used for, and what would make refused instance types fit."""
        return memory_reasons(self.plan, self.workloads, self.catalog)

    @cached_property
    def measurements(self) -> NextMeasurements:
        """The runs that are worth making."""
        return next_measurements(self.plan, self.catalog, self.workloads)


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Reasons behind a plan.

    Attributes:
        binding: limits that the plan uses up, one sentence each.
        switch_points: what would change the answer.
        rejected: the instance types that came nearest, and why they were not taken.
        because: for an infeasible request, what excludes what and by how much.
        changes: for an infeasible request, changes that help, each proven by planning again;
            and those that do not.
        prices: where the prices lie in their own history.
        later: what takes longer to find out, and is only when it is asked for.
    """

    binding: tuple[str, ...]
    switch_points: tuple[SwitchPoint, ...]
    rejected: tuple[Rejected, ...]
    because: tuple[str, ...]
    changes: tuple[str, ...]
    prices: PriceHistory = field(default_factory=PriceHistory)
    later: Later | None = field(default=None, repr=False, compare=False)

    @property
    def memory(self) -> MemoryReasons:
        """What memory is used for, and what would make refused instance types fit."""
        return MemoryReasons() if self.later is None else self.later.memory

    @property
    def measurements(self) -> NextMeasurements:
        """The runs that are worth making, as ``Plan.next_measurements`` ranks them."""
        return NextMeasurements() if self.later is None else self.later.measurements

    @property
    def price_places(self) -> tuple[PricePlace, ...]:
        """Each rented offer's list price among its earlier ones, where these are known."""
        return self.prices.places

    @property
    def switch_sentences(self) -> tuple[str, ...]:
        """What would change the answer, one sentence each."""
        return tuple(point.text for point in self.switch_points)

    def _sections(self) -> list[tuple[str, tuple[str, ...]]]:
        sections = [
            ("Why there is no plan", self.because),
            ("What would help", self.changes),
            ("What binds", self.binding),
            ("What would change it", self.switch_sentences),
            (HISTORY_TITLE, self.prices.sentences),
            ("Nearest that were not taken", tuple(item.text for item in self.rejected)),
            ("Memory", self.memory.sentences),
            ("Worth measuring", (self.measurements.brief,) if self.measurements.brief else ()),
        ]
        return [section for section in sections if section[1]]

    def __str__(self) -> str:
        """Return the reasons as text."""
        blocks = [
            "\n".join([f"{title}:", *(f"  - {sentence}" for sentence in sentences)])
            for title, sentences in self._sections()
        ]
        return "\n".join(blocks) or "Nothing binds and nothing was refused."

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the reasons for a notebook."""
        parts = []
        for title, sentences in self._sections():
            items = "".join(f"<li>{escape(sentence)}</li>" for sentence in sentences)
            parts.append(f"<p><b>{escape(title)}</b></p><ul>{items}</ul>")
        return "".join(parts)


def explain(
    plan: Plan, catalog: Catalog, workloads: tuple[NamedWorkload, ...] = ()
) -> Explanation:
    """Explain a plan, or why there is none.

    Of a plan over time only the history of its prices is told, or why there is none: switch
    points and rejected types are those of plans at one rate.

    Args:
        plan: the plan.
        catalog: what it was made from.
        workloads: its candidates, where they are at hand.

    Raises:
        CostoptError: the plan's request does not fit the catalogue.
    """
    if plan.request.demand_profile is not None:
        return Explanation(
            binding=(),
            switch_points=(),
            rejected=(),
            because=plan.unanswered_because,
            changes=(),
            prices=price_history(plan, catalog),
        )
    found = workloads or all_candidates(plan.request, catalog)
    if plan.status is PlanStatus.INFEASIBLE:
        return Explanation(
            binding=(),
            switch_points=(),
            rejected=(),
            because=plan.unanswered_because,
            changes=helpful_changes(plan.request, catalog),
            later=Later(plan, catalog, found),
        )
    return Explanation(
        binding=binding_limits(plan, catalog),
        switch_points=switch_points(plan, found, catalog),
        rejected=rejected_types(plan, found, catalog),
        because=(),
        changes=(),
        prices=price_history(plan, catalog),
        later=Later(plan, catalog, found),
    )
