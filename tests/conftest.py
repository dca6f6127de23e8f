"""What tests of several folders share."""

from collections.abc import Iterator

import pytest

from costopt.catalog.catalog import Catalog
from costopt.explain import doubt, field, infeasible, limit_worth, next_measurements, stress_trial
from costopt.planning import (
    baselines,
    compared,
    over_time_beside,
    plan_over_time,
    usual_baselines,
)

PATIENCE = 60.0
"""How much longer reasons and baselines may take than for a person who waits [1]."""

CLOCKS = (
    (baselines, "BASELINES_SECONDS"),
    (compared, "SEARCH_SECONDS"),
    (doubt, "SEARCH_SECONDS"),
    (field, "TIME_LIMIT_SECONDS"),
    (infeasible, "SEARCH_SECONDS"),
    (infeasible, "TIME_LIMIT_SECONDS"),
    (limit_worth, "SEARCH_SECONDS"),
    (limit_worth, "TIME_LIMIT_SECONDS"),
    (next_measurements, "TIME_LIMIT_SECONDS"),
    (over_time_beside, "BESIDE_SECONDS"),
    (plan_over_time, "REASON_SECONDS"),
    (stress_trial, "SEARCH_SECONDS"),
    (stress_trial, "TIME_LIMIT_SECONDS"),
    (usual_baselines, "BASELINES_SECONDS"),
)
"""Limits on the wall clock that would make an answer depend on what else the machine does."""


@pytest.fixture(scope="session", autouse=True)
def patience() -> Iterator[None]:
    """Let nothing that a test expects be left out for want of time."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in CLOCKS:
            patch.setattr(module, name, PATIENCE * getattr(module, name))
        yield


@pytest.fixture(scope="session")
def bundled() -> Catalog:
    """The snapshot that is installed with costopt, read once."""
    return Catalog.bundled()
