"""A PuLP model as mathematics, with how many of each there are."""

from collections.abc import Iterator, Sequence

from costopt.solve.problem import ServingBlock
from costopt.solve.pulp_formulas import laid_out, spot_formulas
from costopt.solve.pulp_model import PulpModel


def mathematics(written: PulpModel) -> str:
    """Write sets, decisions, goal and constraints of a model.

    Args:
        written: the model.
    """
    return laid_out(written.model, decisions(written), goal(written), _constraints(written))


def decisions(written: PulpModel) -> Iterator[tuple[str, str]]:
    """Yield each kind of variable with how many there are.

    Args:
        written: the model.
    """
    problem = written.problem
    if written.counts:
        yield "n_o in {0..N_o}", f"instances of each of {len(written.counts)} offers"
    if routed := sum(len(block.shares) for block in written.blocks):
        yield (
            "x_wkb in [0, 1]",
            f"share of request size b of workload w on server k: {routed} that can",
        )
    for job, choice in enumerate(problem.choices):
        yield f"z_{job}a in {{0, 1}}", f"which of {len(choice.cost)} ways job {job} is run"
        if len(choice.payers):
            yield f"u_{job}p in {{0..N_a}}", f"nodes that each of {len(choice.payers)} offers pays"
    if written.types:
        yield "y_g in {0, 1}", f"which of {len(written.types)} instance types are used"


def goal(written: PulpModel) -> str:
    """Return what is minimised.

    Args:
        written: the model.
    """
    terms = ["sum_o c_o n_o"] if written.counts else []
    terms += ["sum_ja c_ja z_ja"] if written.taken else []
    terms += ["sum_jp c_jp u_jp"] if any(written.paid) else []
    terms += ["a (new + sum_k s_k) + b sum_k d_k"] if written.problem.changes else []
    return f"{' + '.join(terms) or '0'}  [currency/h]"


def _constraints(written: PulpModel) -> Iterator[tuple[str, str]]:
    yield from served(
        written.problem.blocks,
        "sum_b d_wb / (r_wkb v_wk) x_wkb <= sum_(o on k) n_o",
        "no server is loaded beyond its instances",
    )
    yield from limits(written)


def served(blocks: Sequence[ServingBlock], load: str, said: str) -> Iterator[tuple[str, str]]:
    """Yield that all is served, that nothing is overloaded, and what spot may carry.

    Args:
        blocks: workloads.
        load: formula of the load that a server may have.
        said: what that formula says.
    """
    wanted = sum(int((block.demand > 0).sum()) for block in blocks)
    if blocks:
        yield "sum_k x_wkb = 1", f"all of each request size is served: {wanted} rows"
        yield load, said
    yield from spot_formulas(blocks)


def limits(written: PulpModel) -> Iterator[tuple[str, str]]:
    """Yield what jobs, limits, types and changes ask for.

    Args:
        written: the model.
    """
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
