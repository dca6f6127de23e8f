"""``costopt plan``: the printed plan, its JSON, its exit code; the library itself never prints."""

import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path

import pytest

from costopt.catalog.catalog import Catalog
from costopt.cli import main
from costopt.cli.plan_command import example_names
from costopt.evaluate.check import evaluate_plan
from costopt.plan.plan import Plan
from costopt.plan.status import PlanStatus
from costopt.planning.optimize_request import optimize
from costopt.workload.requirement import Requirement
from costopt.workload.serving import InferenceService

Command = Callable[..., tuple[int, str, str]]
Printed = Callable[[str], tuple[int, str, str]]

MOST_LINES, MOST_COLUMNS = 30, 100

PLAN_OF_ONE_NODE = "[workload]\nkind = 'requirement'\naccelerator_types = 'A100-40GB'\n"


@pytest.fixture(scope="module")
def printed(bundled: Catalog) -> Iterator[Printed]:
    """Run ``costopt plan --example`` once for each example: exit code, output, errors."""

    @cache
    def run(name: str) -> tuple[int, str, str]:
        patch.setattr(sys, "argv", ["costopt", "plan", "--example", name])
        with (
            redirect_stdout(StringIO()) as out,
            redirect_stderr(StringIO()) as err,
            pytest.raises(SystemExit) as stopped,
        ):
            main()
        return int(stopped.value.code or 0), out.getvalue(), err.getvalue()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Catalog, "bundled", lambda: bundled)
        yield run


@pytest.mark.parametrize("name", example_names())
def test_every_example_prints_an_answer_in_thirty_lines_of_a_hundred_columns(
    name: str, printed: Printed
) -> None:
    code, out, err = printed(name)
    lines = out.splitlines()
    assert (code, err) == (1 if name == "impossible" else 0, "")
    assert len(lines) <= MOST_LINES
    assert max(len(line) for line in lines) <= MOST_COLUMNS
    assert not re.search(r"\b(nan|inf|None|np)\b|[{}]", out)


def test_the_first_command_says_the_answer_then_the_table_then_the_reasons(
    printed: Printed,
) -> None:
    _, out, _ = printed("chat-70b")
    lines = out.splitlines()
    starts = ["Run ", "instance type", "Beside it:", "What would change it:", "Left out: "]
    rows = [next(i for i, line in enumerate(lines) if line.startswith(text)) for text in starts]
    assert rows == sorted(rows)
    assert lines[-1].startswith("Catalogue of ")
    assert lines[-1].endswith(" s.")
    assert rows[3] - rows[2] - 1 == 3  # three baselines
    for words in ("/month", "TTFT p95", "cash now"):
        assert words in " ".join(lines[rows[0] : rows[1]])


def test_a_price_is_shown_at_its_place_in_its_own_history(printed: Printed) -> None:
    """$9.677867/h is below all eight levels, and within 5 % of the lowest, $9.832."""
    _, out, _ = printed("chat-70b")
    lines = out.splitlines()
    title = lines.index("Price in its own history (percentile 0 is the cheapest):")
    assert lines[title + 1] == (
        "  p5.48xlarge in us-east-2, spot: percentile 0; held within 5 % on 1 of 8 dates of its "
        "cheapest zone"
    )
    assert lines[title + 2].startswith("Left out: ")


def test_prices_of_more_than_thirty_days_are_warned_of_on_line_one(printed: Printed) -> None:
    """The prices bundled here only get older with each day on which this runs."""
    _, out, _ = printed("chat-70b")
    assert out.startswith("Warning: prices here are up to ")
    assert " days old" in out.splitlines()[0]


def test_an_example_may_be_named_with_its_ending(command: Command) -> None:
    assert command("plan", "--example", "need-8xa100.toml")[0] == 0


