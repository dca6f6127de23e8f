from collections.abc import Mapping
from pathlib import Path

import pytest

from costopt.accelerator import Accelerator
from costopt.model import ModelSpec
from costopt.performance.calibration.facts import read_accelerators, read_models


@pytest.fixture(scope="session")
def facts_folder() -> Path:
    return Path(__file__).parent / "fixtures"


@pytest.fixture(scope="session")
def models(facts_folder: Path) -> Mapping[str, ModelSpec]:
    return read_models(facts_folder)


@pytest.fixture(scope="session")
def accelerators(facts_folder: Path) -> Mapping[str, Accelerator]:
    return read_accelerators(facts_folder)


@pytest.fixture(scope="session")
def llama_8b(models: Mapping[str, ModelSpec]) -> ModelSpec:
    return models["meta-llama/Llama-3.1-8B"]


@pytest.fixture(scope="session")
def llama_70b(models: Mapping[str, ModelSpec]) -> ModelSpec:
    return models["meta-llama/Llama-3.1-70B"]
