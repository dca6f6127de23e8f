import pytest

from costopt.accelerator import COMPUTE_FORMATS
from costopt.errors import UnknownNameError
from costopt.precision import WEIGHT_FORMATS, formats_named


def test_every_compute_format_can_hold_weights() -> None:
    assert set(COMPUTE_FORMATS) <= set(WEIGHT_FORMATS)


def test_four_bit_groups_of_128_add_a_scale_and_a_zero_point() -> None:
    scale_and_zero = (2 + 2) / 128

    assert formats_named("int4_weight_only").weights.linear_bytes == 0.5 + scale_and_zero


def test_quantized_formats_keep_embeddings_in_sixteen_bit() -> None:
    for name in ("fp8", "int8", "fp4", "int4_weight_only", "nf4"):
        assert WEIGHT_FORMATS[name].embedding_bytes == 2.0


def test_weight_only_formats_are_multiplied_in_sixteen_bit() -> None:
    assert formats_named("nf4").weights.compute_formats == ("bf16", "fp16")
    assert formats_named("nf4").weights.weight_only
    assert not formats_named("fp8").weights.weight_only


def test_unknown_precision_suggests_the_nearest_known_one() -> None:
    with pytest.raises(UnknownNameError, match="Did you mean fp8"):
        formats_named("fp88")


def test_unknown_cache_precision_suggests_the_nearest_known_one() -> None:
    with pytest.raises(UnknownNameError, match="kv_precision 'int88'"):
        formats_named("fp8", "int88")
