"""``costopt verify``: a plan holds, does not hold, or is no plan of this catalogue."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from costopt.catalog.catalog import Catalog
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import optimize
from costopt.workload.requirement import Requirement

Command = Callable[..., tuple[int, str, str]]
Refusal = Callable[..., str]


@pytest.fixture(scope="module")
def plan(bundled: Catalog) -> Plan:
    """Two equal nodes, the cheapest of the whole bundled catalogue."""
    return optimize(Requirement(accelerator_types=("A100-40GB",), nodes=2), bundled)


@pytest.fixture
def changed(plan: Plan, tmp_path: Path) -> Callable[..., str]:
    """Write the plan down with some fields replaced, and return the file."""

    def write(line: dict[str, Any] | None = None, **fields: Any) -> str:
        written = json.loads(plan.to_json()) | fields
        written["lines"][0] |= line or {}
        path = tmp_path / "plan.json"
        path.write_text(json.dumps(written), encoding="utf-8")
        return str(path)

    return write


def test_a_plan_that_was_written_down_holds(command: Command, changed: Callable[..., str]) -> None:
    code, out, err = command("verify", changed())
    assert (code, err) == (0, "")
    assert re.search(r"The plan holds: cost [\d.]+ USD/h, [\d.,]+ USD in all", out)


def test_one_node_less_no_longer_meets_the_requirement(
    command: Command, changed: Callable[..., str]
) -> None:
    code, out, err = command("verify", changed({"count": 1}))
    assert (code, err) == (1, "")
    assert "1 instances, 2 equal ones required" in out


def test_a_price_of_half_is_found_out(
    plan: Plan, command: Command, changed: Callable[..., str]
) -> None:
    price = plan.lines[0].price_per_hour
    code, out, _ = command("verify", changed({"price_per_hour": price / 2}))
    assert code == 1
    assert "price_per_hour" in out


@pytest.mark.parametrize("field", ["cost_per_hour", "cost_total", "cash_now"])
def test_a_changed_sum_of_the_plan_is_found_out(
    field: str, plan: Plan, command: Command, changed: Callable[..., str]
) -> None:
    value = getattr(plan, field)
    code, out, _ = command("verify", changed(**{field: value + 1}))
    assert code == 1
    assert field in out


def test_a_request_that_was_changed_afterwards_is_found_out(
    plan: Plan, command: Command, changed: Callable[..., str]
) -> None:
    request = json.loads(plan.request.model_dump_json()) | {"horizon_hours": 100.0}
    code, out, _ = command("verify", changed(request=request))
    assert code == 1
    assert "the request was changed" in out


def test_a_plan_of_another_catalogue_is_refused(
    plan: Plan, refusal: Refusal, changed: Callable[..., str]
) -> None:
    stamp = json.loads(plan.catalog.model_dump_json()) | {"fingerprint": "0" * 64}
    assert "--catalog" in refusal("verify", changed(catalog=stamp))


def test_an_instance_type_that_nobody_sells_is_refused_or_found_out(
    plan: Plan, command: Command, changed: Callable[..., str]
) -> None:
    offer = json.loads(plan.lines[0].offer.model_dump_json()) | {"instance_type": "p99.huge"}
    code, out, err = command("verify", changed({"offer": offer}))
    assert code in (1, 2)
    assert "p99.huge" in out + err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "JSON"),
        ("{", "JSON"),
        ("{}", "status is required"),
        ("[]", "plan.json: "),
        ('{"status": "good"}', "status = 'good'"),
    ],
)
def test_a_file_that_is_no_plan_is_refused(
    text: str, words: str, refusal: Refusal, tmp_path: Path
) -> None:
    path = tmp_path / "plan.json"
    path.write_text(text, encoding="utf-8")
    assert words in refusal("verify", str(path))


def test_a_missing_plan_is_named(refusal: Refusal, tmp_path: Path) -> None:
    assert "none.json: there is no such file" in refusal("verify", str(tmp_path / "none.json"))


def test_numbers_out_of_range_are_refused_or_found_out(
    command: Command, changed: Callable[..., str]
) -> None:
    for line in ({"count": -1}, {"count": 0}, {"count": 10**30}, {"hours": -1.0}, {"hours": None}):
        code, out, err = command("verify", changed(line))
        assert code in (1, 2)
        assert bool(out) != bool(err)


def test_an_infeasible_plan_has_nothing_to_check(
    command: Command, bundled: Catalog, tmp_path: Path
) -> None:
    impossible = optimize(Requirement(vram_gib_per_accelerator=4000), bundled)
    path = tmp_path / "plan.json"
    path.write_text(impossible.to_json(), encoding="utf-8")
    code, out, _ = command("verify", str(path))
    assert code == 0
    assert out.startswith("There is no plan to check (infeasible)")
    assert "holds" not in out
