"""why_not: what speaks against an offer that is not in the plan, with figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from costopt.candidate.find import NamedWorkload, all_candidates
from costopt.candidate.reasons import REASONS
from costopt.candidate.service import ServiceCandidates
from costopt.catalog.age_limits import MAX_AGE_MONTHS
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError, UnknownNameError
from costopt.explain.beaten_by import beaten_by
from costopt.explain.field import Field, OfferMatch, lines_of
from costopt.explain.why_not_over_time import with_one_over_time
from costopt.plan.answer import cost_figure, lines_in_words
from costopt.plan.line import PlanLine
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.plan.words import counted, in_columns, signed_percent

BY_AGE: Final = "stale"
"""Reason of offers whose price is too old."""

MOST_REASONS: Final = 3
"""Reasons that one sentence names."""

ROUNDING: Final = 1e-6
"""Relative difference of two costs that is rounding."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WhyNot:
    """Why an offer is not in a plan.

    Attributes:
        verdict: planned, excluded, unpriced, no_plan, dearer, or not_needed of a plan over time.
        text: in words, with figures.
        cost_total: of the cheapest plan with at least one instance of it, with what it takes to
            get there from what runs; None where there is none [plan currency].
        difference: cost_total minus the plan's; None where there is none [plan currency].
        lines: of that plan.
    """

    verdict: str
    text: str
    cost_total: float | None = None
    difference: float | None = None
    lines: tuple[PlanLine, ...] = ()

    def __str__(self) -> str:
        """Return the sentence in lines of at most 100 columns."""
        return in_columns(self.text, "")

    __repr__ = __str__


def why_not(
    plan: Plan,
    catalog: Catalog,
    names: Mapping[str, str | None],
    workloads: Sequence[NamedWorkload] = (),
) -> WhyNot:
    """Say why an offer is not in a plan.

    What the limits or the workload exclude is told with its reason; anything else is forced into
    the plan, which is planned again with at least one instance of it; a plan over time with one
    that is paid for in every hour.

    Args:
        plan: with lines.
        catalog: what the plan was made from.
        names: column of the offers -> what it must hold; None where anything will do.
        workloads: with their candidates, where they are at hand.

    Raises:
        UnknownNameError: the catalogue has no such name.
        InvalidInputError: the plan has no lines, or the names never meet in one offer.
    """
    if not plan.lines:
        raise InvalidInputError(
            "why_not", ["the plan rents nothing; plan.explain() says what stands in the way"]
        )
    if not names["instance_type"]:
        raise InvalidInputError(
            "why_not", ["name an instance type: plan.why_not('p5.48xlarge', region=...)"]
        )
    match = OfferMatch(values=tuple((n, v) for n, v in names.items() if v is not None))
    workloads = workloads or all_candidates(plan.request, catalog)
    name = _named(match)
    rows = match.rows(catalog.offers)
    if not rows.any():
        return _without_offers(catalog, match, name)
    planned = [line for line in plan.lines if match.holds(line)]
    if planned:
        return WhyNot(verdict="planned", text=f"It is in the plan: {lines_in_words(planned)}.")
    codes = [item.candidates.excluded.codes[rows] for item in workloads]
    if not any((one == "").any() for one in codes):
        text = "; ".join(
            _prefix(item, workloads) + _excluded(item, one, catalog, rows, match)
            for item, one in zip(workloads, codes, strict=True)
        )
        return WhyNot(verdict="excluded", text=f"{name} takes no part: {text}.")
    if plan.schedule is not None:
        return _over_time(plan, tuple(workloads), catalog, match, name)
    return _forced(Field(plan=plan, workloads=workloads, catalog=catalog), match, name)


def _named(match: OfferMatch) -> str:
    """Name what is asked about."""
    values = {column: str(value) for column, value in match.values}
    words = [values.pop("instance_type")]
    places = [values[column] for column in ("provider", "region") if column in values]
    if places:
        words.append(f"in {' '.join(places)}")
    if "purchase_option" in values:
        words.append(f"({values['purchase_option'].replace('_', ' ')})")
    return " ".join(words)


def _without_offers(catalog: Catalog, match: OfferMatch, name: str) -> WhyNot:
    """Say what is wrong with names that no offer has together.

    Raises:
        UnknownNameError: one of them is in no offer at all.
        InvalidInputError: they never meet.
    """
    unpriced = set(catalog.unpriced_types["instance_type"])
    values = dict(match.values)
    if values["instance_type"] in unpriced:
        text = f"{name} has no price in this catalogue."
        return WhyNot(verdict="unpriced", text=text)
    offers = catalog.offers
    for column, value in match.values:
        known = set(offers[column].unique())
        if value not in known:
            hint = "Name a type, and narrow it by region= or purchase_option=."
            raise UnknownNameError(column.replace("_", " "), str(value), known, hint)
    kind = offers[offers["instance_type"] == values["instance_type"]]
    others = sorted(set(kind["provider"] + " " + kind["region"] + " " + kind["purchase_option"]))
    asked = " ".join(str(values.get(part, "")) for part in ("provider", "region"))
    near = get_close_matches(asked, others, n=3, cutoff=0.0)
    raise InvalidInputError("why_not", [f"no offer is {name}; there is {', '.join(near)}"])