def test_json_is_the_whole_plan_and_nothing_else(bundled: Catalog, command: Command) -> None:
    code, out, err = command("plan", "--example", "need-8xa100", "--json")
    plan = Plan.from_json(out)
    assert (code, err) == (0, "")
    assert plan.lines
    assert evaluate_plan(plan, bundled).violations == ()
    assert json.loads(out) == json.loads(plan.to_json())


def test_an_infeasible_request_is_valid_json_with_exit_code_1(command: Command) -> None:
    code, out, err = command("plan", "--example", "impossible", "--json")
    plan = Plan.from_json(out)
    assert (code, err) == (1, "")
    assert plan.status is PlanStatus.INFEASIBLE
    assert (plan.lines, plan.cost_per_hour) == ((), None)
    assert plan.unanswered_because


def test_a_request_file_gives_the_plan_of_the_same_request_in_python(
    bundled: Catalog, command: Command, tmp_path: Path
) -> None:
    request = tmp_path / "node.toml"
    request.write_text(PLAN_OF_ONE_NODE, encoding="utf-8")
    _, out, _ = command("plan", str(request), "--json")
    asked = optimize(Requirement(accelerator_types=("A100-40GB",)), bundled)
    assert Plan.from_json(out).lines == asked.lines
    assert Plan.from_json(out).request == asked.request
    assert list(tmp_path.iterdir()) == [request]


def test_a_budget_of_a_cent_is_infeasible_for_the_budget(command: Command, tmp_path: Path) -> None:
    request = tmp_path / "poor.toml"
    request.write_text(PLAN_OF_ONE_NODE + "[limits]\nbudget = 0.01\n", encoding="utf-8")
    code, out, err = command("plan", str(request))
    assert (code, err) == (1, "")
    because = out[: out.index("What would help")]
    assert "budget" in because
    assert "no offer within the limits can run it" not in because
    assert "limits.budget of 1,235.77" in out


def test_the_library_never_prints(bundled: Catalog, capsys: pytest.CaptureFixture[str]) -> None:
    answered = optimize(Requirement(accelerator_types=("A100-40GB",)), bundled)
    refused = optimize(Requirement(tflops_total=1e12), bundled)
    assert (answered.has_answer, refused.has_answer) == (True, False)
    for plan in (answered, refused):
        plan.explain()
        plan.to_frame()
        str(plan)
    with pytest.raises(LookupError):
        optimize(
            InferenceService(model="no-such", precision=("bf16",), samples_per_second=1), bundled
        )
    assert capsys.readouterr() == ("", "")


def test_a_fresh_process_prints_the_plan_from_any_folder(tmp_path: Path) -> None:
    program = [sys.executable, "-W", "error", "-c", "from costopt.cli import main; main()"]
    done = subprocess.run(
        [*program, "plan", "--example", "need-8xa100"],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "Run 1 x " in done.stdout
    assert not list(tmp_path.iterdir())


def test_launch_prints_the_same_plan_and_then_how_to_start_it(command: Command) -> None:
    _, plain, _ = command("plan", "--example", "qlora-70b")
    code, out, err = command("plan", "--example", "qlora-70b", "--launch")
    known = plain.splitlines()[:-1]  # the last line tells the seconds that the search took
    printed, recipe = out.splitlines(), out[out.index("\n# ") :].splitlines()
    assert (code, err) == (0, "")
    assert printed[: len(known)] == known
    assert recipe[1].startswith("# 1 x a3-highgpu-4g in gcp europe-north1, spot: fine_tune, with ")
    assert recipe[-1] == "  llamafactory-cli train fine_tune.yaml"


def test_a_plan_without_lines_has_nothing_to_launch(command: Command) -> None:
    code, out, err = command("plan", "--example", "impossible", "--launch")
    assert (code, err) == (1, "")
    assert "vllm" not in out


def test_launch_and_json_exclude_each_other(refusal: Callable[..., str]) -> None:
    message = refusal("plan", "--example", "chat-70b", "--json", "--launch")
    assert message == "costopt: costopt plan: --launch is text: leave out --json\n"
