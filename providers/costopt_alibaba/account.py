"""AccountReader: quotas and commitments of the account that asks, place by place."""

from collections.abc import Iterable
from dataclasses import dataclass

from costopt.fetch.fetched import FetchedAccount
from costopt_alibaba.commitments import (
    Held,
    commitment_facts,
    reserved_instances,
    subscriptions,
)
from costopt_alibaba.hardware import wanted
from costopt_alibaba.parsed import Parsed, records
from costopt_alibaba.questions import Questions
from costopt_alibaba.quotas import quota_facts
from costopt_alibaba.savings_plans import savings_plan_facts


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReader:
    """Reads the account's own, question by question.

    Attributes:
        questions: asks about a region; its region is empty for what belongs to none.
    """

    questions: Questions

    def everywhere(self) -> FetchedAccount:
        """Return the savings plans."""
        plans = savings_plan_facts(self.questions.savings_plans(), self.questions.context.now)
        return self._told(plans)

    def in_region(self) -> FetchedAccount:
        """Return the quotas and the instances already paid for."""
        region, now = self.questions.region, self.questions.context.now
        quotas = quota_facts(self.questions.quotas(), region)
        subscribed, running, unread = subscriptions(self.questions.instances(), region, now)
        reserved, odd = reserved_instances(self.questions.reserved_instances(), region, now)
        held = self._asked_for((*subscribed, *reserved))
        facts = commitment_facts(held, running, region)
        return self._told(quotas, Parsed(findings=(*unread, *odd)), facts)

    def _asked_for(self, held: tuple[Held, ...]) -> Iterable[Held]:
        """Return those of types that the run asks for; only the types' own list tells."""
        names = {one.instance_type for one in held}
        asked = {
            str(told.get("InstanceTypeId"))
            for page in self.questions.described_types(names)
            for told in records(page, "InstanceTypes", "InstanceType")
            if wanted(told, str(told.get("InstanceTypeId")), self.questions.context)
        }
        return tuple(one for one in held if one.instance_type in asked)

    def _told(self, *parts: Parsed) -> FetchedAccount:
        return FetchedAccount(
            region=self.questions.region,
            facts=tuple(row for part in parts for row in part.rows),
            findings=tuple(finding for part in parts for finding in part.findings),
        )
