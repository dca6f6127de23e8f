from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

from costopt.accelerator import Accelerator
from costopt.errors import InvalidInputError
from costopt.model import ModelSpec
from costopt.performance.constants import shipped_constants
from costopt.performance.hardware import Hardware, Placement
from costopt.performance.reasons import Reason
from costopt.performance.tiers import Tier
from costopt.performance.training import TrainingRates, training_rates
from costopt.performance.training_memory import Method, Sharding
from costopt.performance.training_setup import (
    PRETRAINING_BATCH_TOKENS,
    USABLE_FRACTION,
    Network,
    TrainingSetup,
)
from costopt.performance.training_times import training_efficiency
from costopt.performance.training_work import training_work
from costopt.precision import WEIGHT_FORMATS
from costopt.units import GBPS

FULL = TrainingSetup(sequence_length=4096.0, batch_tokens=PRETRAINING_BATCH_TOKENS)
QLORA = TrainingSetup(method=Method.QLORA, sequence_length=1024.0)


def network(fabric_gbps: float, host_gbps: float = np.nan) -> Network:
    return Network(
        fabric_bytes_per_second=np.array([fabric_gbps * GBPS]),
        host_bytes_per_second=np.array([host_gbps * GBPS]),
    )


def rates_on(
    model: ModelSpec,
    accelerator: Accelerator,
    *nodes: int,
    per_node: int = 8,
    setup: TrainingSetup = FULL,
    between: Network | None = None,
    interconnect: str = "nvswitch",
) -> TrainingRates:
    row = Placement(accelerator=accelerator, accelerators=per_node, interconnect=interconnect)
    gangs = np.array(nodes, dtype=np.int64)
    return training_rates(model, setup, Hardware.of([row]), gangs, between or network(3200.0))


@pytest.fixture
def llama_2_7b(models: Mapping[str, ModelSpec]) -> ModelSpec:
    return models["meta-llama/Llama-2-7b-hf"]


def test_work_of_a_token_is_two_operations_per_weight_and_pass(llama_2_7b: ModelSpec) -> None:
    work = training_work(llama_2_7b, Method.FULL, WEIGHT_FORMATS["bf16"], 4096.0)

    # 2 x (6.7384 - 0.2621 + 0.1311) G forward; attention 2 x 32 x 4,096 x 4,096
    assert float(work.linear_flops) == pytest.approx(2 * 6.6074e9, rel=1e-4)
    assert float(work.attention_flops) == 2 * 32 * 4096 * 4096
    assert float(work.passes) == 3.0


def test_frozen_weights_save_the_pass_that_makes_their_gradients(llama_2_7b: ModelSpec) -> None:
    work = training_work(llama_2_7b, Method.LORA, WEIGHT_FORMATS["bf16"], 4096.0)

    assert float(work.passes) == 2.0
    assert float(work.reduced_bytes) == 0.0


