"""A line that generates tokens, with what its commands are made of."""

from dataclasses import dataclass

from costopt.accelerator import Accelerator
from costopt.launch.placement import Placement
from costopt.launch.served import ServedFigures
from costopt.launch.vllm_arguments import FIRST_PORT
from costopt.model import ModelSpec
from costopt.plan.line import PlanLine
from costopt.workload.batch import BatchInference
from costopt.workload.serving import InferenceService


@dataclass(frozen=True, slots=True, kw_only=True)
class ServedLine:
    """A line that generates tokens, with what its commands are made of.

    Attributes:
        workload: what it runs.
        line: the line.
        model: dimensions of the model.
        accelerator: that it runs on.
        repository: that weights are loaded from; None where none is known.
        figures: that its rate assumes.
        placement: accelerators and ports on a shared instance; None where it fills its own.
    """

    workload: InferenceService | BatchInference
    line: PlanLine
    model: ModelSpec
    accelerator: Accelerator
    repository: str | None
    figures: ServedFigures
    placement: Placement | None

    @property
    def separate(self) -> bool:
        """True where each replica is a server of its own.

        vLLM spreads experts over all replicas behind one address, so that these are not
        independent of each other as the plan takes them to be. A process sees one slice of an
        accelerator alone.
        """
        apart = self.model.experts is not None or self.line.layout.slice != ""
        return apart and self.line.layout.replicas > 1

    @property
    def servers(self) -> int:
        """Servers on one instance [1]."""
        return self.line.layout.replicas if self.separate else 1

    @property
    def together(self) -> int:
        """Replicas behind the address of one server [1]."""
        return self.line.layout.replicas // self.servers

    @property
    def first_server(self) -> int:
        """Servers of neighbours on the instance that come before those of the line [1]."""
        return 0 if self.placement is None else self.placement.first_server

    def port_of(self, server: int) -> int:
        """Return where a server of the line answers.

        Args:
            server: from 0.
        """
        return FIRST_PORT + self.first_server + server
