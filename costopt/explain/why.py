"""explain: what binds a plan, what would change it, what was refused, and what would help."""

from dataclasses import dataclass, field
from html import escape

from costopt.candidate.find import NamedWorkload, all_candidates
from costopt.catalog.catalog import Catalog
from costopt.explain.alternatives import Alternative
from costopt.explain.binding import Binding, binding_limits
from costopt.explain.binding_hours import HOURS_KEY, hours_and_limits
from costopt.explain.busiest_hour import changes_for_busiest_hour
from costopt.explain.commitment_worth import CommitmentWorth, commitment_switches
from costopt.explain.infeasible import helpful_changes
from costopt.explain.later import Later
from costopt.explain.limit_worth import LimitWorth
from costopt.explain.measurements import NextMeasurements
from costopt.explain.memory import MemoryReasons
from costopt.explain.over_time import LaterOverTime
from costopt.explain.price_history import PriceHistory, price_history
from costopt.explain.price_noise import PriceNoise
from costopt.explain.price_place import PricePlace
from costopt.explain.rejected import Rejected, rejected_types
from costopt.explain.switch_points import SwitchPoint, switch_points
from costopt.plan.answer import HISTORY_TITLE, baseline_words
from costopt.plan.beside import Baseline
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.plan.words import in_columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Reasons behind a plan.

    Attributes:
        binding_limits: limits that the plan uses up.
        switch_points: what would change the answer.
        rejected: the instance types that came nearest, and why they were not taken.
        because: for an infeasible request, what excludes what and by how much.
        changes: for an infeasible request, changes that help, each proven by planning again;
            and those that do not.
        prices: where the prices lie in their own history.
        later: what takes longer to find out, and is only when it is asked for.
    """

    binding_limits: tuple[Binding, ...]
    switch_points: tuple[SwitchPoint, ...]
    rejected: tuple[Rejected, ...]
    because: tuple[str, ...]
    changes: tuple[str, ...]
    prices: PriceHistory = field(default_factory=PriceHistory)
    later: Later | None = field(default=None, repr=False, compare=False)

    @property
    def binding(self) -> tuple[str, ...]:
        """Limits that the plan uses up, one sentence each."""
        return tuple(limit.text for limit in self.binding_limits)

    @property
    def limit_worths(self) -> tuple[LimitWorth, ...]:
        """What one more unit of each limit saves, each planned again; the most first."""
        return () if self._planned is None else self._planned.worths

    @property
    def alternatives(self) -> tuple[Alternative, ...]:
        """The cheapest plans that differ in type, cloud or way to pay."""
        return () if self._planned is None else self._planned.alternatives

    @property
    def commitments(self) -> tuple[CommitmentWorth, ...]:
        """What one more or less of each commitment of a plan over time costs."""
        return () if self._planned is None else self._planned.commitments

    @property
    def baselines(self) -> tuple[Baseline, ...]:
        """Other ways to meet the request, to compare with."""
        return () if self._planned is None else self._planned.baselines

    @property
    def price_noise(self) -> PriceNoise:
        """The plan at the 75th percentile of its spot prices."""
        return PriceNoise() if self._planned is None else self._planned.price_noise

    @property
    def all_switch_points(self) -> tuple[SwitchPoint, ...]:
        """Prices and demands that would change the answer, those found by longer searches too."""
        more = () if self._planned is None else self._planned.demand_switches
        return (*self.switch_points, *more)

    @property
    def _planned(self) -> Later | None:
        """What is found out by planning again; None without a plan."""
        return self.later if self.later is not None and self.later.plan.lines else None

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
            ("Which hours set how many run", self._hours_in_words()),
            ("What binds, and what letting it out saves", self._binding_in_words()),
            ("One commitment more or less", tuple(one.text for one in self.commitments)),
            ("What would change it", self._switches_in_words()),
            (HISTORY_TITLE, self._prices_in_words()),
            ("Other plans", tuple(one.text for one in self.alternatives)),
            ("Nearest that were not taken", tuple(item.text for item in self.rejected)),
            ("Beside it", self._baselines_in_words()),
            ("Memory", self.memory.sentences),
            ("Worth measuring", (self.measurements.brief,) if self.measurements.brief else ()),
        ]
        return [section for section in sections if section[1]]

    def _hours_in_words(self) -> tuple[str, ...]:
        """Say which hours of a plan over time need all of something."""
        return tuple(one.text for one in self.binding_limits if one.key.startswith(HOURS_KEY))

    def _binding_in_words(self) -> tuple[str, ...]:
        """Say what binds with what it is worth, told once, then what else saves something."""
        limits = [one for one in self.binding_limits if not one.key.startswith(HOURS_KEY)]
        worths = {worth.key: worth for worth in self.limit_worths}
        bound = []
        for limit in limits:
            worth = worths.pop(limit.key, None)
            bound.append(limit.text if worth is None else f"{limit.text}; {worth.text}")
        saving = [worth for worth in worths.values() if worth.saving]
        return (*bound, *(f"{worth.limit}: {worth.text}" for worth in saving))

    def _switches_in_words(self) -> tuple[str, ...]:
        """Say at which prices, demands and rates the answer changes."""
        rates = tuple(
            f"rate of {run.instance_type}: {run.flip[0].lower()}{run.flip[1:].rstrip('.')}"
            for run in self.measurements
        )
        return (*(point.text for point in self.all_switch_points), *rates)

    def _prices_in_words(self) -> tuple[str, ...]:
        """Say where the prices lie in their history, and what usual ones would change."""
        noise = (self.price_noise.text,) if self.price_noise.text else ()
        return (*self.prices.sentences, *noise)

    def _baselines_in_words(self) -> tuple[str, ...]:
        """Say what other ways to meet the request cost."""
        if self._planned is None:
            return ()
        return tuple(baseline_words(self._planned.plan, one) for one in self.baselines)

    def __str__(self) -> str:
        """Return the reasons as text of at most 100 columns."""
        blocks = [
            "\n".join([f"{title}:", *(_wrapped(f"  - {sentence}") for sentence in sentences)])
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


def _wrapped(sentence: str) -> str:
    return in_columns(sentence, "    ")


def explain(
    plan: Plan, catalog: Catalog, workloads: tuple[NamedWorkload, ...] = ()
) -> Explanation:
    """Explain a plan, or why there is none.

    Of a plan over time it is told which hours and limits bind and what letting them out saves,
    what commitments rest on, and what other plans cost; rejected types are told at one rate only.

    Args:
        plan: the plan.
        catalog: what it was made from.
        workloads: its candidates, where they are at hand.

    Raises:
        CostoptError: the plan's request does not fit the catalogue.
    """
    if plan.request.demand_profile is not None:
        return _over_time(plan, catalog, workloads)
    found = workloads or all_candidates(plan.request, catalog)
    if plan.status is PlanStatus.INFEASIBLE:
        return Explanation(
            binding_limits=(),
            switch_points=(),
            rejected=(),
            because=plan.unanswered_because,
            changes=helpful_changes(plan.request, catalog),
            later=Later(plan, catalog, found),
        )
    return Explanation(
        binding_limits=binding_limits(plan, catalog),
        switch_points=switch_points(plan, found, catalog),
        rejected=rejected_types(plan, found, catalog),
        because=(),
        changes=(),
        prices=price_history(plan, catalog),
        later=Later(plan, catalog, found),
    )


def _over_time(plan: Plan, catalog: Catalog, workloads: tuple[NamedWorkload, ...]) -> Explanation:
    """Explain a plan over time, or why there is none."""
    schedule, later = plan.schedule, None
    bound = () if schedule is None else hours_and_limits(plan, schedule, catalog)
    if plan.lines:
        found = workloads or all_candidates(plan.request, catalog)
        later = LaterOverTime(plan, catalog, found, bound)
    return Explanation(
        binding_limits=bound,
        switch_points=tuple(commitment_switches(plan)),
        rejected=(),
        because=plan.unanswered_because,
        changes=changes_for_busiest_hour(plan, catalog),
        prices=price_history(plan, catalog),
        later=later,
    )
