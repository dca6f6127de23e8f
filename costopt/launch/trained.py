"""What a line that trains really counts on: how its gang shares the work."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from costopt.candidate.profiled_gangs import gang_points
from costopt.candidate.rated_gangs import rate_gangs, training_setup
from costopt.catalog.catalog import Catalog
from costopt.errors import InvalidInputError
from costopt.evaluate.facts import types_of
from costopt.performance.strategy import MICRO_BATCHES, Gang, Strategy, layout_of
from costopt.performance.training_setup import TrainingSetup
from costopt.plan.line import PlanLine
from costopt.profile.profile import Profile
from costopt.workload.training import FineTuneJob, TrainingJob


@dataclass(frozen=True, slots=True, kw_only=True)
class TrainedFigures:
    """How a gang shares its work.

    Attributes:
        setup: what is trained and how.
        strategy: what is split.
        nodes: instances of the gang [1].
        per_node: accelerators in each [1].
        micro_batch: sequences computed at once [1].
        accumulation: micro-batches of one optimizer step on each rank [1].
        data: ranks that see different sequences [1].
        checkpointing: True where activations are computed again.
    """

    setup: TrainingSetup
    strategy: Strategy
    nodes: int
    per_node: int
    micro_batch: int
    accumulation: int
    data: int
    checkpointing: bool

    @property
    def sequence_length(self) -> int:
        """Tokens in one sequence [tokens]."""
        return int(self.setup.sequence_length)

    @property
    def step_tokens(self) -> int:
        """Tokens of one optimizer step of the gang [tokens]."""
        return self.data * self.micro_batch * self.accumulation * self.sequence_length

    @property
    def splits_layers(self) -> bool:
        """True where accelerators hold parts of a layer, or different layers."""
        return self.strategy.tensor > 1 or self.strategy.pipeline > 1


def trained_figures(
    catalog: Catalog,
    workload: FineTuneJob | TrainingJob,
    gang: Sequence[PlanLine],
    profiles: Sequence[Profile],
) -> TrainedFigures:
    """Work out how a gang shares its work, as its rate was worked out.

    Args:
        catalog: where model and instance type are described.
        workload: what is trained.
        gang: all lines of the job.
        profiles: of the plan's request.

    Raises:
        InvalidInputError: the gang does not run the job in this catalogue.
    """
    line, nodes = gang[0], sum(line.count for line in gang)
    kinds = types_of(catalog, [line])
    model = catalog.model(workload.model)
    precision = line.layout.precision
    setup = training_setup(workload, precision)
    points = gang_points(workload, setup, catalog, precision, profiles)
    rated = rate_gangs(workload, model, catalog, kinds, np.array([nodes]), precision, points)
    position = int(rated.strategy[0, 0])
    if position < 0:
        raise InvalidInputError(
            "launch recipe",
            [f"{line.place} does not run the job by this catalogue; name the plan's own"],
        )
    strategy = rated.strategies[position]
    per_node = max(1, int(kinds[0].count))
    micro_batch = float(rated.micro_batch[0, 0])
    layout, _ = layout_of(
        strategy,
        Gang(
            nodes=np.full((1, 1), float(nodes)),
            per_node=np.full((1, 1), float(per_node)),
            sequence_length=setup.sequence_length,
            batch_tokens=setup.batch_tokens,
        ),
    )
    size = MICRO_BATCHES.tolist().index(micro_batch)
    return TrainedFigures(
        setup=setup,
        strategy=strategy,
        nodes=nodes,
        per_node=per_node,
        micro_batch=int(micro_batch),
        accumulation=int(layout.accumulation[size, 0]),
        data=int(layout.data[0, 0]),
        checkpointing=bool(rated.checkpointing[0, 0]),
    )
