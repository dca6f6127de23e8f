"""watch_plans: saved plans priced again, solved again, and judged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

from costopt.account.account import Account
from costopt.candidate.find import all_candidates
from costopt.catalog.catalog import Catalog
from costopt.errors import EmptyCatalogError, PlanCheckError
from costopt.evaluate.check import evaluate_plan
from costopt.plan.answer import runs_on
from costopt.plan.beside import CatalogStamp
from costopt.plan.plan import Plan
from costopt.planning.asked import left_of_account
from costopt.planning.optimize_request import answer_request
from costopt.planning.plan_over_time import plan_over_time
from costopt.planning.signed_tranches import SignedTranches
from costopt.units import HOURS_PER_MONTH
from costopt.watch.comparison import Comparison, compare
from costopt.watch.freshness import Freshness
from costopt.watch.held import UNANSWERABLE, Held, held_today
from costopt.watch.own import account_of, as_asked
from costopt.watch.reasons import reasons
from costopt.watch.settings import WatchSettings
from costopt.watch.signed import signed_lines, spent
from costopt.watch.signed_tranches import ended_tranches, tranches_of, with_tranches
from costopt.watch.verdict import Cause, CauseKind, Judgement, Verdict


def watch_plans(
    plans: Mapping[str, Plan] | Sequence[Plan],
    catalog: Catalog,
    *,
    account: Account | None = None,
    settings: WatchSettings | None = None,
    renewed: Mapping[str, str] | None = None,
    today: str | None = None,
) -> list[Verdict]:
    """Price saved plans again, solve their requests again, and say what to do with each.

    Args:
        plans: that run now, by name; without names they are numbered.
        catalog: of today, at list prices.
        account: read lately; each plan's own when left out.
        settings: cost of moving, threshold, days.
        renewed: provider, or provider/region -> day since which its prices were not renewed, as
            ``renewed_days`` tells of a version, and the same of single offers, as ``kept_days``
            does; what is not named counts as renewed.
        today: ISO day from which that and expiry count; the catalogue's date when left out.

    Raises:
        EmptyCatalogError: the catalogue has no offers.
        UnknownNameError: a key of the given account names nothing in the catalogue.
    """
    named = plans if isinstance(plans, Mapping) else _numbered(plans)
    watch = Watch.on(
        catalog, account=account, settings=settings, renewed=renewed or {}, today=today
    )
    return [watch.judge(name, plan) for name, plan in named.items()]


def _numbered(plans: Sequence[Plan]) -> dict[str, Plan]:
    return {f"plan {number}": plan for number, plan in enumerate(plans, start=1)}


@dataclass(frozen=True, kw_only=True)
class Watch:
    """What plans are judged with; worked out once for all of them.

    Attributes:
        catalog: of today, at list prices.
        account: read lately; None where each plan's own counts.
        settings: cost of moving, threshold, days.
        freshness: of the catalogue's prices.
    """

    catalog: Catalog
    account: Account | None
    settings: WatchSettings
    freshness: Freshness

    @classmethod
    def on(
        cls,
        catalog: Catalog,
        *,
        account: Account | None = None,
        settings: WatchSettings | None = None,
        renewed: Mapping[str, str],
        today: str | None = None,
    ) -> Self:
        """Put together what ``watch_plans`` is given."""
        chosen = settings or WatchSettings()
        freshness = Freshness(
            today=today or catalog.as_of,
            max_stale_days=chosen.max_stale_days,
            renewed=renewed,
        )
        return cls(catalog=catalog, account=account, settings=chosen, freshness=freshness)

    @cached_property
    def fresh(self) -> Catalog:
        """The catalogue without prices that are too old for a new plan."""
        return self.freshness.fresh_part(self.catalog)

    def judge(self, name: str, plan: Plan) -> Verdict:
        """Judge one plan.

        What a plan over time has committed is signed and goes on, used or not: it is held against
        the best plan around these commitments, which buys no others.

        Args:
            name: of the plan.
            plan: that runs now.

        Raises:
            UnknownNameError: a key of the given account names nothing in the catalogue.
        """
        account = account_of(plan, self.account, self.catalog, self.freshness.today)
        held = held_today(plan, self.catalog, account, self.freshness)
        new, why_none = self._best(plan, account)
        found = None
        if new is not None and held.lines is not None:
            found = compare(held.lines, held.signed, new, self.settings)
        judgement = Judgement.KEEP
        if held.is_broken:
            judgement = Judgement.INVALID
        elif found is not None and found.is_worth_it(self.settings, plan.request.gap):
            judgement = Judgement.SWITCH
        causes = (*reasons(plan, held, new, found, judgement), *why_none)
        return Verdict(
            plan=name,
            verdict=judgement,
            cause=causes[0].text if causes else "nothing has changed",
            causes=causes,
            currency=plan.currency,
            planned_total=sum(map(spent, plan.lines)) if plan.has_answer else None,
            **(_figures(plan, held, found) or self._figures_of_new(plan, new)),
            catalog=self._stamp,
            planned_as_of=plan.catalog.as_of,
            new_plan=None if judgement is Judgement.KEEP else new,
        )

    @property
    def _stamp(self) -> CatalogStamp:
        return CatalogStamp(
            place=self.catalog.place,
            as_of=self.catalog.as_of,
            fingerprint=self.catalog.fingerprint,
        )

    def _best(self, plan: Plan, account: Account | None) -> tuple[Plan | None, tuple[Cause, ...]]:
        """Answer the request of a plan again, from prices that are fresh enough."""
        try:
            if not len(self.fresh):
                raise EmptyCatalogError("whose prices were renewed lately enough to plan with")
            new = self._answer(plan, account)
        except (*UNANSWERABLE, PlanCheckError) as error:
            return None, (Cause(kind=CauseKind.NO_ANSWER, text=f"no new plan: {error}"),)
        if new.has_answer:
            return self.freshness.of_whole(new, self.fresh, self.catalog), ()
        why = "; ".join((new.status.value.replace("_", " "), *new.unanswered_because))
        return None, (Cause(kind=CauseKind.NO_ANSWER, text=f"no new plan: {why}"),)

    def _answer(self, plan: Plan, account: Account | None) -> Plan:
        """Answer the request of a plan again, around commitments that still last."""
        request = as_asked(plan, self.catalog)
        if not tranches_of(plan) or any(ended_tranches(plan, self.freshness.today)):
            return answer_request(request, self.fresh, account)
        catalog, request = left_of_account(request, self.fresh, account)
        catalog = with_tranches(catalog, plan)
        workloads = all_candidates(request, catalog)
        signed = SignedTranches(tranches=tranches_of(plan))
        new = plan_over_time(workloads, request, catalog, signed)
        broken = evaluate_plan(new, catalog).violations
        if broken:
            raise PlanCheckError(broken)
        return new

    def _figures_of_new(self, plan: Plan, new: Plan | None) -> dict[str, Any]:
        """Return what a new plan costs where today's cost of the saved one cannot be told.

        Signed terms go on beside it at a cost that is not known then.
        """
        if new is None or signed_lines(plan, self.freshness.today):
            return {}
        total = sum(line.line_cost_total for line in new.lines)
        monthly = total / new.horizon_hours * HOURS_PER_MONTH
        return {"new_total": total, "new_per_month": monthly if runs_on(new) else None}


def _figures(plan: Plan, held: Held, found: Comparison | None) -> dict[str, Any]:
    """Return the amounts of a verdict, as far as they can be told."""
    if held.lines is None:
        return {}
    if found is None:
        known = sum(line.line_cost_total for line in held.lines)
        monthly = known / plan.horizon_hours * HOURS_PER_MONTH
        return {
            "current_total": known,
            "current_per_month": monthly if runs_on(plan) else None,
        }
    return {
        "current_total": found.current_total,
        "new_total": found.new_total,
        "saving_total": found.saving_total,
        "current_per_month": found.per_month(found.current_total),
        "new_per_month": found.per_month(found.new_total),
        "saving_per_month": found.per_month(found.saving_total),
        "saving_fraction": found.saving_fraction,
        "switching_cost": found.switching_cost,
        "days_to_repay": found.days_to_repay,
    }
