"""A PuLP model with shared nodes as mathematics, with how many of each there are."""

from collections.abc import Iterator

from costopt.solve.pulp_formulas import laid_out
from costopt.solve.pulp_mathematics import decisions, goal, limits, served
from costopt.solve.pulp_shared import PulpShared


def mathematics(written: PulpShared) -> str:
    """Write sets, decisions, goal and constraints of a model with shared nodes.

    Args:
        written: the model.
    """
    constraints = _constraints(written)
    return laid_out(written.model, _decisions(written), goal(written.market), constraints)


def _decisions(written: PulpShared) -> Iterator[tuple[str, str]]:
    yield from decisions(written.market)
    pools = len(written.nodes.accelerators)
    yield (
        "m_k in {0..M_k}",
        f"replicas of each of {len(written.replicas)} kinds on nodes of {pools} pools",
    )
    routed = sum(len(block.shares) for block in written.blocks)
    yield "x_wkb in [0, 1]", f"share of request size b of workload w on server k: {routed}"
    yield "w_ps in {0, 1, ..}", f"nodes of a pool split into parts: {len(written.splits)} ways"
    if written.divided:
        yield "a_pd in {0, 1, ..}", f"accelerators divided: {len(written.divided)} ways"


def _constraints(written: PulpShared) -> Iterator[tuple[str, str]]:
    yield from served(
        [block.block for block in written.blocks],
        "sum_b d_wb / (r_wkb v_wk) x_wkb <= sum_(m on k) m",
        "no server is loaded beyond its replicas",
    )
    yield "sum_s w_ps <= sum_(o in p) n_o", "no more nodes are split than are rented"
    yield (
        "sum_(k of size t) m_k + [t = 1] sum_d a_pd <= sum_s parts_st w_ps",
        "replicas and divided accelerators stand on parts of their size",
    )
    if written.divided:
        yield "sum_(k on slot j) m_k <= sum_d slots_dj a_pd", "slices stand in slots"
    yield from limits(written.market)
