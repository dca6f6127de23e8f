"""Savings plans owned: from the tenant's list to money committed for each hour."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.fetched import FetchFinding, Row
from costopt.fetch.told_once import numbered
from costopt.fetch.wire import Wire
from costopt_azure.benefits import (
    ask_benefits,
    finding,
    is_over,
    number,
    read_benefit,
    term_years,
)
from costopt_azure.management import Management

PERMISSION: Final = (
    "Microsoft.BillingBenefits/savingsPlanOrders/savingsPlans/read "
    "(role Savings plan Reader on /providers/Microsoft.BillingBenefits)"
)
ROW: Final = "azure/*/*/savings_plan"
"""Key of every finding: a savings plan belongs to no region and no size."""

COMPUTE: Final = "compute_savings_plan"
"""The savings plan that covers virtual machines, in lower case.

Source: Azure REST API specifications, Microsoft.BillingBenefits 2022-11-01, SavingsPlansList.
"""


def ask_savings_plans(management: Management, wire: Wire) -> Iterator[Page]:
    """Yield the pages of all savings plans that the caller may read."""
    path = "providers/Microsoft.BillingBenefits/savingsPlans"
    return ask_benefits(management, wire, "billing_benefits", "savings_plans", path, PERMISSION)


def read_savings_plans(
    pages: Iterable[Page], now: datetime
) -> tuple[tuple[Row, ...], tuple[FetchFinding, ...]]:
    """Return the facts of savings plans in force, and what could not be read.

    Args:
        pages: of the list, trimmed.
        now: start of the run.
    """
    rows: list[Row] = []
    findings: list[FetchFinding] = []
    is_empty = True
    for page in pages:
        for listed in page["value"]:
            is_empty = False
            if is_over(listed):
                continue
            read = _fact(listed, now)
            if isinstance(read, FetchFinding):
                findings.append(read)
                continue
            rows.append(read)
            if listed["scope"] == "resource group":
                detail = "one covers one resource group of this subscription alone"
                findings.append(finding("commitment_scope", "warning", ROW, detail))
    if is_empty:
        detail = f"no savings plan is listed; those of the tenant need {PERMISSION}"
        findings.append(finding("commitments_none", "warning", ROW, detail))
    return numbered(rows), tuple(findings)


def _fact(listed: Mapping[str, Any], now: datetime) -> Row | FetchFinding:
    """Return the fact of one savings plan, or why it cannot be used."""
    committed = listed["commitment"]
    amount, currency = number(committed["amount"]), str(committed["currencyCode"] or "")
    if str(listed["sku"] or "").lower() != COMPUTE:
        detail = f"what a {listed['sku']!r} covers is not known"
        return finding("savings_plan_unknown", "left_out", ROW, detail)
    if not amount or not currency or str(committed["grain"]).lower() != "hourly":
        detail = f"committed: {committed['amount']} {currency or '?'} {committed['grain']}"
        return finding("commitment_unreadable", "left_out", ROW, detail)
    years = term_years(listed["term"])
    if years is None:
        return finding("term_unknown", "left_out", ROW, f"its term is {listed['term']!r}")
    benefit = read_benefit(listed, ROW, now)
    if isinstance(benefit, FetchFinding):
        return benefit
    return {
        "fact": "spend_commitment",
        "key": "azure/*/*",
        "kind": "savings_plan",
        "plan": "azure",
        "term_years": years,
        "payment": "no",
        "spend_per_hour": float(amount),
        "used_per_hour": float(amount * benefit.used_fraction),
        "currency": currency,
        "expires": benefit.expires,
        "name": f"savings plan {years}y {benefit.expires}",
    }
