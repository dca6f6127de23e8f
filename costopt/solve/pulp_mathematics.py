"""A PuLP model as mathematics, with how many of each there are."""

from collections.abc import Iterator

from costopt.solve.problem import Problem
from costopt.solve.pulp_model import PulpModel


def mathematics(written: PulpModel) -> str:
    """Write sets, decisions, goal and constraints of a model.

    Args:
        written: the model.
    """
    return "\n".join(
        [
            f"Program with {written.model.numVariables()} variables and "
            f"{written.model.numConstraints()} constraints",
            "Decide",
            *_table(_decisions(written)),
            "Minimise",
            f"  {_goal(written)}",
            "Such that",
            *_table(_constraints(written)),
        ]
    )


def _table(rows: Iterator[tuple[str, str]]) -> list[str]:
    """Align what is said of each formula behind the longest of them."""
    found = list(rows)
    width = max((len(formula) for formula, _ in found), default=0)
    return [f"  {formula:<{width}}  {said}" for formula, said in found]


def _decisions(written: PulpModel) -> Iterator[tuple[str, str]]:
    problem = written.problem
    if written.counts:
        yield "n_o in {0..N_o}", f"instances of each of {len(written.counts)} offers"
    if written.shares:
        yield (
            "x_wkb in [0, 1]",
            f"share of request size b of workload w on server k: {len(written.shares)} that can",
        )
    for job, choice in enumerate(problem.choices):
        yield f"z_{job}a in {{0, 1}}", f"which of {len(choice.cost)} ways job {job} is run"
        if len(choice.payers):
            yield f"u_{job}p in {{0..N_a}}", f"nodes that each of {len(choice.payers)} offers pays"
    if written.types:
        yield "y_g in {0, 1}", f"which of {len(written.types)} instance types are used"


def _goal(written: PulpModel) -> str:
    terms = ["sum_o c_o n_o"] if written.counts else []
    terms += ["sum_ja c_ja z_ja"] if written.taken else []
    terms += ["sum_jp c_jp u_jp"] if any(written.paid) else []
    terms += ["a (new + sum_k s_k) + b sum_k d_k"] if written.problem.changes else []
    return f"{' + '.join(terms) or '0'}  [currency/h]"


def _constraints(written: PulpModel) -> Iterator[tuple[str, str]]:
    yield from _serving(written.problem)
    yield from _limits(written)


def _serving(problem: Problem) -> Iterator[tuple[str, str]]:
    wanted = sum(int((block.demand > 0).sum()) for block in problem.blocks)
    if problem.blocks:
        yield "sum_k x_wkb = 1", f"all of each request size is served: {wanted} rows"
        yield (
            "sum_b d_wb / (r_wkb v_wk) x_wkb <= sum_(o on k) n_o",
            "no server is loaded beyond its instances",
        )
    yield from _spot_constraints(problem)


def _limits(written: PulpModel) -> Iterator[tuple[str, str]]:
    problem = written.problem
    if problem.choices:
        yield "sum_a z_ja = 1", f"each of {len(problem.choices)} jobs is run one way"
    if any(written.paid):
        yield "sum_(p of a) u_jp = N_a z_ja", "each node of a way taken is paid for once"
    for row in problem.rows:
        yield f"sum_o w_o n_o + ... <= {row.upper:g}", row.name
    if problem.budget_per_hour is not None:
        yield f"cost <= {problem.budget_per_hour:g}", "budget [currency/h]"
    if problem.max_groups is not None:
        yield "n_o <= N_o y_g(o), z_ja <= y_g(a)", "what runs is of a type in use"
        yield f"sum_g y_g <= {problem.max_groups}", "distinct instance types"
    if written.started:
        yield (
            "sum_(o of k) n_o = r_k + s_k - d_k",
            f"what runs of {len(written.started)} kinds, is started and is stopped",
        )


def _spot_constraints(problem: Problem) -> Iterator[tuple[str, str]]:
    for index, block in enumerate(problem.blocks):
        if block.max_spot_fraction < 1:
            yield (
                f"sum_(spot k) x_{index}kb <= {block.max_spot_fraction:g}",
                f"spot carries no more of a request size of workload {index}",
            )
        if block.limits_losses:
            yield (
                f"largest {block.max_losses} of X_{index}gb <= {block.max_lost_fraction:g}",
                f"what failure groups g of workload {index} carry, lost together",
            )
        if block.min_failure_groups > 1:
            yield (
                f"sum_g y_{index}g >= {block.min_failure_groups}",
                f"failure groups of workload {index} that carry {block.least_carried:g} of the "
                "demand, once any carries something",
            )
