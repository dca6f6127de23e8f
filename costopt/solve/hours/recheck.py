"""Recheck a decision over hours against the problem as it was handed in, without the program."""

from collections.abc import Iterator

import numpy as np

from costopt.solve.hours.bill import paid_of
from costopt.solve.hours.gangs import EVERY_HOUR, runs_started
from costopt.solve.hours.problem import HourlyProblem
from costopt.solve.hours.solution import Coverage, HourlyDecision
from costopt.solve.problem import BoolArray, FloatArray, IntArray, ServingBlock
from costopt.solve.recheck import FEASIBILITY_TOLERANCE


def hourly_violations(problem: HourlyProblem, decision: HourlyDecision) -> list[str]:
    """Say which demands and limits the decision breaks by more than the tolerance."""
    return [
        *_count_violations(problem, decision),
        *_commitment_violations(problem, decision),
        *_serving_violations(problem, decision),
        *_work_violations(problem, decision),
        *_gang_violations(problem, decision),
        *_sequence_violations(problem, decision),
        *_type_violations(problem, decision),
    ]


def _broken(what: str, broken: BoolArray) -> Iterator[str]:
    """One sentence for the hours (last axis) in which a rule is broken."""
    hours = np.flatnonzero(np.atleast_2d(broken).reshape(-1, broken.shape[-1]).any(axis=0))
    if len(hours):
        more = f" and {len(hours) - 1} more" if len(hours) > 1 else ""
        yield f"hour {hours[0]}{more}: {what}"


def _above(value: FloatArray, limit: FloatArray | float) -> BoolArray:
    above: BoolArray = value > np.asarray(limit) * (1 + FEASIBILITY_TOLERANCE)
    return above


def _count_violations(problem: HourlyProblem, decision: HourlyDecision) -> Iterator[str]:
    counts = decision.counts
    yield from _broken("an offer has a negative count", counts < 0)
    too_many = counts > problem.upper[:, None]
    yield from _broken("an offer has more instances than its upper limit", too_many)
    for row in problem.rows:
        used = row.offer_coefficients @ counts
        yield from _broken(f"limit {row.name!r} is exceeded", _above(used, row.upper))


def _commitment_violations(problem: HourlyProblem, decision: HourlyDecision) -> Iterator[str]:
    commitments = decision.commitments
    for amounts, limits in (
        (commitments.quantities, problem.quantities.upper),
        (commitments.spends, problem.spends.upper),
        (commitments.resources, problem.resources.upper),
    ):
        if (amounts < 0).any() or _above(amounts.astype(np.float64), limits).any():
            yield "a commitment is negative or above its upper limit"
    drawn = np.zeros((len(problem.quantities), problem.hour_count))
    committed = np.flatnonzero(problem.quantity >= 0)
    np.add.at(drawn, problem.quantity[committed], decision.counts[committed])
    held = np.repeat(commitments.quantities[:, None], problem.hour_count, axis=1)
    if problem.quantities.available is not None:
        held = held * problem.quantities.available
    yield from _broken("more runs on a commitment than is committed", drawn > held)


def _serving_violations(problem: HourlyProblem, decision: HourlyDecision) -> Iterator[str]:
    kind = decision.kind
    for index, (block, shares) in enumerate(zip(problem.blocks, decision.shares, strict=True)):
        where, factor = f"of block {index}", problem.demand_factor[index]
        wanted = np.logical_and.outer(factor > 0, block.demand > 0)
        unserved = np.abs(shares.sum(axis=1)[kind] - 1) > FEASIBILITY_TOLERANCE
        missing = np.logical_and(wanted, unserved).T
        yield from _broken(f"a bucket {where} is not served whole", missing)
        wrong = np.logical_or(shares < 0, np.logical_and(shares > 0, block.rates <= 0))
        yield from _broken(
            f"a share {where} is negative or on a server that cannot serve it",
            np.asarray(wrong.reshape(len(shares), -1).any(axis=1))[kind],
        )
        rates = np.where(block.rates > 0, block.rates, np.inf)
        busy = (shares * (block.demand / rates)).sum(axis=2)[kind].T * factor
        first, last = problem.first_server[index : index + 2]
        serving = np.flatnonzero((problem.server >= first) & (problem.server < last))
        running = np.zeros((last - first, problem.hour_count))
        np.add.at(running, problem.server[serving] - first, decision.counts[serving])
        overloaded = _above(busy, block.max_utilisation[:, None] * running)
        yield from _broken(f"a server {where} is loaded beyond its highest use", overloaded)
        on_spot = shares[:, block.is_spot].sum(axis=1)[kind].T
        yield from _broken(
            f"a bucket {where} has too great a share on spot",
            _above(on_spot, block.max_spot_fraction),
        )
        yield from _loss_violations(where, block, shares, kind, factor > 0)


