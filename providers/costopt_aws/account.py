"""AccountReader: what is the account's own, from the calls that tell it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, timedelta
from decimal import Decimal
from typing import Final

from costopt.errors import MissingCredentialsError
from costopt.fetch.call import Call
from costopt.fetch.context import FetchContext
from costopt.fetch.fetched import FetchedAccount
from costopt_aws.account_operations import (
    CAPACITY_RESERVATIONS,
    OWNED_PLANS,
    PLAN_USE,
    QUOTAS,
    RESERVED_INSTANCES,
    RUNNING,
)
from costopt_aws.capacity_reservations import CapacityReader
from costopt_aws.commitments import commitment_rows
from costopt_aws.fleet import zone_ids
from costopt_aws.operations import INSTANCE_TYPES, ZONES
from costopt_aws.owned_plans import plan_facts, used_shares
from costopt_aws.parsed import PROVIDER
from costopt_aws.quotas import QuotaReader
from costopt_aws.reserved import ACTIVE, ReservedReader
from costopt_aws.running import STATES, counted
from costopt_aws.sdk import Sdk, batches
from costopt_aws.settings import AwsSettings

QUOTA_SERVICE: Final = "ec2"
"""Service whose quotas are asked for. Source: Service Quotas API reference."""

HOW_TO_SIGN_IN: Final = (
    "Give access_key_id and secret_access_key, or a profile: what an account owns is told to "
    "itself alone."
)

USE_DAYS: Final = 7
"""Days over which the use of savings plans is averaged, so that no weekend hides it [days]."""

USE_DELAY_DAYS: Final = 1
"""Days until the use of a day is told in full. Source: AWS Cost Explorer user guide [days]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReader:
    """Reads quotas with their use and commitments owned.

    Attributes:
        settings: what a person wrote.
        sdk: asks the APIs.
    """

    settings: AwsSettings
    sdk: Sdk

    def read(self, region: str, context: FetchContext) -> FetchedAccount:
        """Return the facts of one region, or of none where its name is empty.

        Raises:
            FetchError: the provider gave no usable answer.
        """
        return self._region(region, context) if region else self._everywhere(context)

    def _region(self, region: str, context: FetchContext) -> FetchedAccount:
        """Return reserved instances, capacity reservations and quotas of one region."""
        zones = zone_ids(self.sdk.pages(context, ZONES, region, {}))
        states = {"Filters": [{"Name": "instance-state-name", "Values": list(STATES)}]}
        running = counted(self.sdk.pages(context, RUNNING, region, states), zones)
        held = CapacityReader(region=region, zone_ids=zones, context=context).read(
            self.sdk.pages(
                context, CAPACITY_RESERVATIONS, region, {}, lambda: self._own_filter(region)
            )
        )
        bought, odd = ReservedReader(region=region, zone_ids=zones, context=context).read(
            self.sdk.pages(context, RESERVED_INSTANCES, region, {}),
            running,
            held.bound,
            held.idle,
        )
        counts = {*(group.instance_type for group in running), *held.unbound}
        reader = QuotaReader(
            region=region, context=context, vcpus=self._vcpus(counts, region, context)
        )
        quotas, unknown = reader.read(
            self.sdk.pages(context, QUOTAS, region, {"ServiceCode": QUOTA_SERVICE}),
            running,
            held.unbound,
            held.block_types,
        )
        return FetchedAccount(
            region=region,
            facts=(*quotas, *commitment_rows(region, (*bought, *held.owned))),
            findings=(*unknown, *odd, *held.findings),
        )

    def _own_filter(self, region: str) -> dict[str, object]:
        """Ask for reservations of this account: others may share theirs, and pay for them."""
        return {"Filters": [{"Name": "owner-id", "Values": [self.sdk.account_id(region)]}]}

    def _vcpus(self, names: Iterable[str], region: str, context: FetchContext) -> dict[str, int]:
        """Return type -> vCPUs of one instance by default.

        A run for one type asks the same of its hardware: the answer is kept whole, because a
        recording holds one of the two.
        """
        vcpus: dict[str, int] = {}
        for batch in batches(name for name in names if name):
            asked = {"Filters": [{"Name": "instance-type", "Values": batch}]}
            for page in self.sdk.pages(context, INSTANCE_TYPES, region, asked):
                for told in page["InstanceTypes"]:
                    count = (told.get("VCpuInfo") or {}).get("DefaultVCpus")
                    if count:
                        vcpus[str(told["InstanceType"])] = int(count)
        return vcpus

    def _everywhere(self, context: FetchContext) -> FetchedAccount:
        """Return savings plans."""
        asked = {"states": [ACTIVE]}
        pages = tuple(self.sdk.pages(context, OWNED_PLANS, "", asked))
        names = [
            str(told.get("savingsPlanArn")) for page in pages for told in page["savingsPlans"]
        ]
        use = self._plan_use(names, context)
        facts, findings = plan_facts(pages, use, context)
        return FetchedAccount(region="", facts=facts, findings=findings)

    def _plan_use(self, names: list[str], context: FetchContext) -> dict[str, Decimal | None]:
        """Return plan -> share of its commitment in use; empty where nobody is to be asked."""
        if self.settings.savings_plan_use == "none":
            return {name: Decimal(0) for name in names}
        if self.settings.savings_plan_use == "unknown" or not names:
            return {}
        end = context.now.astimezone(UTC).date() - timedelta(days=USE_DELAY_DAYS)
        start = end - timedelta(days=USE_DAYS)
        period = {"TimePeriod": {"Start": start.isoformat(), "End": end.isoformat()}}
        return used_shares(self.sdk.pages(context, PLAN_USE, "", {}, lambda: period))


def account_needs_credentials() -> MissingCredentialsError:
    """Return the error of a run without credentials that asks what an account owns."""
    call = Call(provider=PROVIDER, service="session", operation="account")
    return MissingCredentialsError(str(call), HOW_TO_SIGN_IN)
