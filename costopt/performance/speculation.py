"""Speculation: what drafted tokens change of the times of an engine."""

from dataclasses import replace

import numpy as np

from costopt.performance.arrays import Floats
from costopt.performance.engine import EngineTimes
from costopt.performance.serving_setup import ServingSetup


def speculating(times: EngineTimes, message_seconds: Floats, setup: ServingSetup) -> EngineTimes:
    """Times of an engine whose steps verify drafted tokens.

    A step passes ``v = k + 1`` tokens of each request through the model: ``v`` times the linear
    operations and messages, experts that ``v N`` tokens visit, and weights and cache read once.
    Before it the draft runs ``k`` times, each at the share ``c`` of what a step costs without
    drafts, operations added to the longer of reading and launching. The draft reads every prompt
    too. The step gives ``tokens_per_step`` tokens to each request.

    Args:
        times: without drafts.
        message_seconds: sending one token through the link [s].
        setup: k, a and c.

    Source: Leviathan, Kalman and Matias (arXiv 2211.17192), section 3: operations grow by
    ``k + 1``, weights and cache are read once for all tokens that are verified together.
    """
    if not setup.draft_tokens:
        return times
    verified = float(setup.step_tokens)
    share = setup.draft_share
    drafting = setup.draft_tokens * share
    read_by_one = times.dense_seconds + times.routed_seconds * times.touched_share
    alone = np.maximum(read_by_one, times.launch_seconds) + times.fixed_seconds
    by_request = times.request_seconds + (verified - 1.0) * message_seconds
    return replace(
        times,
        touched_share=1.0 - (1.0 - times.touched_share) ** verified,
        token_seconds=times.token_seconds * verified,
        request_seconds=by_request + drafting * (times.request_seconds + times.token_seconds),
        fixed_seconds=times.fixed_seconds + drafting * alone,
        prefill_seconds=times.prefill_seconds * (1.0 + share),
        prefill_floor_seconds=times.prefill_floor_seconds * (1.0 + share),
        tokens_per_step=setup.tokens_per_step,
    )
