"""RateCards: on-demand, reserved and savings plan prices, from the files or from the APIs."""

from dataclasses import dataclass
from typing import Any, Final

from costopt.fetch.call import Call
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import warning
from costopt_aws.fleet import Fleet
from costopt_aws.operations import PLAN_RATES, PRODUCTS
from costopt_aws.parsed import PROVIDER, Parsed
from costopt_aws.price_files import PriceFiles
from costopt_aws.prices import PriceReader
from costopt_aws.products import PLAIN_LINUX, PricedProduct, chooser, from_api, from_files
from costopt_aws.savings_plans import (
    LINUX_SHARED,
    PlanRate,
    PlanReader,
    rates_from_api,
    rates_from_files,
)
from costopt_aws.sdk import Sdk
from costopt_aws.settings import AwsSettings

OFFER: Final = "AmazonEC2"

PLAN_TYPES: Final = ("Compute", "EC2Instance")


@dataclass(frozen=True, slots=True, kw_only=True)
class RateCards:
    """Reads list prices of one region.

    Attributes:
        settings: files or APIs, and whether savings plans are wanted.
        sdk: asks the APIs.
        files: asks for the files.
    """

    settings: AwsSettings
    sdk: Sdk
    files: PriceFiles

    def read(self, region: str, fleet: Fleet, context: FetchContext) -> Parsed:
        """Return on-demand, reserved and savings plan rows of a fleet.

        Raises:
            FetchError: the provider gave no usable answer.
        """
        if not fleet.types:
            return Parsed()
        by_api = self.settings.prices == "api"
        products = (
            self._asked_products(region, fleet, context)
            if by_api
            else from_files(
                self.files.offer_pages(region, context, chooser(region, fleet, context))
            )
        )
        operation = "API GetProducts" if by_api else f"file {OFFER} {region}"
        reader = PriceReader(
            region=region, fleet=fleet, now=context.now, source=f"AWS Price List {operation}"
        )
        priced = reader.read(products)
        if not self.settings.savings_plans:
            return priced
        plans = self._plans(region, fleet, context, products)
        return Parsed(
            rows=(*priced.rows, *plans.rows), findings=(*priced.findings, *plans.findings)
        )

    def _asked_products(
        self, region: str, fleet: Fleet, context: FetchContext
    ) -> tuple[PricedProduct, ...]:
        filters = [
            {"Type": "TERM_MATCH", "Field": name, "Value": value}
            for name, value in {"regionCode": region, **PLAIN_LINUX}.items()
        ]
        asked = {"ServiceCode": OFFER, "Filters": filters}
        call = Call(
            provider=PROVIDER, service=PRODUCTS.service, operation=PRODUCTS.name, region=region
        )
        pages = self.sdk.pages(context, PRODUCTS, region, asked)
        return from_api(pages, str(call), chooser(region, fleet, context))

    def _plans(
        self,
        region: str,
        fleet: Fleet,
        context: FetchContext,
        products: tuple[PricedProduct, ...],
    ) -> Parsed:
        """Return savings plan rows, or a finding where the region sells no plans."""
        rates: tuple[PlanRate, ...] | None
        if self.settings.prices == "api":
            source = f"AWS Savings Plans API {PLAN_RATES.name}"
            rates = rates_from_api(self.sdk.pages(context, PLAN_RATES, region, _asked_of(region)))
        else:
            source = f"AWS savings plan file {region}"
            rates = self._rates_of_files(region, fleet, context, products)
        if rates is None:
            name = f"{PROVIDER}/{region}//*/savings_plan///"
            detail = "the price files hold no savings plans of the region"
            return Parsed(findings=(warning("savings_plans_absent", name, detail),))
        reader = PlanReader(region=region, fleet=fleet, now=context.now, source=source)
        return reader.read(rates)

    def _rates_of_files(
        self,
        region: str,
        fleet: Fleet,
        context: FetchContext,
        products: tuple[PricedProduct, ...],
    ) -> tuple[PlanRate, ...] | None:
        """Return rates of the products that the price file holds; None without plans."""
        types = {
            product.sku: product.instance_type
            for product in products
            if product.instance_type in fleet.types
        }
        pages = self.files.plan_pages(region, context, frozenset(types))
        return None if pages is None else rates_from_files(pages, types)


def _asked_of(region: str) -> dict[str, Any]:
    """Return the question for rates of plain Linux in one region."""
    wanted = {"region": region, **LINUX_SHARED}
    return {
        "savingsPlanTypes": list(PLAN_TYPES),
        "products": ["EC2"],
        "serviceCodes": [OFFER],
        "filters": [{"name": name, "values": [value]} for name, value in wanted.items()],
    }
