"""InferenceService: tokens or samples, each with its own latency limits."""

from typing import Any

import pytest

from costopt.errors import InvalidInputError
from costopt.precision import KV_FORMATS, WEIGHT_FORMATS
from costopt.workload.limits import Limits
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import Traffic

TRAFFIC = Traffic.from_trace("chat", requests_per_second=10)
TOKENS: dict[str, Any] = {"model": "m", "precision": "fp8", "traffic": TRAFFIC}
SAMPLES: dict[str, Any] = {"model": "m", "precision": "fp16", "samples_per_second": 2000}


def test_defaults_are_those_that_are_written_down() -> None:
    service = InferenceService(**TOKENS)
    assert (service.kind, service.name, service.limits) == ("inference_service", "", Limits())
    assert (service.precision, service.kv_precision) == (("fp8",), "bf16")
    assert (service.percentile, service.max_utilisation) == (95, 0.8)
    assert (service.max_ttft_ms, service.max_tpot_ms, service.max_latency_ms) == (None,) * 3


@pytest.mark.parametrize("precision", [*WEIGHT_FORMATS, "any"])
def test_every_reviewed_format_is_taken(precision: str) -> None:
    assert InferenceService(**{**TOKENS, "precision": precision}).precision == (precision,)


@pytest.mark.parametrize("precision", list(KV_FORMATS))
def test_every_reviewed_cache_format_is_taken(precision: str) -> None:
    assert InferenceService(**TOKENS, kv_precision=precision).kv_precision == precision


@pytest.mark.parametrize(
    ("precision", "sentence"),
    [
        ("fp9", "precision: Unknown precision 'fp9'. Did you mean fp8"),
        (["fp8", "float8"], "precision: Unknown precision 'float8'."),
        ([], "precision: must not be empty"),
        ("", "precision[0] = '': must not be empty"),
        (["any", "fp8"], "precision: 'any' already means every format: leave the others out"),
        (8, "precision = 8: must be a list"),
    ],
)
def test_wrong_precision_is_one_sentence(precision: Any, sentence: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        InferenceService(**{**TOKENS, "precision": precision})
    assert str(caught.value).startswith(f"InferenceService: {sentence}")


@pytest.mark.parametrize("given", ["max_ttft_ms", "max_tpot_ms"])
def test_limits_per_token_belong_to_traffic(given: str) -> None:
    assert getattr(InferenceService(**TOKENS, **{given: 50}), given) == 50
    with pytest.raises(InvalidInputError) as caught:
        InferenceService(**SAMPLES, **{given: 50})
    assert str(caught.value) == (
        f"InferenceService: {given} belongs to traffic, which is not given"
    )


@pytest.mark.parametrize("given", ["tokens_per_sample", "max_latency_ms"])
def test_limits_per_sample_belong_to_samples(given: str) -> None:
    assert getattr(InferenceService(**SAMPLES, **{given: 50}), given) == 50
    with pytest.raises(InvalidInputError) as caught:
        InferenceService(**TOKENS, **{given: 50})
    assert str(caught.value) == (
        f"InferenceService: {given} belongs to samples_per_second, which is not given"
    )


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"model": "m", "precision": "fp8"}, "give either traffic or samples_per_second"),
        (TOKENS | SAMPLES, "give either traffic or samples_per_second"),
        ({**TOKENS, "model": ""}, "model = '': must not be empty"),
        ({**SAMPLES, "samples_per_second": 0}, "samples_per_second = 0: must be above 0"),
        ({**SAMPLES, "tokens_per_sample": -5}, "tokens_per_sample = -5: must be above 0"),
        ({**TOKENS, "percentile": 49}, "percentile = 49: must be at least 50"),
        ({**TOKENS, "percentile": 100}, "percentile = 100: must be below 100"),
        ({**TOKENS, "max_utilisation": 0}, "max_utilisation = 0: must be above 0"),
        ({**TOKENS, "traffic": 5}, "traffic = 5: must be a table of names and values"),
        ({**TOKENS, "kind": "training"}, "kind = 'training': allowed: inference_service"),
    ],
)
def test_wrong_service_is_one_sentence(fields: dict[str, Any], sentence: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        InferenceService(**fields)
    assert str(caught.value) == f"InferenceService: {sentence}"


@pytest.mark.parametrize(("field", "edge"), [("percentile", 50), ("max_utilisation", 1)])
def test_edges_of_a_range_are_taken(field: str, edge: float) -> None:
    assert getattr(InferenceService(**TOKENS, **{field: edge}), field) == edge


def test_problem_deep_inside_is_named_by_its_place() -> None:
    traffic = {"trace": "chat", "requests_per_second": -1}
    with pytest.raises(InvalidInputError) as caught:
        InferenceService(**{**TOKENS, "traffic": traffic, "limits": {"quota": {"p5": -1}}})
    assert caught.value.problems == (
        "limits: quota.p5 = -1: must be at least 0",
        "traffic: requests_per_second = -1: must be above 0",
    )
