"""Lines that share instances: how many instances there are, and who carries which part."""

from collections.abc import Iterator, Sequence

from costopt.candidate.layout import Layout
from costopt.candidate.slices import SIZES, accelerators_for, accelerators_taken, size_of
from costopt.plan.line import PlanLine
from costopt.plan.words import counted


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
        node: sum(accelerators_taken(line.layout) for line in together)
        for node, together in sharing(lines).items()
    }
    return tuple(
        accelerators_taken(line.layout) / in_use[line.shared_node] if line.shared_node else 1.0
        for line in lines
    )


def shared_in_words(lines: Sequence[PlanLine]) -> Iterator[str]:
    """Yield who shares which instances, such as 1 x p5.48xlarge by chat (4 accelerators).

    Args:
        lines: of a plan.
    """
    for together in sharing(lines).values():
        first = together[0]
        users: list[str] = []
        for line in together:
            named = not any("accelerator" in user for user in users)
            users.append(f"{line.workload} ({_amount(line.layout, named=named)})")
        idle = int(first.layout.accelerators) - accelerators_held(together)
        parts = [*users, *([f"{idle} idle"] if idle > 0 else [])]
        yield f"{first.count} x {first.place} shared by {', '.join(parts)}"


def accelerators_held(together: Sequence[PlanLine]) -> int:
    """Accelerators of one instance that hold its replicas, whole ones and sliced ones [1]."""
    slices = [0] * len(SIZES)
    whole = 0
    for line in together:
        size = size_of(line.layout)
        if size is None:
            whole += line.layout.tensor_parallel * line.layout.replicas
        else:
            slices[size] += line.layout.replicas
    return whole + accelerators_for(slices)


def _amount(layout: Layout, *, named: bool) -> str:
    """Write what a line takes, with the unit where accelerators come first."""
    if layout.slice:
        return f"{layout.replicas} x {layout.slice}"
    taken = layout.tensor_parallel * layout.replicas
    return counted(taken, "accelerator") if named else str(taken)