def test_seven_billion_parameters_train_near_published_utilisation(
    llama_2_7b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    # llm-foundry, MPT-7B on 8 to 512 H100: 0.42 to 0.46; on A100: 0.5 to 0.6
    hopper = rates_on(llama_2_7b, accelerators["H100-80GB"], 1, 16)
    ampere = rates_on(llama_2_7b, accelerators["A100-80GB"], 1, between=network(1600.0))

    assert np.all((hopper.utilisation > 0.38) & (hopper.utilisation < 0.50))
    assert 0.50 < ampere.utilisation[0, 0] < 0.62


def test_utilisation_is_useful_work_over_the_peak(
    llama_2_7b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    rates = rates_on(llama_2_7b, accelerators["H100-80GB"], 2)

    per_token = 3 * (2 * 6.6074e9 + 2 * 32 * 4096 * 4096)
    expected = rates.tokens_per_second[0, 0] * per_token / (16 * 989e12)
    assert rates.utilisation[0, 0] == pytest.approx(expected, rel=1e-4)


def test_chosen_strategy_fits_into_the_usable_memory(
    llama_2_7b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    rates = rates_on(llama_2_7b, accelerators["A100-40GB"], 1, 2, 4)

    assert np.all(rates.reason == Reason.NONE)
    assert np.all(rates.vram.total_gib <= USABLE_FRACTION * 39.5)


def test_state_that_fits_nowhere_is_told_by_how_much(
    models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> None:
    large = models["meta-llama/Llama-3.1-405B"]

    half = replace(FULL, compute=WEIGHT_FORMATS["fp16"])

    rates = rates_on(large, accelerators["T4"], 1, setup=half, interconnect="pcie")

    # 405.85 G x 16 B / 8 = 756 GiB, of which 0.9 x 15.6 are there
    assert rates.reason[0, 0] == Reason.TRAINING_MEMORY
    assert rates.tokens_per_second[0, 0] == 0.0
    assert rates.vram_shortfall_gib[0, 0] > 700.0
    assert np.isnan(rates.vram.total_gib[0, 0])


def test_more_nodes_train_faster_but_not_more_than_in_proportion(
    llama_2_7b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    tokens = rates_on(llama_2_7b, accelerators["H100-80GB"], 1, 2, 4, 8).tokens_per_second[0]

    assert np.all(np.diff(tokens) > 0.0)
    assert np.all(tokens / np.array([1, 2, 4, 8]) <= 1.1 * tokens[0])


def test_slower_network_never_trains_faster(
    llama_2_7b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    tokens = [
        rates_on(llama_2_7b, accelerators["H100-80GB"], 8, between=network(gbps))
        .tokens_per_second[0, 0]
        for gbps in (25.0, 100.0, 400.0, 3200.0)
    ]  # fmt: skip

    assert np.all(np.diff(np.array(tokens)) >= 0.0)


def test_without_a_fabric_the_network_of_the_host_is_used(
    llama_2_7b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    host, fabric = (
        rates_on(llama_2_7b, accelerators["H100-80GB"], 4, between=between).tokens_per_second
        for between in (network(np.nan, 400.0), network(400.0))
    )

    assert host == pytest.approx(fabric)


def test_gang_without_a_known_network_is_refused_and_one_node_is_not(
    llama_2_7b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    rates = rates_on(llama_2_7b, accelerators["H100-80GB"], 1, 2, between=network(np.nan))

    assert rates.reason[0].tolist() == [Reason.NONE, Reason.NO_NETWORK]


def test_gang_with_more_ranks_than_sequences_is_refused(
    llama_2_7b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    tiny = replace(FULL, batch_tokens=4096.0)

    rates = rates_on(llama_2_7b, accelerators["H100-80GB"], 7, setup=tiny)

    assert rates.reason[0, 0] == Reason.GANG_SIZE


def test_qlora_of_70_billion_parameters_runs_on_one_80_gib_accelerator(
    llama_70b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    rates = rates_on(llama_70b, accelerators["H100-80GB"], 1, per_node=1, setup=QLORA)

    assert rates.reason[0, 0] == Reason.NONE
    assert rates.checkpointing[0, 0]
    assert rates.vram.adapters_gib[0, 0] == pytest.approx(3.47, abs=0.01)


def test_adapters_are_trained_with_whole_or_gathered_weights(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    setup = TrainingSetup(method=Method.LORA, sequence_length=2048.0)

    rates = rates_on(llama_8b, accelerators["H100-80GB"], 1, setup=setup)

    assert {trial.sharding for trial in rates.strategies} == {Sharding.NONE, Sharding.ZERO3}
    assert rates.vram.gradients_gib[0, 0] == 0.0


def test_encoders_can_be_trained(
    models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> None:
    setup = TrainingSetup(sequence_length=512.0)

    rates = rates_on(
        models["google-bert/bert-large-uncased"], accelerators["A100-80GB"], 1, setup=setup
    )

    assert rates.reason[0, 0] == Reason.NONE
    assert 0.2 < rates.utilisation[0, 0] < 0.7


def test_models_without_tokens_are_refused(
    models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> None:
    with pytest.raises(InvalidInputError, match="kind 'cnn'"):
        rates_on(models["resnet50"], accelerators["A100-80GB"], 1)


def test_settings_outside_their_range_are_refused(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    chip = accelerators["H100-80GB"]
    with pytest.raises(InvalidInputError, match=r"sequence_length is 0"):
        rates_on(llama_8b, chip, 1, setup=replace(FULL, sequence_length=0.0))
    with pytest.raises(InvalidInputError, match="hold at least one sequence"):
        rates_on(llama_8b, chip, 1, setup=replace(FULL, batch_tokens=1000.0))
    with pytest.raises(InvalidInputError, match="nodes must be one row"):
        rates_on(llama_8b, chip, 0)


@pytest.mark.parametrize(
    ("name", "tier", "ceiling"),
    [
        ("A100-80GB", Tier.FRAMEWORK, 0.63),
        ("H100-80GB", Tier.FRAMEWORK, 0.35),
        ("H100-80GB", Tier.VENDOR_TUNED, 0.63),
        ("T4", Tier.FRAMEWORK, 0.5),
    ],
)
def test_attention_reaches_what_its_kernels_reach_on_the_architecture(
    accelerators: Mapping[str, Accelerator], name: str, tier: Tier, ceiling: float
) -> None:
    row = Placement(accelerator=accelerators[name], accelerators=1, interconnect="pcie")
    hardware = Hardware.of([row])
    constants = shipped_constants()

    reach = training_efficiency(
        hardware, WEIGHT_FORMATS["fp16"], tier, constants, np.array([np.nan]), frozen=False
    )

    share = float(reach.attention_flops[0] / hardware.half_precision_peak[0])
    assert share == pytest.approx(ceiling * constants["training.attention_share"])


def test_trainers_of_adapters_wait_for_each_gathered_layer(
    accelerators: Mapping[str, Accelerator],
) -> None:
    row = Placement(accelerator=accelerators["A100-80GB"], accelerators=8, interconnect="nvswitch")

    overlapped, waiting = (
        training_efficiency(
            Hardware.of([row]),
            WEIGHT_FORMATS["bf16"],
            Tier.FRAMEWORK,
            shipped_constants(),
            np.array([np.nan]),
            frozen=frozen,
        ).exposed_share[0]
        for frozen in (False, True)
    )

    assert (overlapped, waiting) == (0.1, 1.0)
