"""What a plan says of its account: commitments that cannot be used, or that it leaves unused."""

from collections.abc import Iterator, Sequence

from costopt.account.account import Account
from costopt.account.owned import OWNED
from costopt.catalog.catalog import Catalog
from costopt.plan.line import PlanLine
from costopt.workload.request import AnyWorkload, Job, PlanRequest
from costopt.workload.requirement import Requirement


def account_notes(
    account: Account | None, lines: Sequence[PlanLine], request: PlanRequest, catalog: Catalog
) -> tuple[str, ...]:
    """Return one sentence for each commitment that a plan does not use, where that needs saying.

    Args:
        account: whose plan it is; None at list prices.
        lines: of the plan.
        request: the question.
        catalog: at list prices.
    """
    if account is None:
        return ()
    return (*account.notes(catalog), *_left_unused(account, lines, request, catalog))


def _left_unused(
    account: Account, lines: Sequence[PlanLine], request: PlanRequest, catalog: Catalog
) -> Iterator[str]:
    """Yield a sentence where commitments have room beside nodes that must be of one offer."""
    whole = {name for name, workload in request.named_workloads if takes_one_offer(workload)}
    if not any(line.workload in whole and not line.is_owned for line in lines):
        return
    room = []
    for key, covered in account.covered(catalog).items():
        name = key.split(f"/{OWNED}/")[1]
        used = sum(line.count for line in lines if line.is_owned and line.offer.kind == name)
        if used < covered:
            room.append(f"{covered - used:,} of {covered:,} of {name}")
    if room:
        yield (
            "a job, and equal nodes, take one way to pay for all firm nodes, so that a cheaper "
            f"mix of owned and bought ones may exist; left over are {', '.join(room)}"
        )


def takes_one_offer(workload: AnyWorkload) -> bool:
    """Return whether a workload may need several firm instances, all of one offer."""
    if isinstance(workload, Requirement):
        return workload.demand_per_second is None and workload.nodes > 1
    return isinstance(workload, Job)
