"""What a profile can have measured: between what the hardware allows and a tenth of the model."""

from typing import Final

import numpy as np

from costopt.errors import InvalidInputError
from costopt.performance.arrays import Floats
from costopt.performance.hardware import Hardware
from costopt.performance.replica import Replica
from costopt.performance.serving_setup import ServingSetup
from costopt.performance.training_setup import TrainingSetup
from costopt.performance.training_work import TrainingWork
from costopt.precision import Formats
from costopt.profile.profile import Profile

LEAST_OF_MODEL: Final = 0.1
"""Share of the modelled rate below which a profile is of something else [1].

Source: a planning choice: software alone moves rates by a factor of two to four.
"""

SAME_MEMORY: Final = 0.1
"""Relative difference up to which a driver's memory is that of an accelerator [1].

Source: NVIDIA drivers report 22.5 GiB of the L4's 24 and 15.0 of the T4's 16: up to 8 % is kept
for error correction and firmware.
"""


def refused(profile: Profile, problem: str) -> InvalidInputError:
    """Say what is wrong with a profile, and which one it is."""
    layout = f"{profile.accelerators} x {profile.accelerator}"
    return InvalidInputError(f"profile {profile.source} ({layout})", [problem])


def most_tokens(
    replica: Replica, hardware: Hardware, formats: Formats, setup: ServingSetup, running: Floats
) -> Floats:
    """Output tokens per second that no software exceeds on one replica (1, loads) [tokens/s].

    Operations: ``o / ((o F_token + F_prompt) / peak)``. Bytes: ``c k / ((W + c K) / bandwidth)``,
    ``c`` requests at a time, ``k`` tokens of each in a step, ``W`` the weights that one token
    visits, ``K`` the cache that one request reads, its shared part left out.

    Args:
        replica: at the lengths of the loads.
        hardware: that it is on, one row.
        formats: of weights and cache.
        setup: of the workload.
        running: requests at a time (1, loads) [1].

    Source: Williams, Waterman and Patterson, Roofline (2009), with an efficiency of one.
    """
    work, answer = replica.work, replica.work.output_tokens
    peak = hardware.peak_for(formats.weights)[:, None]
    by_operations = answer * peak / (work.step_flops * answer + work.prefill_flops)
    visited = work.dense_bytes + work.routed_bytes * work.touched_share
    own_cache = work.cache_bytes * (1.0 - setup.prefix_fraction)
    seconds = (visited + running * own_cache) / hardware.bandwidth_bytes_per_second[:, None]
    return np.minimum(by_operations, running * setup.tokens_per_step / seconds)


def most_learned(
    work: TrainingWork, hardware: Hardware, setup: TrainingSetup, accelerators: int
) -> float:
    """Tokens per second that no gang exceeds in training: its peak over operations [tokens/s].

    Args:
        work: of one token.
        hardware: that it runs on, one row.
        setup: what is trained.
        accelerators: of the gang [1].
    """
    seconds = work.linear_flops / hardware.peak_for(setup.compute)[0]
    seconds += work.attention_flops / hardware.half_precision_peak[0]
    return float(accelerators / (work.passes * seconds))


def check_rate(profile: Profile, measured: float, modelled: float, most: float, unit: str) -> None:
    """Refuse a rate that the hardware cannot give, or that nothing of the kind is as slow as.

    Args:
        profile: that it is of.
        measured: over the whole deployment.
        modelled: at the same point.
        most: that the published peaks allow there.
        unit: of all three, for the message.

    Raises:
        InvalidInputError: with both figures.
    """
    asked = f"accelerators = {profile.accelerators}, accelerator, lengths, unit"
    if measured > most:
        raise refused(
            profile,
            f"{measured:,.4g} {unit} is more than the published peaks of "
            f"{profile.accelerators} x {profile.accelerator} allow there, {most:,.4g}: check "
            f"{asked}, and whether the workload says which part of prompts is shared and which "
            "tokens are drafted",
        )
    if measured < LEAST_OF_MODEL * modelled:
        raise refused(
            profile,
            f"{measured:,.4g} {unit} is less than a tenth of the {modelled:,.4g} that are "
            f"modelled there: check {asked}, and whether something else held the run back",
        )


def check_memory(profile: Profile, memory_gib: float | None) -> None:
    """Refuse monitoring of accelerators with other memory than the profile's.

    Args:
        profile: that was watched, or not.
        memory_gib: of one accelerator, or of the share of it; None unknown [GiB].

    Raises:
        InvalidInputError: with both figures.
    """
    if profile.watched is None or memory_gib is None:
        return
    seen = profile.watched.vram_total_gib
    if abs(seen - memory_gib) > SAME_MEMORY * memory_gib:
        raise refused(
            profile,
            f"monitoring saw {seen:,.1f} GiB on each accelerator, and {profile.accelerator} has "
            f"{memory_gib:,.0f} GiB: the log is of other hardware, or accelerator is wrong",
        )
