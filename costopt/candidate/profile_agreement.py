"""Whether profiles of one point agree: nobody can tell which of two that differ will come true."""

from collections.abc import Sequence
from itertools import combinations
from typing import Final

from costopt.candidate.profile_bounds import refused
from costopt.performance.bands import Work, band_ends
from costopt.performance.profiled import ProfilePoint
from costopt.profile.consistency import near
from costopt.profile.profile import Profile

SAME_POINT: Final = 1.1
"""Factor up to which lengths and loads are one point [1].

Source: a planning choice: requests of drawn lengths and averaged concurrencies differ by less.
"""


def check_agreement(
    profiles: Sequence[Profile], points: Sequence[ProfilePoint], work: Work
) -> None:
    """Refuse two points of one setup that differ by more than the band of a measurement is wide.

    Args:
        profiles: that each point is of.
        points: in the same order.
        work: whose band counts.

    Raises:
        InvalidInputError: naming both profiles and how far apart they are.
    """
    low, high = band_ends(f"{work}.profile_measured")
    for one, other in combinations(range(len(points)), 2):
        apart = points[one].speed / points[other].speed
        if not _same_point(points[one], points[other]) or low / high <= apart <= high / low:
            continue
        raise refused(
            profiles[other],
            f"it measured {1 / apart:.3g} times the rate of {profiles[one].source} at the same "
            "point; leave out the one that is not of what you will run",
        )


def superseded(profile: Profile, newer: Profile) -> bool:
    """Whether a newer profile measured a point of this one's again.

    Args:
        profile: the older one.
        newer: of any deployment.
    """
    deployed = {"model", "accelerator", "instance_type", "precision", "kv_precision"}
    deployed |= {"tensor_parallel", "pipeline_parallel"}
    if any(getattr(profile, name) != getattr(newer, name) for name in deployed):
        return False
    if profile.job is None or newer.job is None:
        each, again = profile.replicas, newer.replicas
        return any(
            near(old.concurrency / each, new.concurrency / again, SAME_POINT)
            and near(old.input_tokens, new.input_tokens, SAME_POINT)
            and near(old.output_tokens, new.output_tokens, SAME_POINT)
            for old in profile.loads
            for new in newer.loads
        )
    alike = {"kind", "method", "tokens_per_sample"}
    return profile.accelerators == newer.accelerators and all(
        getattr(profile.job, name) == getattr(newer.job, name) for name in alike
    )


def _same_point(one: ProfilePoint, other: ProfilePoint) -> bool:
    """Whether two points are of one setup at nearly the same lengths and load."""
    return (
        one.placement == other.placement
        and near(one.load, other.load, SAME_POINT)
        and all(
            near(first, second, SAME_POINT)
            for first, second in zip(one.lengths, other.lengths, strict=True)
        )
    )
