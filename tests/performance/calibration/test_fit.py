import numpy as np
import pytest

from costopt.performance.calibration.fit import (
    Measured,
    Parameter,
    Problem,
    fitted_values,
    left_out,
    read_parameters,
)
from costopt.performance.constants import Constants

SIZES = np.arange(1.0, 13.0)
FAMILIES = np.repeat(["a", "b", "c"], 4)


def problem_of(values: np.ndarray, spread: float = 2.0) -> Problem:
    """Seconds of work ``size / speed`` with a known start of 1."""

    def predict(constants: Constants) -> np.ndarray:
        return SIZES / constants["speed"] + constants["start"]

    return Problem(
        predict=predict,
        measured=Measured(
            values=values,
            weights=np.ones(len(values)),
            families=FAMILIES,
            accelerators=FAMILIES,
            architectures=FAMILIES,
        ),
        parameters=(Parameter(name="speed", unit="1/s", start=1.0, spread=spread, source="test"),),
        known={"start": 1.0, "speed": 1.0},
    )


def test_fit_finds_the_value_behind_clean_measurements() -> None:
    fitted = fitted_values(problem_of(SIZES / 4.0 + 1.0, spread=100.0))

    assert fitted["speed"] == pytest.approx(4.0, rel=1e-3)


def test_fit_is_not_pulled_by_a_measurement_that_contradicts_the_rest() -> None:
    values = SIZES / 4.0 + 1.0
    values[5] *= 20.0

    assert fitted_values(problem_of(values))["speed"] == pytest.approx(4.0, rel=0.05)


def test_narrow_spread_keeps_the_reviewed_start() -> None:
    fitted = fitted_values(problem_of(SIZES / 4.0 + 1.0, spread=1e-3))

    assert fitted["speed"] == pytest.approx(1.0, rel=0.01)


def test_group_that_is_left_out_does_not_shape_its_own_prediction() -> None:
    values = SIZES / 4.0 + 1.0
    values[FAMILIES == "c"] *= 2.0
    problem = problem_of(values)

    outcome = left_out(problem, FAMILIES, {"speed": 4.0})

    assert np.exp(outcome.log_errors[FAMILIES == "c"]) == pytest.approx(0.5, rel=0.02)
    assert len(outcome.values["speed"]) == 3


def test_reviewed_starts_have_unique_names_units_and_sources() -> None:
    parameters = read_parameters()
    names = [parameter.name for parameter in parameters]

    assert len(set(names)) == len(names)
    assert all(parameter.unit and parameter.source for parameter in parameters)
    assert all(parameter.spread >= 0.0 for parameter in parameters)
