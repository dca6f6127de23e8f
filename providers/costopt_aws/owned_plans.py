"""Savings plans owned: from DescribeSavingsPlans to facts about the account."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import HOURS_PER_YEAR, FetchFinding, Row, left_out
from costopt.fetch.told_once import own_name
from costopt.units import SECONDS_PER_HOUR
from costopt_aws.commitments import DIGITS, TABLE, family_matters, is_over, last_day
from costopt_aws.parsed import PROVIDER, money
from costopt_aws.prices import PAYMENTS
from costopt_aws.reserved import ACTIVE

KINDS: Final = {"Compute": "compute", "EC2Instance": "ec2_instance"}
"""Type of a plan that covers EC2 -> kind. Source: AWS Savings Plans API reference."""

TERMS_YEARS: Final = (1.0, 3.0)
"""Lengths of a plan [years]. Source: AWS Savings Plans user guide."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One plan that can be read.

    Attributes:
        key: what it may cover.
        kind: of the catalogue's savings plan offers.
        title: words for its name, without its last day.
        term_years: its length [years].
        payment: no, partial or all.
        spend_per_hour: what it commits to [currency/h].
        currency: ISO 4217.
        expires: last day that it covers whole.
        identity: stands for it in the answer about its use.
    """

    key: str
    kind: str
    title: str
    term_years: float
    payment: str
    spend_per_hour: Decimal
    currency: str
    expires: date
    identity: str


def plan_facts(
    pages: Iterable[Page], used: Mapping[str, Decimal | None], context: FetchContext
) -> tuple[tuple[Row, ...], tuple[FetchFinding, ...]]:
    """Return the facts of the plans in force whose use is known, and what is odd.

    Args:
        pages: of DescribeSavingsPlans.
        used: identity of a plan -> share of its commitment that is taken (0..1); None, or
            absent, where it is not known.
        context: start of the run and the types that matter.
    """
    plans: list[Plan] = []
    findings: list[FetchFinding] = []
    for told in (told for page in pages for told in page["savingsPlans"]):
        if told.get("state") != ACTIVE or is_over(told.get("end"), context.now):
            continue
        read = _plan(told)
        if isinstance(read, FetchFinding):
            findings.append(read)
        elif read.kind == "compute" or family_matters(str(told.get("ec2InstanceFamily")), context):
            plans.append(read)
    rows: list[Row] = []
    names: Counter[str] = Counter()
    for plan in sorted(plans, key=_order):
        share = used.get(plan.identity)
        name = own_name(f"{plan.title} {plan.expires.isoformat()}", names)
        if share is None:
            findings.append(_unknown_use(plan, name))
        else:
            rows.append(_row(plan, name, plan.spend_per_hour * share))
    return tuple(rows), tuple(findings)


def used_shares(pages: Iterable[Page]) -> dict[str, Decimal | None]:
    """Return identity -> share of a plan's commitment that was taken, from Cost Explorer."""
    shares: dict[str, Decimal | None] = {}
    for told in (told for page in pages for told in page["SavingsPlansUtilizationDetails"]):
        use = told.get("Utilization") or {}
        share = _share(money(use.get("UsedCommitment")), money(use.get("TotalCommitment")))
        shares[str(told.get("SavingsPlanArn"))] = share
    return shares


def _share(used: Decimal | None, total: Decimal | None) -> Decimal | None:
    """Return ``used / total``; None where it is not told or is no share."""
    if used is None or not total or used > total:
        return None
    return used / total


def _plan(told: Mapping[str, Any]) -> Plan | FetchFinding:
    """Return one plan, or what is wrong with it."""
    word = str(told.get("savingsPlanType"))
    name = f"{PROVIDER}/*/{word}/savings_plan"
    kind = KINDS.get(word)
    if kind is None:
        detail = f"a plan of the type {word} covers no EC2 instances"
        return left_out("commitment_unfit", name, detail, TABLE)
    place, title = f"{PROVIDER}/*/*", f"savings plan {kind}"
    if kind == "ec2_instance":
        region, family = told.get("region"), told.get("ec2InstanceFamily")
        if not region or not family:
            detail = f"region {region!r}, family {family!r}: each must be told"
            return left_out("commitment_unreadable", name, detail, TABLE)
        place, title = f"{PROVIDER}/{region}/{family}.*", f"{title} {family} {region}"
    seconds, spend = money(told.get("termDurationInSeconds")), money(told.get("commitment"))
    years = float((seconds or 0) / Decimal(str(SECONDS_PER_HOUR)) / HOURS_PER_YEAR)
    payment = PAYMENTS.get(str(told.get("paymentOption")))
    expires, currency = last_day(told.get("end")), str(told.get("currency") or "")
    if years not in TERMS_YEARS or not payment or not spend or expires is None or not currency:
        detail = (
            f"term {years:g} years, payment {told.get('paymentOption')!r}, commitment "
            f"{told.get('commitment')!r} {currency!r}, end {told.get('end')!r}: each must be known"
        )
        return left_out("commitment_unreadable", name, detail, TABLE)
    return Plan(
        key=place,
        kind=kind,
        title=title,
        term_years=years,
        payment=payment,
        spend_per_hour=spend,
        currency=currency,
        expires=expires,
        identity=str(told.get("savingsPlanArn")),
    )


def _row(plan: Plan, name: str, used_per_hour: Decimal) -> Row:
    return {
        "fact": "spend_commitment",
        "key": plan.key,
        "kind": "savings_plan",
        "plan": plan.kind,
        "term_years": plan.term_years,
        "payment": plan.payment,
        "spend_per_hour": float(plan.spend_per_hour),
        "used_per_hour": float(used_per_hour.quantize(DIGITS)),
        "currency": plan.currency,
        "expires": plan.expires.isoformat(),
        "name": name,
    }


def _unknown_use(plan: Plan, name: str) -> FetchFinding:
    detail = (
        f"{name}: {plan.spend_per_hour} {plan.currency}/h, and how much of it is in use is not "
        "known; set savings_plan_use of aws to cost_explorer, or to none where nothing uses it"
    )
    return left_out("commitment_use_unknown", plan.key, detail, TABLE)


def _order(plan: Plan) -> tuple[Any, ...]:
    return plan.title, plan.expires, plan.term_years, plan.payment, plan.spend_per_hour
