"""The figures of a plan's lines that follow from the catalogue's prices and spot signals."""

from collections.abc import Sequence

import numpy as np

from costopt.candidate.eligible import ages_allowed
from costopt.candidate.pricing import priced
from costopt.candidate.renting import risk_of
from costopt.catalog.catalog import Catalog
from costopt.catalog.currency import ExchangeRate
from costopt.catalog.dates import age_days
from costopt.evaluate.facts import offers_of
from costopt.plan.line import PlanLine
from costopt.plan.shared_node import node_fractions
from costopt.workload.limits import Limits
from costopt.workload.request import PlanRequest


def repriced(
    lines: Sequence[PlanLine], request: PlanRequest, catalog: Catalog
) -> tuple[PlanLine, ...]:
    """Price the lines again, and say again what their prices and risks rest on.

    Args:
        lines: with counts and hours.
        request: the question, for the currency and the ages that are allowed.
        catalog: where offers, exchange rates and spot signals are.

    Raises:
        InvalidInputError: an offer is not in the catalogue.
        MissingExchangeRateError: a price cannot be brought to the currency.
    """
    offers = offers_of(catalog, lines)
    exchange = [
        _exchange_rate(str(currency), line, request, catalog)
        for currency, line in zip(offers["currency"], lines, strict=True)
    ]
    hours = np.array([line.hours for line in lines], dtype=np.float64)
    prices = priced(offers.assign(exchange_rate=[rate.rate for rate in exchange]), hours)
    ages = age_days(offers["as_of"], catalog.as_of)
    risk = risk_of(catalog, offers)
    fractions = node_fractions(lines)
    paid = [line.count * part for line, part in zip(lines, fractions, strict=True)]
    return tuple(
        line.model_copy(
            update={
                "price_per_hour": float(prices.per_hour[row]),
                "line_cost_per_hour": float(prices.per_hour[row]) * paid[row],
                "line_cost_total": float(prices.total[row]) * paid[row],
                "cash_now": float(prices.cash_now[row]) * paid[row],
                "locked_in_hours": float(prices.locked_in_hours[row]),
                "locked_in": float(prices.locked_in[row]) * paid[row],
                "price_currency": exchange[row].base,
                "exchange_rate": exchange[row].rate,
                "exchange_rate_as_of": exchange[row].as_of,
                "price_source": str(offers["source"].iloc[row]),
                "price_as_of": str(offers["as_of"].iloc[row]),
                "price_age_days": float(ages[row]),
                "price_trail": str(offers["trail"].iloc[row]),
                "hazard_per_instance_hour": (
                    float(risk.hazard_per_instance_hour[row]) if line.is_spot else None
                ),
                "availability_fraction": (
                    float(risk.availability_fraction[row]) if line.is_spot else None
                ),
                "risk_source": risk.source[row] if line.is_spot else "",
                "node_fraction": fractions[row],
            }
        )
        for row, line in enumerate(lines)
    )


def _exchange_rate(
    currency: str, line: PlanLine, request: PlanRequest, catalog: Catalog
) -> ExchangeRate:
    """Find the rate of one line; its workload may allow other ages than the request."""
    own: list[Limits] = [
        workload.limits for name, workload in request.named_workloads if name == line.workload
    ]
    allowed = ages_allowed([*own, request.limits])["exchange_rate"]
    return catalog.exchange_rate(currency, request.currency, allowed)
