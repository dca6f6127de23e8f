"""Write a reduced problem as one integer program."""

import numpy as np

from costopt.solve import constraints, objective
from costopt.solve.problem import Problem
from costopt.solve.program import Assembly, BlockColumns, Program
from costopt.solve.reduce import ReducedBlock, Reduction
from costopt.solve.switching import with_starts


def assemble(problem: Problem, reduction: Reduction, *, seeks_demand: bool = False) -> Assembly:
    """Write ``min sum_o c_o n_o + sum_a c_a z_a + sum_p c_p u_p`` under every constraint.

    Columns: whole counts ``n`` of offers, shares ``x`` in 0..1 of a bucket on a server, whole
    ``z`` of the jobs' alternatives, whole ``u`` of what their payers pay for and, where types are
    limited, whole ``y`` for types in use; where something runs already, what is started and
    stopped of its kinds. The start of any other instance is in its column's cost. Columns of the
    limits on losses come with their rows.
    A share exists only where the server can serve the bucket.

    Args:
        problem: what is to be decided.
        reduction: of the problem.
        seeks_demand: True writes ``max f`` instead, the part of the demand that is served, where
            costs count in the budget alone.
    """
    program = Program()
    charged = with_starts(problem, of_running=False)
    offer_costs = charged.price_per_hour[reduction.offers]
    job_costs = [
        choice.cost[kept.alternatives]
        for choice, kept in zip(charged.choices, reduction.choices, strict=True)
    ]
    payer_costs = [
        choice.payers.cost[kept.payers]
        for choice, kept in zip(charged.choices, reduction.choices, strict=True)
    ]
    scale = objective.price_scale([offer_costs, *job_costs, *payer_costs])
    weight = 0.0 if seeks_demand else 1 / scale
    assembly = Assembly(
        program=program,
        price_scale=scale,
        served=program.add_columns(np.full(int(seeks_demand), -1.0), 1, integer=False),
        counts=program.add_columns(offer_costs * weight, reduction.upper, integer=True),
        routing=tuple(_routing(program, block) for block in reduction.blocks),
        alternatives=tuple(
            program.add_columns(cost * weight, 1, integer=True) for cost in job_costs
        ),
        payers=tuple(
            program.add_columns(cost * weight, kept.most, integer=True)
            for cost, kept in zip(payer_costs, reduction.choices, strict=True)
        ),
    )
    constraints.serve_demand(assembly, reduction)
    constraints.respect_capacity(assembly, reduction)
    constraints.cap_spot_share(assembly, reduction)
    constraints.cap_losses(assembly, reduction)
    constraints.spread_over_groups(assembly, reduction)
    constraints.take_one_alternative(assembly)
    constraints.pay_for_instances(assembly, problem, reduction)
    constraints.respect_limits(assembly, problem, reduction)
    constraints.limit_types(assembly, problem, reduction)
    objective.respect_budget(assembly, problem, reduction)
    constraints.count_changes(assembly, problem, reduction)
    return assembly


def _routing(program: Program, block: ReducedBlock) -> BlockColumns:
    server, bucket = np.nonzero(np.isfinite(block.load))
    most = np.where(block.group >= 0, block.most_share, 1.0)
    columns = program.add_columns(np.zeros(len(server)), most[server], integer=False)
    return BlockColumns(server=server, bucket=bucket, columns=columns)
