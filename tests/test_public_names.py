"""Public names: loaded when first used, stable, and never the name of a submodule."""

import ast
import subprocess
import sys
from importlib import import_module
from inspect import Parameter, signature
from pathlib import Path

import pytest

import costopt

NAMED_IN_THE_README = {
    "BatchInference", "Catalog", "FineTuneJob", "InferenceService", "Limits", "Requirement",
    "Traffic", "TrainingJob", "cheapest_mix", "optimize",
}  # fmt: skip

LIMITS = {
    "providers", "regions", "countries", "accelerator_types", "vendors", "families",
    "min_vcpus_per_accelerator", "min_memory_gib_per_accelerator", "intra_node_interconnect",
    "inter_node_fabric", "purchase_options", "max_spot_fraction", "quota", "budget",
    "max_distinct_types",
}  # fmt: skip

LINE_COLUMNS = {
    "instance_type", "provider", "region", "purchase_option", "count", "price_per_hour",
    "line_cost_per_hour", "share", "utilisation", "price_source", "rate_origin", "currency",
}  # fmt: skip


@pytest.mark.parametrize("name", costopt.__all__)
def test_a_public_name_is_its_home_modules_own(name: str) -> None:
    value = getattr(costopt, name)
    home = import_module(value.__module__)
    assert getattr(home, name) is value
    assert value.__doc__


def test_the_public_names_are_sorted_and_listed() -> None:
    assert sorted(costopt.__all__, key=lambda name: (name[0].islower(), name)) == costopt.__all__
    assert set(costopt.__all__) == set(dir(costopt))
    assert set(costopt.__all__) >= NAMED_IN_THE_README


def test_lazy_names_and_those_for_type_checkers_are_the_same() -> None:
    tree = ast.parse(Path(str(costopt.__file__)).read_text(encoding="utf-8"))
    imported = {
        alias.name: f"{node.module}"
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("costopt.")
        for alias in node.names
    }
    assert set(imported) == set(costopt.__all__)
    for name, module in imported.items():
        assert getattr(import_module(module), name) is getattr(costopt, name)


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'costopt' has no attribute 'optimise'"):
        costopt.optimise  # noqa: B018


def test_no_submodule_has_the_name_of_a_public_name() -> None:
    """``import costopt.optimize`` would otherwise replace the function by the module."""
    folder = Path(str(costopt.__file__)).parent
    modules = {path.stem for path in folder.glob("*.py")}
    modules |= {path.name for path in folder.iterdir() if path.is_dir()}
    assert modules.isdisjoint(costopt.__all__)


def test_importing_costopt_loads_none_of_the_slow_libraries() -> None:
    program = (
        "import sys; import costopt; "
        "print([name for name in ('pandas', 'numpy', 'pydantic', 'pulp', 'highspy', 'pyarrow')"
        " if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_optimize_takes_its_settings_by_keyword_only() -> None:
    parameters = signature(costopt.optimize).parameters
    positional = [n for n, p in parameters.items() if p.kind is Parameter.POSITIONAL_OR_KEYWORD]
    keyword = [n for n, p in parameters.items() if p.kind is Parameter.KEYWORD_ONLY]
    assert positional == ["workload", "catalog"]
    assert keyword == [
        "limits", "currency", "horizon_hours", "gap", "time_limit_seconds", "confidence",
        "account", "profiles", "current_fleet", "switching_cost", "demand_profile",
        "eligible_usage", "cost_of_capital", "price_decline",
    ]  # fmt: skip
    assert parameters["currency"].default == "USD"
    assert parameters["gap"].default == 1e-4


def test_cheapest_mix_has_the_signature_that_was_promised() -> None:
    parameters = signature(costopt.cheapest_mix).parameters
    defaults = {n: p.default for n, p in parameters.items() if p.kind is Parameter.KEYWORD_ONLY}
    assert list(parameters)[:3] == ["demand", "throughput", "price_per_hour"]
    assert defaults == {
        "quota": None,
        "max_utilisation": 1.0,
        "gap": 1e-4,
        "time_limit_seconds": 10,
    }


def test_a_mix_answers_with_the_fields_that_were_promised() -> None:
    """One type at 2 requests/s for $3/h: 4 requests/s need two of them, $6/h."""
    mix = costopt.cheapest_mix([4.0], [[2.0]], [3.0])
    assert mix.counts.tolist() == [2]
    assert mix.shares.tolist() == [[1.0]]
    assert (mix.cost, mix.bound, mix.gap) == pytest.approx((6.0, 6.0, 0.0), abs=1e-6)
    assert mix.status is costopt.PlanStatus.OPTIMAL_WITHIN_GAP
    assert mix.seconds >= 0


def test_limits_and_requirement_take_the_fields_that_were_promised() -> None:
    assert set(costopt.Limits.model_fields) >= LIMITS
    requirement = costopt.Requirement(
        accelerators_per_node=8,
        vram_gib_per_accelerator=39,
        accelerator_types=("A100-40GB",),
        intra_node_interconnect=("nvswitch",),
    )
    assert requirement.accelerators_per_node == 8


def test_a_plan_has_the_attributes_that_were_promised() -> None:
    assert {"cost_per_hour", "cost_total", "status", "gap", "bound", "lines"} <= set(
        costopt.Plan.model_fields
    )


def test_a_frame_of_a_plan_has_the_columns_that_were_promised(bundled: costopt.Catalog) -> None:
    plan = costopt.optimize(costopt.Requirement(tflops_total=1e12), bundled)
    frame = plan.to_frame()
    assert len(frame) == 0
    assert set(frame.columns) >= LINE_COLUMNS
