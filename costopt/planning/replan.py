"""replan: a plan held against a run that was measured since, and planned again with it."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from math import isfinite

from costopt.candidate.profile_agreement import superseded
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.running import running_today
from costopt.plan.answer import cost_figure, lines_in_words
from costopt.plan.line import PlanLine
from costopt.plan.measured_latency import late_measurements
from costopt.plan.plan import Plan
from costopt.plan.present import origin_in_words
from costopt.plan.shared_node import rented
from costopt.plan.words import in_columns, signed_percent
from costopt.planning.optimize_request import answer_request
from costopt.profile.profile import Profile
from costopt.units import HOURS_PER_MONTH

SAME_COST = 1e-3
"""Relative difference below which two costs count as equal here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Replanned:
    """A plan held against a measured run, beside the plan that is cheapest now.

    Attributes:
        profile: the run.
        before: the plan as it was made.
        lines: its lines as they really run now that the run is known, at the catalogue's prices;
            empty where they cannot run at all.
        broken: limits that the plan no longer meets, one sentence each.
        same_types: what the same instance types in the same places need now; without an answer
            where no number of them meets the limits.
        after: the cheapest plan now.
    """

    profile: Profile
    before: Plan
    lines: tuple[PlanLine, ...]
    broken: tuple[str, ...]
    same_types: Plan
    after: Plan

    @property
    def holds(self) -> bool:
        """True where the plan still meets every limit."""
        return not self.broken

    @property
    def staying_cost(self) -> float | None:
        """Cost of staying with the plan where it holds, else with its instance types.

        Over the horizon, or until the jobs are done [plan currency]; None where no number of them
        meets the limits.
        """
        if self.holds and self.lines:
            return sum(line.line_cost_total for line in self.lines)
        return self.same_types.cost_total

    @property
    def saving(self) -> float | None:
        """What the new plan saves against staying; None where either has no cost [currency]."""
        if self.staying_cost is None or self.after.cost_total is None:
            return None
        return self.staying_cost - self.after.cost_total

    @property
    def saving_per_month(self) -> float | None:
        """The same for a mean month; None where a job ends, too [plan currency]."""
        durations = [outcome.duration_hours for outcome in self.after.outcomes]
        if self.saving is None or any(hours is not None for hours in durations):
            return None
        return self.saving / self.after.horizon_hours * HOURS_PER_MONTH

    def __str__(self) -> str:
        """Return readable text for a terminal."""
        return "\n".join(in_columns(text) for text in _sentences(self))

    __repr__ = __str__

    def _repr_html_(self) -> str:
        """Return the same for a notebook."""
        first, *others = _sentences(self)
        listed = "".join(f"<li>{escape(text.lstrip('- '))}</li>" for text in others)
        return f"<p><b>{escape(first)}</b></p><ul>{listed}</ul>"


def replan(plan: Plan, profile: Profile, catalog: Catalog | None = None) -> Replanned:
    """Say what a measured run changes: whether a plan still holds, and what is cheapest now.

    The same question is asked again with the run among its profiles, instead of those whose
    points it measured again.

    Args:
        plan: with lines.
        profile: run that was measured since.
        catalog: at list prices; needed for a plan that was read from a file, and to plan at other
            prices than the plan was made from.

    Raises:
        InvalidInputError: the plan rents nothing, has no catalogue at hand, or the run is of
            another model, kind of work or number format.
        UnknownNameError: the run names what the catalogue lacks.
    """
    if not (isinstance(plan, Plan) and isinstance(profile, Profile)):
        raise InvalidInputError(
            "replan", ["give a Plan and a Profile: replan(plan, co.Profile.read(path, ...))"]
        )
    source = plan.made_from if catalog is None else catalog
    if source is None:
        raise InvalidInputError(
            "replan",
            ["a plan read from a file needs the catalogue: replan(plan, profile, catalog)"],
        )
    if not plan.lines:
        raise InvalidInputError("replan", ["the plan rents nothing that a run could change"])
    kept = (old for old in plan.request.profiles if not superseded(old, profile))
    profiles = (*kept, profile)
    request = plan.request.from_nothing.model_copy(update={"profiles": profiles})
    after = answer_request(request, source, plan.account)
    running = running_today(plan, request, plan.own_prices(source))
    same_types = answer_request(request, _narrowed(source, plan), plan.account)
    return Replanned(
        profile=profile,
        before=plan,
        lines=running.lines,
        broken=(*running.broken, *late_measurements(running.lines, request)),
        same_types=same_types,
        after=after,
    )


def _narrowed(catalog: Catalog, plan: Plan) -> Catalog:
    """Return the offers of the plan's instance types, where the plan has them."""
    columns = ["provider", "region", "instance_type"]
    places = {tuple(getattr(line.offer, name) for name in columns) for line in plan.lines}
    offers = catalog.offers
    kept = [place in places for place in zip(*(offers[name] for name in columns), strict=True)]
    return catalog.with_offers(offers[kept])


def _sentences(found: Replanned) -> Iterator[str]:
    """Say what was measured, what it does to the plan, and what is cheapest now."""
    before = found.before
    yield (
        f"Measured: {found.profile.source}. The plan was {lines_in_words(before.lines)}, "
        f"{cost_figure(before, before.cost_total or 0.0)}."
    )
    yield from _rates(found)
    if found.holds:
        yield "It still meets every limit."
    else:
        yield "It no longer meets its limits:"
        yield from (f"- {text}" for text in found.broken)
        yield _same_types(found)
    yield _cheapest(found)


def _rates(found: Replanned) -> Iterator[str]:
    """Say of each line what it was counted on and what it does."""
    told: dict[str, None] = {}
    for old, new in zip(found.before.lines, found.lines, strict=False):
        was, real = old.rate_per_instance, new.rate_per_instance
        if not was or real is None or not isfinite(real) or abs(real / was - 1) < SAME_COST:
            continue
        told[
            f"Each {old.offer.instance_type} was counted on for {was:,.4g} {old.rate_unit} within "
            f"the limits and does {real:,.4g} ({signed_percent(real / was - 1)}), "
            f"{origin_in_words(new.rate_origin)}."
        ] = None
    yield from told


def _same_types(found: Replanned) -> str:
    """Say what the instance types of the plan need now."""
    needed = found.same_types
    if needed.cost_total is None:
        return "No number of the same instance types meets them."
    old = sum(rented(found.before.lines))
    new = sum(rented(needed.lines))
    against = f"as many as planned, {old}" if new == old else f"{new} instead of {old}"
    return (
        f"With the same instance types it takes {lines_in_words(needed.lines)}, {against}: "
        f"{cost_figure(needed, needed.cost_total)}."
    )


def _cheapest(found: Replanned) -> str:
    """Say what is cheapest now, and what it saves."""
    after, saving, staying = found.after, found.saving, found.staying_cost
    if after.cost_total is None:
        reasons = "; ".join(after.unanswered_because) or "none was found in time"
        return f"There is no plan any more: {reasons}."
    text = f"Cheapest now: {lines_in_words(after.lines)}, {cost_figure(after, after.cost_total)}"
    if saving is None or not staying:
        return f"{text}."
    if abs(saving) <= SAME_COST * staying:
        return f"{text}; planning again saves nothing."
    what = "staying as planned" if found.holds else "staying with the same instance types"
    if saving < 0:
        return f"{text}: {cost_figure(after, -saving)} more than {what}."
    share = signed_percent(-saving / staying)
    return f"{text}: saves {cost_figure(after, saving)} ({share}) against {what}."
