"""Lines that share instances: how many instances there are, and who carries which part."""

from collections.abc import Iterator, Sequence
from math import floor

from costopt.candidate.layout import Layout
from costopt.plan.line import PlanLine
from costopt.plan.words import counted


def accelerators_used(line: PlanLine) -> float:
    """Accelerators of one instance that a line takes: its replicas, whole or in slices [1]."""
    layout = line.layout
    return layout.tensor_parallel * layout.replicas


def rented(lines: Sequence[PlanLine]) -> tuple[int, ...]:
    """Instances that each line adds to those of the lines before it (lines,) [1].

    Lines that share instances say the same count; the first of them adds it, the others none.
    """
    seen: set[str] = set()
    counts = []
    for line in lines:
        counts.append(0 if line.shared_node in seen else line.count)
        seen |= {line.shared_node} - {""}
    return tuple(counts)


def sharing(lines: Sequence[PlanLine]) -> dict[str, list[PlanLine]]:
    """Return the lines of each shared node, by its number; lines that share nothing are out."""
    found: dict[str, list[PlanLine]] = {}
    for line in lines:
        if line.shared_node:
            found.setdefault(line.shared_node, []).append(line)
    return found


def node_fractions(lines: Sequence[PlanLine]) -> tuple[float, ...]:
    """Part of its instances' cost that each line carries, by the accelerators in use (lines,).

    Whoever shares a node pays for what is idle there in proportion to what it uses.
    """
    in_use = {
        node: sum(accelerators_used(line) for line in together)
        for node, together in sharing(lines).items()
    }
    return tuple(
        accelerators_used(line) / in_use[line.shared_node] if line.shared_node else 1.0
        for line in lines
    )


def shared_in_words(lines: Sequence[PlanLine]) -> Iterator[str]:
    """Yield who shares which instances, such as 1 x p5.48xlarge by chat (4 accelerators).

    Args:
        lines: of a plan.
    """
    for together in sharing(lines).values():
        first = together[0]
        users = [
            f"{line.workload} ({_amount(accelerators_used(line), line.layout, named=not row)})"
            for row, line in enumerate(together)
        ]
        idle = _accelerators(first.layout) - sum(map(accelerators_used, together))
        parts = [*users, *([f"{floor(idle)} idle"] if idle >= 1 else [])]
        yield f"{first.count} x {first.place} shared by {', '.join(parts)}"


def _amount(accelerators: float, layout: Layout, *, named: bool) -> str:
    """Write how many accelerators a line takes, with the unit where it comes first."""
    count = round(accelerators)
    return counted(count, "accelerator") if named else str(count)


def _accelerators(layout: Layout) -> int:
    return max(1, int(layout.accelerators))
