"""docs/nightly.md against the code: permissions, settings, commands, exit codes of scripts."""

import json
import os
import re
import shlex
import subprocess
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from typer.main import get_command

from costopt.cli.application import build_application
from costopt.cli.refresh_command import EXIT_CODES
from costopt.provider import LiveProvider, installed_providers
from costopt.refresh.settings import read_refresh_settings
from costopt_aws import account_operations, operations
from costopt_azure import management, price_sheet, reservations, savings_plans
from costopt_gcp import questions

GUIDE = (Path(__file__).parents[1] / "docs" / "nightly.md").read_text(encoding="utf-8")
PROVIDERS = Path(__file__).parents[1] / "providers"


def blocks(language: str) -> list[str]:
    """Every block of a language in the guide."""
    return re.findall(rf"^```{language}\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)


def actions(policy: dict[str, Any]) -> set[str]:
    """Every action that a policy allows."""
    listed = [statement["Action"] for statement in policy["Statement"]]
    return {name for one in listed for name in ([one] if isinstance(one, str) else one)}


@pytest.fixture(scope="module")
def policies() -> list[dict[str, Any]]:
    """Policies of AWS, Azure, Azure's account, Alibaba Cloud and the store, in this order."""
    return [json.loads(block) for block in blocks("json")]


def quoted(folder: str, pattern: str) -> set[str]:
    """What a pattern finds in the sources of an adapter."""
    texts = [path.read_text(encoding="utf-8") for path in (PROVIDERS / folder).glob("*.py")]
    return {name for text in texts for name in re.findall(pattern, text)}


def permissions(module: ModuleType) -> set[str]:
    """Permissions of all operations that a module of the AWS adapter names itself."""
    return {
        value.permission
        for value in vars(module).values()
        if isinstance(value, operations.Operation)
    }


def test_permissions_of_aws_are_those_that_the_adapter_names(
    policies: list[dict[str, Any]],
) -> None:
    prices, on_request, account = (set(one["Action"]) for one in policies[0]["Statement"])
    assert prices | on_request == permissions(operations)
    assert account == permissions(account_operations) - prices
    assert (len(prices | on_request), len(account)) == (9, 6)


def test_permissions_of_google_cloud_are_the_calls_to_compute_engine() -> None:
    roles = {
        part["title"]: set(part["includedPermissions"])
        for block in blocks("yaml")
        for part in [yaml.safe_load(block)]
        if "title" in part
    }
    asked = quoted("costopt_gcp", r'permission="(compute\.[a-zA-Z.]+)"')
    assert roles["Prices"] | roles["Account"] == asked
    assert (len(roles["Prices"]), len(roles["Account"])) == (3, 5)
    assert questions.CONTRACT_PERMISSION.split(" ")[0] in GUIDE


def test_permissions_of_azure_are_those_that_the_adapter_names(
    policies: list[dict[str, Any]],
) -> None:
    prices = (management.SKUS_PERMISSION, management.GRAPH_PERMISSION)
    account = (management.USAGES_PERMISSION, price_sheet.PERMISSION)
    for policy, named in zip(policies[1:3], (prices, account), strict=True):
        assert policy["Actions"] == [text.split(" ")[0] for text in named]
    for text in (reservations.PERMISSION, savings_plans.PERMISSION):
        assert f"`{text.split(' ')[0]}`" in GUIDE


def test_permissions_of_alibaba_cloud_are_the_operations_of_the_adapter(
    policies: list[dict[str, Any]],
) -> None:
    asked = quoted("costopt_alibaba", r'"(Describe[A-Za-z]+)"')
    billed = quoted("costopt_alibaba", r'"(Query[A-Za-z]+)"')
    named = {f"ecs:{name}" for name in asked} | {f"bssapi:{name}" for name in billed}
    assert actions(policies[3]) == named
    assert len(named) == 10


def test_permissions_of_the_store_name_one_bucket(policies: list[dict[str, Any]]) -> None:
    assert actions(policies[4]) == {
        "s3:ListBucket", "s3:GetObject", "s3:PutObject", "s3:DeleteObject",
        "s3:AbortMultipartUpload",
    }  # fmt: skip
    places = [statement["Resource"] for statement in policies[4]["Statement"]]
    assert places == ["arn:aws:s3:::prices", "arn:aws:s3:::prices/costopt/*"]


@pytest.mark.parametrize("number", [0, 1, 2])
def test_settings_of_the_guide_are_accepted(number: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AZURE_SUBSCRIPTION_ID", raising=False)
    read = read_refresh_settings(blocks("toml")[number], "guide", {"store": "prices"})
    known = installed_providers()
    assert set(read.providers) <= set(known)
    assert read.adapters
    for name, settings in read.adapters.items():
        provider = known[name]
        assert isinstance(provider, LiveProvider)
        provider.open(settings)


def test_schedules_run_at_the_same_minute_and_never_side_by_side() -> None:
    cron_job, workflow = (yaml.safe_load(block) for block in blocks("yaml")[:2])
    schedule = cron_job["spec"]["schedule"]
    assert cron_job["spec"]["concurrencyPolicy"] == "Forbid"
    assert workflow["concurrency"]["group"]
    # YAML 1.1 reads the key on as true
    assert workflow[True]["schedule"] == [{"cron": schedule}]
    assert any(line.startswith(f"{schedule} ") for line in blocks("text")[0].splitlines())


def scripts() -> list[str]:
    """The script of the guide, and the step of the workflow that does the same."""
    steps = yaml.safe_load(blocks("yaml")[1])["jobs"]["refresh"]["steps"]
    return [
        blocks("bash")[0],
        next(step["run"] for step in steps if "code=0" in step.get("run", "")),
    ]


@pytest.mark.parametrize("script", scripts(), ids=["script", "workflow"])
@pytest.mark.parametrize(("code", "ends"), [(0, 0), (3, 0), (4, 4), (2, 2)])
def test_scripts_end_well_on_what_was_published(
    script: str, code: int, ends: int, tmp_path: Path
) -> None:
    stand_in = tmp_path / "costopt"
    stand_in.write_text(f'#!/bin/sh\necho "$@" > "{tmp_path}/asked"\nexit {code}\n')
    stand_in.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}{os.pathsep}{os.environ['PATH']}",
        "PRICES_STORE": "s3://prices/costopt",
        "PRICES_CONFIG": "refresh.toml",
    }
    done = subprocess.run(
        ["bash", "-e", "-c", script], env=environment, capture_output=True, check=False
    )
    assert done.returncode == ends
    asked = (tmp_path / "asked").read_text(encoding="utf-8")
    assert asked == "refresh --store s3://prices/costopt --config refresh.toml\n"
    assert (b"stale parts" in done.stdout + done.stderr) == (code == 3)


def test_exit_codes_of_the_guide_are_those_of_the_command() -> None:
    listed = [int(code) for code in re.findall(r"^\| (\d) \|", GUIDE, re.MULTILINE)]
    assert listed == [*EXIT_CODES.values(), 2]


def test_commands_of_the_guide_are_ones_that_exist() -> None:
    lines = [
        shlex.split(line)
        for block in blocks("sh")
        for line in block.splitlines()
        if line.startswith("costopt ")
    ]
    commands = get_command(build_application()).commands  # type: ignore[attr-defined]
    known: dict[tuple[str, ...], Any] = {}
    known |= {(name,): commands[name] for name in ("plan", "refresh", "watch")}
    known |= {("catalog", name): one for name, one in commands["catalog"].commands.items()}
    asked = set()
    for _, *line in lines:
        words = tuple(line[:2] if line[0] == "catalog" else line[:1])
        with known[words].make_context(words[-1], line[len(words) :]) as context:
            place = context.params["catalog" if words == ("plan",) else "store"]
            assert place == "s3://prices/costopt"
        asked.add(words)
    assert asked == set(known)
