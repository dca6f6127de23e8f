"""Rows of a PuLP model over hours: each function yields one family of constraints."""

from collections.abc import Iterator, Sequence
from math import ceil, isfinite

import pulp

from costopt.solve.hours.pulp_model import PulpHours, others_of, rounds_of
from costopt.solve.pulp_block import Rows, block_rows
from costopt.solve.pulp_program import numbered, plain, weighted


def objective_of(written: PulpHours) -> pulp.LpAffineExpression:
    """Return commitments and ``(1 - b) mean + b CVaR_a`` of what is paid by the hour [currency].

    ``CVaR_a = min over h of h + sum_s p_s max(0, C_s - h) / (1 - a)``.
    Source: Rockafellar and Uryasev, "Optimization of conditional value-at-risk", 2000.
    """
    problem = written.problem
    terms = weighted(problem.quantities.cost, written.quantities)
    terms += weighted(problem.spends.cost, written.spends)
    terms += weighted(problem.resources.cost, written.resources)
    tail = problem.tail_weight
    terms += weighted((1 - tail) * problem.probability, written.paid)
    if written.at_risk and problem.scenarios is not None:
        value, *beyond = written.at_risk
        terms.append(tail * value)
        terms += weighted(tail * problem.probability / (1 - problem.scenarios.tail_level), beyond)
    if problem.changes is not None:
        terms += [problem.changes.start_cost * begun for begun in written.begun]
        terms += [problem.changes.stop_cost * ended for ended in written.ended]
    return pulp.lpSum(terms)


def hourly_rows(written: PulpHours) -> Rows:
    """Yield every constraint with its name.

    Args:
        written: the model, with all of its columns; rows that need more add them.
    """
    for blocks in written.blocks:
        for block in blocks:
            yield from block_rows(written.model, block)
    for hour in range(written.problem.hour_count):
        yield from _limit_rows(written, hour)
        yield from _quantity_rows(written, hour)
        yield from _spend_rows(written, hour)
        yield from _resource_rows(written, hour)
    yield from _work_rows(written)
    yield from written.gangs.rows(written.counts, rounds_of(written.problem))
    yield from _start_rows(written)
    yield from _payment_rows(written)
    yield from _change_rows(written)


def _limit_rows(written: PulpHours, hour: int) -> Rows:
    """Yield ``sum_o w_o n_ot <= W`` for each limit."""
    running = written.counts[hour]
    for number, row in enumerate(written.problem.rows):
        used = weighted(row.offer_coefficients[list(running)], list(running.values()))
        if used and isfinite(row.upper):
            name = numbered("limit", f"{hour}_{number}", plain(row.name))
            yield name, pulp.lpSum(used) <= row.upper


def _quantity_rows(written: PulpHours, hour: int) -> Rows:
    """Yield that no more runs on a commitment than is committed, where it may be used."""
    problem, running = written.problem, written.counts[hour]
    available = problem.quantities.available
    for commitment, held in enumerate(written.quantities):
        drawn = [one for offer, one in running.items() if problem.quantity[offer] == commitment]
        usable = available is None or bool(available[commitment, hour])
        if drawn:
            most = pulp.lpSum([held] if usable else [])
            yield f"committed_{hour}_{commitment}", pulp.lpSum(drawn) <= most


def _spend_rows(written: PulpHours, hour: int) -> Rows:
    """Yield what plans of money cover: each instance once, each plan up to what it holds."""
    problem, spends = written.problem, written.problem.spends
    covered, others = written.covered[hour], written.others[hour]
    plans = range(len(spends))
    for offer, running in written.counts[hour].items():
        billed = [covered[plan, offer] for plan in plans if (plan, offer) in covered]
        if billed:
            started = written.started[hour].get(offer, 0)
            charged = running + float(problem.start_up_hours[offer]) * started
            yield f"billed_once_{hour}_{offer}", pulp.lpSum(billed) <= charged
    for line in others_of(problem):
        billed = [others[plan, line] for plan in plans if (plan, line) in others]
        if billed:
            usage = float(spends.other_usage[line, hour])
            yield f"others_once_{hour}_{line}", pulp.lpSum(billed) <= usage
    for plan in plans:
        drawn = [
            float(rates[plan, item]) * one
            for rates, billed_under in ((spends.rate, covered), (spends.other_rate, others))
            for (by, item), one in billed_under.items()
            if by == plan
        ]
        if drawn:
            held = written.spends[plan] + float(spends.owned[plan, hour])
            yield f"plan_{hour}_{plan}", pulp.lpSum(drawn) <= held