def _prefix(item: NamedWorkload, workloads: Sequence[NamedWorkload]) -> str:
    return f"{item.name}: " if len(workloads) > 1 else ""


def _excluded(
    item: NamedWorkload,
    codes: NDArray[np.object_],
    catalog: Catalog,
    rows: NDArray[np.bool_],
    match: OfferMatch,
) -> str:
    """Name the reasons of some offers, the most frequent first, and by how much they miss."""
    counts = pd.Series(codes).value_counts()
    offers = catalog.offers[rows]
    parts = []
    for code, count in list(counts.items())[:MOST_REASONS]:
        words = REASONS[str(code)]
        figure = _by_how_much(item, str(code), offers[codes == code], catalog, match)
        of = f" ({counted(int(count), 'offer')})" if len(counts) > 1 else ""
        parts.append(f"{words}{of}{figure}")
    return ", ".join(parts)


def _by_how_much(
    item: NamedWorkload, code: str, offers: pd.DataFrame, catalog: Catalog, match: OfferMatch
) -> str:
    """Say by how much offers with one reason miss; empty where the reason has no figure."""
    if code == BY_AGE:
        newest = offers.sort_values("as_of").iloc[-1]
        months = MAX_AGE_MONTHS.get(str(newest["purchase_option"]))
        allowed = "" if months is None else f", {months:g} months are allowed unless you say more"
        return f": the newest is of {newest['as_of']}, the catalogue of {catalog.as_of}{allowed}"
    if code in offers.columns or code.rstrip("s") in offers.columns:
        column = code if code in offers.columns else code.rstrip("s")
        found = sorted(set(offers[column].astype(str)))
        return f": {', '.join(found[:MOST_REASONS])}{' and more' if len(found) > 3 else ''}"
    kind = dict(match.values)["instance_type"]
    misses = [
        miss.words
        for own, miss in zip(item.candidates.types, item.candidates.misses, strict=True)
        if own.name == kind and miss.reason == code and miss.words
    ]
    return f": {misses[0]}" if misses else ""


def _over_time(
    plan: Plan,
    workloads: tuple[NamedWorkload, ...],
    catalog: Catalog,
    match: OfferMatch,
    name: str,
) -> WhyNot:
    """Say what one of it costs in every hour, or only that no hour rents it."""
    found = with_one_over_time(plan, workloads, catalog, match, name)
    if found is not None:
        return WhyNot(
            verdict="dearer",
            text=found.text,
            cost_total=found.cost_total,
            difference=found.difference,
            lines=found.lines,
        )
    gap = plan.gap or 0.0
    proven = "proven cheapest" if gap <= ROUNDING else f"proven within {100 * gap:.2g} %"
    return WhyNot(
        verdict="not_needed",
        text=(
            f"{name} takes part, and no hour of the plan, which is {proven}, rents it. What one "
            "of it would cost was not found in time."
        ),
    )


def _forced(field: Field, match: OfferMatch, name: str) -> WhyNot:
    """Plan again with at least one instance, and say what that costs more."""
    plan, found = field.plan, field.with_one(match)
    better = "; ".join(
        text
        for item in field.workloads
        if isinstance(item.candidates, ServiceCandidates)
        and (text := beaten_by(item.candidates, match, plan.currency))
    )
    dominated = f" {better}." if better else ""
    if found is None:
        text = f"No plan within the limits has one {name}.{dominated}"
        return WhyNot(verdict="no_plan", text=text)
    lines = tuple(lines_of(found))
    cost, own = field.spent(lines), (plan.cost_total or 0.0) + plan.switching_cost
    difference = cost - own
    proven = found.status(plan.request.gap) is PlanStatus.OPTIMAL_WITHIN_GAP
    apart = any(line.shared_node for line in plan.lines)
    most = "" if proven and not apart else " at most"
    if abs(difference) <= max(ROUNDING, plan.gap or 0.0) * own:
        more = "It would cost the same"
    elif difference < 0:
        more = f"It would cost {cost_figure(plan, -difference)} less, within the plan's gap"
    else:
        share = f" ({signed_percent(difference / own)})" if own else ""
        more = f"It would cost{most} {cost_figure(plan, difference)} more{share}"
    idle = [line for line in lines if match.holds(line) and not line.share]
    alone = " that shares no node" if apart else ""
    change = "" if plan.change is None else ", changes included"
    waste = " It would stand idle there." if idle else ""
    return WhyNot(
        verdict="dearer",
        text=(
            f"{more}: the cheapest plan{alone} with at least one "
            f"{name} is {lines_in_words(lines)}, "
            f"{cost_figure(plan, cost)}{change}.{waste}{dominated}"
        ),
        cost_total=cost,
        difference=difference,
        lines=lines,
    )
