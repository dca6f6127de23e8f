"""Commitments of a tenant: reservations and savings plans."""

from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchedAccount
from costopt_azure.management import Management
from costopt_azure.reservations import ask_reservations, read_reservations
from costopt_azure.savings_plans import ask_savings_plans, read_savings_plans


def read_commitments(management: Management, context: FetchContext) -> FetchedAccount:
    """Read what the tenant has committed itself to: reservations and savings plans.

    Raises:
        FetchError: the provider gave no usable answer.
    """
    owned, odd = read_reservations(ask_reservations(management, context.wire), context)
    plans, others = read_savings_plans(ask_savings_plans(management, context.wire), context.now)
    return FetchedAccount(region="", facts=(*owned, *plans), findings=(*odd, *others))
