import numpy as np

from costopt.model import ModelSpec
from costopt.performance.dimensions import decoder_of
from costopt.performance.parallelism import cache_divisor, tensor_parallel_degrees


def test_degrees_divide_the_heads_and_fit_into_the_node() -> None:
    assert tensor_parallel_degrees(8, 64) == (1, 2, 4, 8)
    assert tensor_parallel_degrees(4, 12) == (1, 2, 3, 4)


def test_share_of_an_accelerator_stays_alone() -> None:
    assert tensor_parallel_degrees(0.125, 64) == (1,)


def test_cache_heads_are_copied_once_every_accelerator_has_one(llama_8b: ModelSpec) -> None:
    # 8 heads: 4 accelerators hold 2 each, 8 hold 1, 16 still hold 1
    divisor = cache_divisor(decoder_of(llama_8b), np.array([1.0, 4.0, 8.0, 16.0]))

    assert divisor.tolist() == [1.0, 4.0, 8.0, 8.0]


def test_cache_heads_that_do_not_divide_are_rounded_up(llama_8b: ModelSpec) -> None:
    # 8 heads over 3 accelerators: one of them holds 3
    assert cache_divisor(decoder_of(llama_8b), np.array([3.0]))[0] == 8 / 3
