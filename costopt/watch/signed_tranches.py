"""Commitments that a saved plan over time has signed, among the offers of today."""

from collections.abc import Iterator, Sequence
from math import ceil
from typing import Any

import pandas as pd

from costopt.catalog.catalog import Catalog
from costopt.catalog.dates import days_between
from costopt.commitment.terms import ROUNDING_HOURS
from costopt.errors import InvalidInputError
from costopt.evaluate.component_prices import Component, components_of
from costopt.evaluate.tranche_prices import SPEND_OPTION
from costopt.plan.plan import Plan
from costopt.plan.schedule import Tranche
from costopt.plan.schedule_words import tranche_in_words
from costopt.units import HOURS_PER_YEAR
from costopt.watch.signed import DAYS_PER_YEAR
from costopt.watch.verdict import Cause, CauseKind

KEY = ("provider", "region", "zone", "instance_type", "purchase_option")
"""Columns that name what a commitment of instances holds for; other terms of it are not bought."""


def tranches_of(plan: Plan) -> tuple[Tranche, ...]:
    """Return what a plan has signed; nothing of a plan at one rate."""
    return () if plan.schedule is None else plan.schedule.tranches


def ended_tranches(plan: Plan, today: str) -> Iterator[Cause]:
    """Yield every commitment, signed on the day of the plan's catalogue, whose term has ended.

    Args:
        plan: saved; taken as what runs.
        today: ISO day.
    """
    days = days_between(plan.catalog.as_of, today)
    for one in tranches_of(plan):
        if days > one.term_years * DAYS_PER_YEAR:
            yield Cause(
                kind=CauseKind.COMMITMENT_EXPIRED,
                text=(
                    f"the term of {tranche_in_words(one, plan.currency)}, signed on "
                    f"{plan.catalog.as_of}, has ended: what ran on it is charged again"
                ),
                is_breaking=True,
            )


def under_tranches(plan: Plan) -> Iterator[Cause]:
    """Yield that commitments count as signed, where there are some."""
    for one in tranches_of(plan):
        rates = "" if one.instances is not None else ", at today's rates"
        yield Cause(
            kind=CauseKind.SIGNED_TERM,
            text=(
                f"{tranche_in_words(one, plan.currency)} counts as signed on the day of the "
                f"plan's prices{rates}: only what runs by the hour is held against a new plan"
            ),
        )


def with_tranches(catalog: Catalog, plan: Plan) -> Catalog:
    """Return the catalogue with a plan's commitments of instances at the agreed price.

    Args:
        catalog: of today.
        plan: saved, over time.

    Raises:
        InvalidInputError: a type that is committed has no price at all any more, or the rates of
            a plan of money are told no more.
    """
    offers = catalog.offers
    for one in tranches_of(plan):
        if one.resource:
            _refuse_without_component(one, catalog, plan.currency)
            continue
        if one.instances is None:
            _refuse_without_rates(one, offers, plan.currency)
            continue
        beside = offers[
            (offers["provider"] == one.provider)
            & (offers["region"] == one.region)
            & (offers["instance_type"] == one.instance_type)
        ]
        if beside.empty:
            name = tranche_in_words(one, plan.currency)
            raise InvalidInputError("plan", [f"{name}: its type has no price there any more"])
        same = (beside[list(KEY)] == [getattr(one, name) for name in KEY]).all(axis=1)
        row = beside.head(1).assign(**_agreed(one, plan), as_of=catalog.as_of)
        rest = offers.drop(index=beside.index[same])
        offers = pd.concat([rest, row], ignore_index=True).astype(offers.dtypes.to_dict())
    return catalog.with_offers(offers)


def _agreed(tranche: Tranche, plan: Plan) -> dict[str, Any]:
    """Return the columns of a commitment as it was signed, for one instance."""
    term_hours = tranche.term_years * HOURS_PER_YEAR
    terms = ceil((plan.horizon_hours - ROUNDING_HOURS) / term_hours)
    each = tranche.cost_total / tranche.quantity / terms
    upfront = tranche.cash_now / tranche.quantity
    return {
        **{name: getattr(tranche, name) for name in (*KEY, "kind", "term_years", "payment")},
        "recurring_per_hour": (each - upfront) / term_hours,
        "upfront": upfront,
        "term_hours": term_hours,
        "currency": plan.currency,
        "effective_per_hour": each / term_hours,
        "valid_until": "",
        "flags": "",
    }


def _refuse_without_component(tranche: Tranche, catalog: Catalog, currency: str) -> None:
    known = {(Component.of(one), one.term_years) for one in components_of(catalog)}
    if (Component.of(tranche), tranche.term_years) not in known:
        name = tranche_in_words(tranche, currency)
        raise InvalidInputError("plan", [f"{name}: the catalogue tells its price no more"])


def _refuse_without_rates(tranche: Tranche, offers: pd.DataFrame, currency: str) -> None:
    named: Sequence[tuple[str, object]] = (
        ("provider", tranche.provider),
        ("purchase_option", SPEND_OPTION),
        ("kind", tranche.kind),
        ("term_years", tranche.term_years),
        ("payment", tranche.payment),
    )
    told = offers
    for column, value in named:
        told = told[told[column] == value]
    if told.empty:
        name = tranche_in_words(tranche, currency)
        raise InvalidInputError("plan", [f"{name}: the catalogue tells its rates no more"])
