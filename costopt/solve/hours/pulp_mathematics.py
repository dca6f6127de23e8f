"""A PuLP model over hours as mathematics, with how many of each there are."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from costopt.solve.hours.pulp_model import PulpHours
from costopt.solve.pulp_formulas import laid_out, spot_formulas


def mathematics(written: PulpHours) -> str:
    """Write sets, decisions, goal and constraints of a model over hours.

    Args:
        written: the model.
    """
    return laid_out(written.model, _decisions(written), _goal(written), _constraints(written))


def _decisions(written: PulpHours) -> Iterator[tuple[str, str]]:
    problem = written.problem
    yield (
        "n_ot in {0..N_ot}",
        f"instances of each of {problem.offer_count} offers in each of {problem.hour_count} hours",
    )
    if routed := sum(len(block.shares) for hour in written.blocks for block in hour):
        yield (
            "x_wkbt in [0, 1]",
            f"share of request size b of workload w on server k: {routed} that can",
        )
    if written.quantities:
        yield "Q_c in {0, 1, ..}", f"instances committed of {len(written.quantities)} products"
    if written.spends:
        yield "v_p >= 0", f"money per hour committed to {len(written.spends)} plans"
    if written.resources:
        yield "R_k in {0, 1, ..}", f"units committed of {len(written.resources)} resource products"
    if billed := _count(written.covered):
        yield "y_pot >= 0", f"instances billed under a plan: {billed}"
    if billed := _count(written.others):
        yield "e_plt >= 0", f"other usage of the company billed under a plan: {billed}"
    if covered := _count(written.amounts):
        yield "a_rt >= 0", f"amounts of resources that commitments cover: {covered}"
    if started := _count(written.started):
        yield "s_ot >= 0", f"instances started: {started}"
    yield from _gang_decisions(written)
    yield from _decisions_of_all_hours(written)


def _decisions_of_all_hours(written: PulpHours) -> Iterator[tuple[str, str]]:
    if written.begun:
        yield "b_k, d_k >= 0", "instances started and stopped of what ran before, in the mean"
    if written.at_risk:
        yield "h, g_s >= 0", "value at risk, and what a scenario pays beyond it"


def _gang_decisions(written: PulpHours) -> Iterator[tuple[str, str]]:
    if written.gangs.chosen:
        yield "z_c in {0, 1}", f"configuration of each task, of {len(written.gangs.chosen)}"
    if running := _count(written.gangs.running):
        yield "g_ct in {0, 1}, b_ct >= 0", f"where gangs run and start: {running}"


def _count(by_hour: Sequence[Mapping[Any, Any]]) -> int:
    return sum(map(len, by_hour))


def _goal(written: PulpHours) -> str:
    problem = written.problem
    terms = ["sum_c K_c Q_c"] if written.quantities else []
    terms += ["sum_p K_p v_p"] if written.spends else []
    terms += ["sum_k K_k R_k"] if written.resources else []
    if problem.changes is not None:
        terms.append(f"sum_k ({problem.changes.start_cost:g} b_k + "
                     f"{problem.changes.stop_cost:g} d_k)")  # fmt: skip
    mean = "sum_s p_s C_s"
    if problem.scenarios is not None and written.at_risk:
        tail = problem.tail_weight
        mean = (
            f"{1 - tail:g} {mean} + {tail:g} "
            f"(h + sum_s p_s g_s / {1 - problem.scenarios.tail_level:g})"
        )
    return f"{' + '.join([*terms, mean])}  [currency over the horizon]"


def _constraints(written: PulpHours) -> Iterator[tuple[str, str]]:
    problem = written.problem
    for name, family in _families(written).items():
        if family:
            yield name, family
    yield from spot_formulas(problem.blocks, "t")
    for row in problem.rows:
        yield f"sum_o w_o n_ot <= {row.upper:g}", f"{row.name}, in each hour"
    if written.begun:
        yield (
            "sum_t p_t h_t / H sum_(o of k) n_ot - b_k + d_k = r_k",
            f"what {len(written.ended)} kinds ran before, and all others together, differs by",
        )
    for budget in problem.budgets:
        yield (
            f"sum_c b_c Q_c + sum_(t of s) h_t sum_o b_o n_ot + .. <= {budget.upper:g}",
            f"{budget.name}, in each scenario",
        )
    if problem.types is not None:
        yield "n_ot <= N_ot y_g(o)", "what runs is of a type in use"
        yield f"sum_g y_g <= {problem.types.most}", "distinct instance types"
    if written.at_risk:
        yield "C_s <= h + g_s", "what a scenario pays beyond the value at risk"


def _families(written: PulpHours) -> dict[str, str]:
    """Each family of constraints; empty where the problem has nothing of the kind."""
    problem = written.problem
    return {
        "sum_k x_wkbt = 1": "all of each request size is served in each hour",
        "f_wt sum_b d_wb / (r_wkb v_wk) x_wkbt <= sum_(o on k) n_ot": (
            "no server is loaded beyond its instances"
        ),
        "sum_(o on c) n_ot <= Q_c": (
            "no more runs on a commitment than is committed" if written.quantities else ""
        ),
        "sum_p y_pot <= n_ot + u_o s_ot, sum_p e_plt <= E_lt": (
            "what is charged is billed under one plan at most" if written.spends else ""
        ),
        "sum_o q_po y_pot + sum_l q_pl e_plt <= v_p + owned_pt": (
            "a plan covers what it holds, at its own rates" if written.spends else ""
        ),
        "a_rt <= sum_o need_or (n_ot + u_o s_ot), a_rt <= sum_k held_kr R_k": (
            "amounts covered are needed and committed" if written.resources else ""
        ),
        "sum_t sum_o w_o n_ot >= A_j": (
            f"each of {len(problem.work)} jobs is done between release and deadline"
            if len(problem.work)
            else ""
        ),
        "sum_(c of task) z_c = 1": _of_gangs(written, "each task has one configuration"),
        "sum_(o in c) n_ot = G_c g_ct, g_ct <= z_c": _of_gangs(
            written, "a gang runs whole or not at all; every hour where its task always runs"
        ),
        "b_ct >= g_ct - g_c,t-1": _of_gangs(
            written, "a start takes L_c hours of its work off what is done"
        ),
        "s_ot >= n_ot - n_o,t-1": _when_tied(written, "what is new in an hour was started"),
        "sum_(last U_o hours) s_oi <= n_ot": _when_tied(
            written, "what was started runs on for its least time"
        ),
        _payment(written): "paid by the hour in each scenario",
    }


def _of_gangs(written: PulpHours, said: str) -> str:
    return said if written.gangs.chosen else ""


def _when_tied(written: PulpHours, said: str) -> str:
    return said if any(written.started) else ""


def _payment(written: PulpHours) -> str:
    charged = ["sum_o c_o n_ot"]
    charged += ["sum_o c_o u_o s_ot"] if any(written.started) else []
    charged += ["sum_l c_l E_lt"] if any(written.others) else []
    saved = [" - sum_po c_o y_pot"] if any(written.covered) else []
    saved += [" - sum_pl c_l e_plt"] if any(written.others) else []
    saved += [" - sum_r c_r a_rt"] if any(written.amounts) else []
    return f"C_s = sum_(t of s) h_t ({' + '.join(charged)}{''.join(saved)})"