def _resource_rows(written: PulpHours, hour: int) -> Rows:
    """Yield that amounts covered are needed, starts included, and held by what is committed."""
    resources, start_up = written.problem.resources, written.problem.start_up_hours
    running, started = written.counts[hour], written.started[hour]
    for resource, covered in written.amounts[hour].items():
        needs = resources.needs[:, resource]
        needed = weighted(needs[list(running)], list(running.values()))
        needed += weighted((needs * start_up)[list(started)], list(started.values()))
        yield f"needed_{hour}_{resource}", covered <= pulp.lpSum(needed)
        amounts = resources.amounts[:, resource]
        if resources.available is not None:
            amounts = amounts * resources.available[:, hour]
        held = pulp.lpSum(weighted(amounts, written.resources))
        yield f"held_{hour}_{resource}", covered <= held


def _work_rows(written: PulpHours) -> Rows:
    """Yield that each job is done by its deadline in every scenario."""
    problem, work = written.problem, written.problem.work
    for job in range(len(work)):
        for scenario, hours in enumerate(rounds_of(problem)):
            done = [
                float(work.rate[offer]) * one
                for hour in hours
                for offer, one in written.counts[hour].items()
                if work.job[offer] == job
            ]
            done += [-lost for hour in hours for lost in written.gangs.lost(job, hour)]
            yield f"done_{job}_{scenario}", pulp.lpSum(done) >= float(work.amount[job])


def _start_rows(written: PulpHours) -> Rows:
    """Yield ``s_ot >= n_ot - n_o,t-1``, and that what was started runs on for long enough.

    The hours of a scenario repeat: before the first comes the last.
    """
    sequence = written.problem.sequence
    if sequence is None:
        return
    for hours in rounds_of(written.problem):
        for place, hour in enumerate(hours):
            earlier = written.counts[hours[place - 1]]
            for offer, started in written.started[hour].items():
                now = written.counts[hour][offer]
                yield f"start_{hour}_{offer}", now - earlier.get(offer, 0) <= started
            for offer, kept in enumerate(sequence.min_up_hours.tolist()):
                lately = list(_lately(written, hours, place, offer, kept)) if kept > 1 else []
                if lately:
                    running = pulp.lpSum([written.counts[hour].get(offer, 0)])
                    yield f"stay_{hour}_{offer}", pulp.lpSum(lately) <= running


def _lately(
    written: PulpHours, hours: Sequence[int], place: int, offer: int, kept: int
) -> Iterator[pulp.LpAffineExpression]:
    """Yield what was started in the last hours, as often as the round comes in them."""
    for back in range(min(kept, len(hours))):
        started = written.started[hours[place - back]].get(offer)
        if started is not None:
            yield ceil((kept - back) / len(hours)) * started


def _payment_rows(written: PulpHours) -> Rows:
    """Yield what each scenario pays by the hour, and what of it lies beyond the value at risk."""
    for scenario, hours in enumerate(rounds_of(written.problem)):
        paid = pulp.lpSum(
            float(written.problem.weight[hour]) * _charge(written, hour) for hour in hours
        )
        yield f"paid_{scenario}", written.paid[scenario] == paid
        if written.at_risk:
            value, beyond = written.at_risk[0], written.at_risk[1 + scenario]
            yield f"beyond_{scenario}", written.paid[scenario] <= value + beyond


def _charge(written: PulpHours, hour: int) -> pulp.LpAffineExpression:
    """Return what is paid in an hour: all that runs and starts, less what plans cover."""
    problem, price = written.problem, written.problem.price_per_hour
    terms = [float(price[offer]) * one for offer, one in written.counts[hour].items()]
    if problem.sequence is not None:
        charged = price * problem.sequence.start_up_hours
        terms += [float(charged[offer]) * one for offer, one in written.started[hour].items()]
    other_price, covered = problem.spends.other_price, written.amounts[hour]
    terms += [-float(price[item]) * one for (_, item), one in written.covered[hour].items()]
    terms += [-float(other_price[item]) * one for (_, item), one in written.others[hour].items()]
    terms += [-float(problem.resources.price[item]) * one for item, one in covered.items()]
    usage = problem.spends.other_usage
    others = float(other_price @ usage[:, hour]) if len(problem.spends) else 0.0
    return pulp.lpSum(terms) + others


def _change_rows(written: PulpHours) -> Rows:
    """Yield ``sum_t p_t h_t sum_(o of k) n_ot / H - b_k + d_k = r_k`` for what ran before.

    ``p_t`` is the probability of the hour's scenario and ``H`` the expected hours of all.
    """
    problem, changes = written.problem, written.problem.changes
    if changes is None:
        return
    of_hour = [
        float(problem.weight[hour] * problem.probability[scenario])
        for hour, scenario in enumerate(problem.scenario.tolist())
    ]
    for kind, begun in enumerate(written.begun):
        has_run = kind < len(written.ended)
        running = [
            part / sum(of_hour) * count
            for part, counts in zip(of_hour, written.counts, strict=True)
            for offer, count in counts.items()
            if int(changes.kind[offer]) == (kind if has_run else -1)
        ]
        before = float(changes.running[kind]) if has_run else 0.0
        fewer = [written.ended[kind]] if has_run else []
        yield f"change_{kind}", pulp.lpSum([*running, -1 * begun, *fewer]) == before
