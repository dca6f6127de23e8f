"""Savings plans: from rates of plans to rows of the offers table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final

from costopt.fetch.call import Page
from costopt.fetch.fetched import HOURS_PER_YEAR, FetchFinding, Row, left_out, offer_row
from costopt.units import SECONDS_PER_HOUR
from costopt_aws.fleet import Fleet
from costopt_aws.parsed import PROVIDER, Parsed, day_in_force, money, offer_name, one_row_each
from costopt_aws.prices import PAYMENTS

KINDS: Final = (
    ("EC2Instance", "ec2_instance"),
    ("EC2 Instance", "ec2_instance"),
    ("EC2SP", "ec2_instance"),
    ("Compute", "compute"),
)
"""Word in the name of a plan -> kind. Source: AWS Savings Plans user guide, plan types."""

UPFRONT_SHARE: Final = {"no": Decimal(0), "partial": Decimal("0.5"), "all": Decimal(1)}
"""Share of the commitment that is due at the start; the rest is billed by the hour.

Source: AWS Savings Plans user guide, payment options: partial upfront is half or more; half here.
"""

TERM_YEARS: Final = {"1yr": 1.0, "3yr": 3.0, "1 year": 1.0, "3 year": 3.0}

LINUX_SHARED: Final = {"productDescription": "Linux/UNIX", "tenancy": "shared"}
"""Properties of a rate for plain Linux. Source: AWS Savings Plans API reference."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanRate:
    """What one instance type costs under one plan, in words of the catalogue where they exist.

    Attributes:
        instance_type: the provider's own name.
        plan: what the provider calls the plan, for its kind.
        term_years: length of the plan; None where it cannot be read [years].
        payment: no, partial or all; empty where it cannot be read.
        rate: price of one instance-hour, as on the wire.
        currency: ISO 4217.
        effective: date of the price list or the rate, as on the wire; empty where there is none.
        identity: number of the plan and the product.
    """

    instance_type: str
    plan: str
    term_years: float | None
    payment: str
    rate: Any
    currency: str
    effective: str
    identity: str


def rates_from_files(pages: Iterable[Page], types: Mapping[str, str]) -> tuple[PlanRate, ...]:
    """Return the rates of a savings plan file.

    Args:
        pages: the date of the file, plans, then their rates.
        types: SKU of the price file -> instance type.
    """
    plans: dict[str, Mapping[str, Any]] = {}
    rates = []
    published = ""
    for page in pages:
        if "published" in page:
            published = page["published"]
            continue
        if "plan" in page:
            plans[str(page["plan"].get("sku"))] = page["plan"]
            continue
        rate = page["rate"]
        plan = plans.get(str(rate.get("sku")), {})
        told = plan.get("attributes") or {}
        length = told.get("purchaseTerm") or f"{rate.get('duration')} {rate.get('durationUnit')}"
        rates.append(
            PlanRate(
                instance_type=types[rate["discountedSku"]],
                plan=str(
                    plan.get("productFamily")
                    or told.get("usagetype")
                    or rate.get("description")
                    or ""
                ),
                term_years=TERM_YEARS.get(str(length)),
                payment=PAYMENTS.get(str(told.get("purchaseOption")), ""),
                rate=rate.get("price"),
                currency=str(rate.get("currency") or ""),
                effective=published or str(rate.get("effectiveDate") or ""),
                identity=f"plan {rate.get('sku')}, SKU {rate['discountedSku']}",
            )
        )
    return tuple(rates)


def rates_from_api(pages: Iterable[Page]) -> tuple[PlanRate, ...]:
    """Return the rates of DescribeSavingsPlansOfferingRates for plain Linux."""
    rates = []
    for found in (found for page in pages for found in page["searchResults"]):
        told = {one.get("name"): one.get("value") for one in found.get("properties") or ()}
        plain = all(told.get(name) == value for name, value in LINUX_SHARED.items())
        if not plain or not told.get("instanceType"):
            continue
        plan = found.get("savingsPlanOffering") or {}
        seconds = plan.get("durationSeconds")
        years = seconds and float(seconds) / SECONDS_PER_HOUR / HOURS_PER_YEAR
        rates.append(
            PlanRate(
                instance_type=str(told["instanceType"]),
                plan=str(plan.get("planType") or ""),
                term_years=years if years in TERM_YEARS.values() else None,
                payment=PAYMENTS.get(str(plan.get("paymentOption")), ""),
                rate=found.get("rate"),
                currency=str(plan.get("currency") or ""),
                effective="",
                identity=f"offering {plan.get('offeringId')}, {found.get('usageType')}",
            )
        )
    return tuple(rates)


@dataclass(frozen=True, slots=True, kw_only=True)
class PlanReader:
    """Reads rates of one region.

    Attributes:
        region: the provider's own name.
        fleet: types whose prices are wanted.
        now: start of the run.
        source: service and file or operation, for every row.
    """

    region: str
    fleet: Fleet
    now: datetime
    source: str

    def read(self, rates: Iterable[PlanRate]) -> Parsed:
        """Return rows, each offer once."""
        rows: list[Row] = []
        findings: list[FetchFinding] = []
        for rate in rates:
            if self.fleet.sells(rate.instance_type, "on-demand"):
                found = self._row(rate)
                if isinstance(found, FetchFinding):
                    findings.append(found)
                else:
                    rows.append(found)
        unique = one_row_each(rows)
        return Parsed(rows=unique.rows, findings=(*findings, *unique.findings))

    def _row(self, rate: PlanRate) -> Row | FetchFinding:
        kind = next((kind for word, kind in KINDS if word in rate.plan), "")
        name = offer_name(self.region, rate.instance_type, "savings_plan")
        if not kind or rate.term_years is None or not rate.payment or not rate.currency:
            detail = (
                f"{rate.identity}: plan {rate.plan!r}, term {rate.term_years} years, "
                f"payment {rate.payment!r}, currency {rate.currency!r}"
            )
            return left_out("term_unknown", name, detail)
        price = money(rate.rate)
        if price is None or price == 0:
            detail = f"{rate.identity} has the rate {rate.rate!r}"
            return left_out("price_not_positive", name, detail)
        share = UPFRONT_SHARE[rate.payment]
        hours = Decimal(HOURS_PER_YEAR) * Decimal(str(rate.term_years))
        return offer_row(
            provider=PROVIDER,
            region=self.region,
            instance_type=rate.instance_type,
            purchase_option="savings_plan",
            kind=kind,
            term_years=rate.term_years,
            payment=rate.payment,
            recurring_per_hour=price * (1 - share),
            upfront=price * share * hours,
            currency=rate.currency,
            source=f"{self.source}, {rate.identity}",
            as_of=day_in_force(rate.effective, self.now)[0],
            note="half of the commitment upfront" if rate.payment == "partial" else "",
        )
