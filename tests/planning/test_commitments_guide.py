"""docs/commitments.md: its examples run, and its request file is planned."""

import re
from pathlib import Path

import pytest

from costopt.catalog.catalog import Catalog
from costopt.plan.plan import Plan
from costopt.planning.optimize_request import answer_request
from costopt.workload.request import PlanRequest

GUIDE = (Path(__file__).parents[2] / "docs" / "commitments.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


def test_the_examples_run_one_after_another(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, bundled: Catalog
) -> None:
    monkeypatch.setattr(Catalog, "bundled", lambda: bundled)
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(block, names)
    plan, unsure = names["plan"], names["unsure"]
    assert isinstance(plan, Plan)
    assert isinstance(unsure, Plan)
    assert plan.schedule is not None
    assert plan.schedule.tranches
    told = capsys.readouterr().out
    assert "Commit $" in told
    assert "at the highest demand (1.60)" in told
    assert "'flat':" in told
    assert "2 starts in every 24 h, charged $" in told
    assert "Nothing is started or stopped." in told
    assert "sum_(o on c) n_ot <= Q_c" in told


def test_the_request_file_is_planned(bundled: Catalog) -> None:
    (text,) = blocks("toml")
    plan = answer_request(PlanRequest.from_toml(text, "request.toml"), bundled)
    assert plan.require().schedule is not None
    assert plan.horizon_hours == 8760
