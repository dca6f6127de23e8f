"""How tokens are served: software, shared prompts and drafts, of services and batches."""

from typing import Any

import pytest

from costopt.errors import InvalidInputError
from costopt.workload.batch import BatchInference
from costopt.workload.request import PlanRequest
from costopt.workload.serving import InferenceService
from costopt.workload.traffic import Traffic

SERVICE: dict[str, Any] = {
    "model": "m",
    "precision": "fp8",
    "traffic": Traffic.from_trace("chat", requests_per_second=10),
}
BATCH: dict[str, Any] = {
    "model": "m", "precision": "fp8", "trace": "chat", "requests": 10, "deadline_hours": 1,
}  # fmt: skip
DRAFT: dict[str, Any] = {"speculative_tokens": 3, "acceptance_fraction": 0.7}
KINDS = [(InferenceService, SERVICE), (BatchInference, BATCH)]


@pytest.mark.parametrize(("kind", "fields"), KINDS)
def test_default_is_an_engine_that_shares_nothing_and_drafts_nothing(
    kind: type[InferenceService | BatchInference], fields: dict[str, Any]
) -> None:
    workload = kind(**fields)

    assert (workload.software, workload.prefix_cache_fraction) == ("engine", 0)
    assert (workload.speculative_tokens, workload.acceptance_fraction) == (0, None)
    assert workload.served_fields() == ()


@pytest.mark.parametrize(("kind", "fields"), KINDS)
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"software": "vllm"}, "software = 'vllm': allowed: engine, vendor_tuned, framework"),
        ({"prefix_cache_fraction": 1.0}, "prefix_cache_fraction = 1.0: must be below 1"),
        ({"prefix_cache_fraction": -0.1}, "prefix_cache_fraction = -0.1: must be at least 0"),
        ({"prefix_cache_fraction": "half"}, "prefix_cache_fraction = 'half': must be a number"),
        ({"prefix_cache_fraction": float("nan")}, "prefix_cache_fraction = nan: must be a"),
        ({"speculative_tokens": 33} | {"acceptance_fraction": 0.5}, "speculative_tokens = 33: "),
        (DRAFT | {"speculative_tokens": 1.5}, "speculative_tokens = 1.5: must be a whole number"),
        (DRAFT | {"acceptance_fraction": 1.1}, "acceptance_fraction = 1.1: must be at most 1"),
        ({"speculative_tokens": 3}, "speculative_tokens and acceptance_fraction belong together"),
        ({"acceptance_fraction": 1}, "speculative_tokens and acceptance_fraction belong together"),
        (
            {"draft_time_fraction": 0.1},
            "draft_time_fraction belongs to speculative_tokens, which are not given",
        ),
        (DRAFT | {"draft_time_fraction": 1}, "draft_time_fraction = 1: must be below 1"),
    ],
)
def test_wrong_figure_is_one_sentence(
    kind: type[InferenceService | BatchInference],
    fields: dict[str, Any],
    given: dict[str, Any],
    sentence: str,
) -> None:
    with pytest.raises(InvalidInputError) as caught:
        kind(**fields | given)
    assert str(caught.value).startswith(f"{kind.__name__}: {sentence}")
    assert len(caught.value.problems) == 1


@pytest.mark.parametrize(
    "given", [{"software": "vendor_tuned"}, {"prefix_cache_fraction": 0.5}, DRAFT]
)
def test_samples_have_no_prompts_and_no_choice_of_software(given: dict[str, Any]) -> None:
    name = next(iter(given))
    service = {name: SERVICE[name] for name in ("model", "precision")}
    batch = service | {"samples": 5, "deadline_hours": 1}

    with pytest.raises(InvalidInputError, match=f"{name} belongs to traffic, which is not given"):
        InferenceService(**service, samples_per_second=10, **given)
    with pytest.raises(InvalidInputError, match=f"{name} belongs to requests, which are not"):
        BatchInference(**batch, **given)


def test_toml_and_python_say_the_same() -> None:
    text = """
        [workload]
        kind = "inference_service"
        model = "m"
        precision = ["fp8"]
        software = "vendor_tuned"
        prefix_cache_fraction = 0.4
        speculative_tokens = 3
        acceptance_fraction = 0.7
        traffic = {trace = "chat", requests_per_second = 10}
    """
    told = DRAFT | {"software": "vendor_tuned", "prefix_cache_fraction": 0.4}

    request = PlanRequest.from_toml(text, "request.toml")

    assert request.workloads == (InferenceService(**SERVICE, **told),)