def _loss_violations(
    where: str, block: ServingBlock, shares: FloatArray, kind: IntArray, served: BoolArray
) -> Iterator[str]:
    """Lose every set of groups in every kind of hour; nothing is re-routed.

    The worst set for a bucket is that of its ``k`` largest shares.
    """
    at_risk = np.flatnonzero(block.server_group >= 0)
    groups, number = np.unique(block.server_group[at_risk], return_inverse=True)
    if not len(groups):
        return
    carried = np.zeros((len(groups), len(shares), shares.shape[2]))
    np.add.at(carried, number, shares[:, at_risk].swapaxes(0, 1))
    if block.max_losses:
        lost = -np.sort(-carried, axis=0)[: block.max_losses].sum(axis=0)
        worst = int(lost.max(axis=1).argmax())
        bucket = int(lost[worst].argmax())
        order = np.argsort(-carried[:, worst, bucket], kind="stable")
        names = sorted(groups[order[: block.max_losses]].tolist())
        too_much = np.asarray(np.any(_above(lost, block.max_lost_fraction), axis=1))
        yield from _broken(
            f"failure groups {where} carry too much together, at worst {names} with "
            f"{lost[worst, bucket]:g} of bucket {bucket}, of {block.max_lost_fraction:g} allowed",
            served & too_much[kind],
        )
    share: FloatArray = carried @ block.demand_shares
    enough = np.sum(share >= block.least_carried - FEASIBILITY_TOLERANCE, axis=0)
    carries: BoolArray = share.sum(axis=0) > FEASIBILITY_TOLERANCE
    too_few: BoolArray = carries & (enough < block.min_failure_groups)
    yield from _broken(
        f"fewer than {block.min_failure_groups} failure groups {where} carry "
        f"{block.least_carried:g} of the demand",
        served & too_few[kind],
    )


def _type_violations(problem: HourlyProblem, decision: HourlyDecision) -> Iterator[str]:
    if problem.types is None:
        return
    used = len(problem.types.in_use(decision.counts))
    if used > problem.types.most:
        yield f"{used} distinct types run, {problem.types.most} may"


def budget_violations(
    problem: HourlyProblem, decision: HourlyDecision, coverage: Coverage
) -> Iterator[tuple[int, float]]:
    """Give each budget that is broken, and what is paid of it in the dearest scenario.

    Args:
        problem: the problem.
        decision: what runs and what is committed.
        coverage: what commitments pay for, in the provider's order.
    """
    for number, budget in enumerate(problem.budgets):
        paid = float(paid_of(problem, budget, decision, coverage).max())
        if paid > budget.upper * (1 + FEASIBILITY_TOLERANCE):
            yield number, paid


def _work_violations(problem: HourlyProblem, decision: HourlyDecision) -> Iterator[str]:
    work = problem.work
    for scenario in range(len(problem.probability) if len(work) else 0):
        counts = decision.counts[:, problem.scenario == scenario]
        for job in range(len(work)):
            mine = work.job == job
            inside = counts[mine, work.release[job] : work.deadline[job]]
            if inside.sum() != counts[mine].sum():
                yield f"job {job} runs before its release or after its deadline"
            done = float((work.rate[mine] @ inside).sum())
            done -= _lost_to_starts(problem, counts, job)
            if done < work.amount[job] * (1 - FEASIBILITY_TOLERANCE):
                yield f"job {job}: {done:g} of {work.amount[job]:g} is done by its deadline"


def _lost_to_starts(problem: HourlyProblem, counts: IntArray, job: int) -> float:
    """Work of a job that its gangs lose with their starts in one scenario [units]."""
    gangs = problem.gangs
    if not len(gangs):
        return 0.0
    mine = gangs.job[gangs.task] == job
    starts = runs_started(gangs.whole(counts)[mine] > 0).sum(axis=1)
    return float(problem.gang_work_lost[mine] @ starts)


def _gang_violations(problem: HourlyProblem, decision: HourlyDecision) -> Iterator[str]:
    gangs = problem.gangs
    if not len(gangs):
        return
    running = gangs.whole(decision.counts)
    part = (running != 0) & (running != gangs.size[:, None])
    yield from _broken("a part of a gang runs, or more than the whole of it", part)
    used = (running > 0).sum(axis=1) > 0
    for task in range(len(gangs)):
        mine = gangs.task == task
        if used[mine].sum() != 1:
            yield f"task {task} runs in {used[mine].sum()} configurations instead of one"
        if gangs.job[task] == EVERY_HOUR:
            yield from _broken(f"task {task} does not run", running[mine].sum(axis=0) == 0)


def _sequence_violations(problem: HourlyProblem, decision: HourlyDecision) -> Iterator[str]:
    if problem.sequence is None:
        return
    for scenario in range(len(problem.probability)):
        mine = np.flatnonzero(problem.scenario == scenario)
        for offer in np.flatnonzero(problem.sequence.min_up_hours > 1).tolist():
            least = int(problem.sequence.min_up_hours[offer])
            if not stays_up(decision.counts[offer, mine], least):
                yield f"an instance of offer {offer} stops before its minimum-up time"


def stays_up(counts: IntArray, least: int) -> bool:
    """Whether instances of a repeating round run long enough once started.

    Those that have started in the last ``U`` hours must all be running still.

    Args:
        counts: instances in each hour of the round (hours,).
        least: ``U`` [h].
    """
    starts = np.maximum(counts - np.roll(counts, 1), 0)
    rounds, rest = divmod(least, len(counts))
    recent = rounds * starts.sum() + sum(np.roll(starts, back) for back in range(rest))
    return bool((recent <= counts).all())
