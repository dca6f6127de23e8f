from collections.abc import Mapping

import pytest

from costopt.accelerator import Accelerator
from costopt.errors import UnknownNameError
from costopt.model import ModelSpec
from costopt.performance.measurements.words import sample_format, serving_formats, software_named
from costopt.performance.tiers import Tier


@pytest.mark.parametrize(
    ("text", "tier"),
    [
        ("vllm 0.12.0", Tier.ENGINE),
        ("sglang 0.5.9", Tier.ENGINE),
        ("TensorRT-LLM 0.17", Tier.VENDOR_TUNED),
        ("TensorRT 10.2.0, CUDA 12.4", Tier.VENDOR_TUNED),
        ("TGI 1.0.3", Tier.LEGACY_ENGINE),
        ("llama.cpp", Tier.LOCAL_ENGINE),
        ("PyTorch 2.0 FlashAttention-2", Tier.FRAMEWORK),
        ("PyTorch NVIDIA Release 23.09", Tier.VENDOR_TUNED),
        ("PyTorch 2.9 Neuron 2.27.0", Tier.VENDOR_TUNED),
    ],
)
def test_software_belongs_to_the_tier_of_its_longest_known_beginning(
    text: str, tier: Tier
) -> None:
    assert software_named(text).tier is tier


def test_unknown_software_is_an_error_that_says_where_to_add_it() -> None:
    with pytest.raises(UnknownNameError, match=r"reviewed row to measurements/software\.csv"):
        software_named("homemade 1.0")


def test_whole_batches_and_http_clients_are_told_apart() -> None:
    assert software_named("Transformers NeuronX Neuron 2.18.0").static
    assert software_named("sglang").client == "together"
    assert software_named("vllm 0.18.0").client == "staggered"


def test_vendors_own_stack_caches_in_eight_bit(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    chip = accelerators["H100-80GB"]

    own, other = (
        serving_formats("fp8", llama_8b, chip, software, "a table").kv.name
        for software in ("TensorRT-LLM 0.17", "vLLM 0.6")
    )

    assert (own, other) == ("fp8", "bf16")


def test_gpt_oss_holds_its_experts_in_four_bits_whatever_a_table_says(
    models: Mapping[str, ModelSpec], accelerators: Mapping[str, Accelerator]
) -> None:
    formats = serving_formats(
        "fp8", models["openai/gpt-oss-120b"], accelerators["H100-80GB"], "trtllm", "a table"
    )

    assert formats.weights.name == "mxfp4"


def test_sixteen_bit_means_the_format_that_the_accelerator_has(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    formats = serving_formats("bf16", llama_8b, accelerators["T4"], "vllm", "a table")

    assert formats.weights.name == "fp16"


def test_eight_bit_integers_are_weights_only_in_generation_and_native_in_samples(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    chip = accelerators["T4"]

    assert serving_formats("int8", llama_8b, chip, "vllm", "").weights.weight_only
    assert sample_format("int8", chip).compute_formats == ("int8",)


def test_unknown_precision_is_an_error(
    llama_8b: ModelSpec, accelerators: Mapping[str, Accelerator]
) -> None:
    with pytest.raises(UnknownNameError, match="precision 'fp6'"):
        serving_formats("fp6", llama_8b, accelerators["T4"], "vllm", "")
