"""Planted credentials: the clouds answer with them, and no byte that is written holds one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from costopt.fetch.redact import HIDDEN
from costopt.refresh.run import RefreshResult
from costopt.refresh.settings import RefreshSettings
from costopt.refresh.told import RegionTold, Told
from costopt.refresh.written_reports import page_bytes

KEY, SECRET, SESSION = "AKIAPLANTEDKEY000001", "planted/secret+key", "planted-session-token"
ARN = "arn:aws:iam::123456789012:user/x"
RESERVED = "ri-0123456789abcdef0"
SUBSCRIPTION = "50b5c21b-0000-4000-8000-0123456789ab"
PLANTED = (KEY, SECRET, SESSION, "123456789012", RESERVED, SUBSCRIPTION)


def adapters(clouds: Any) -> dict[str, dict[str, object]]:
    settings = clouds.signed(KEY, SECRET)
    return {**settings, "aws": {**settings["aws"], "session_token": SESSION}}


def leaks(folder: Path) -> list[tuple[str, str]]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    assert files
    return [
        (path.name, planted)
        for path in files
        for planted in PLANTED
        if planted.encode() in path.read_bytes() or planted in path.name
    ]


def test_planted_credentials_are_in_no_byte_of_store_report_recording_and_log(
    clouds: Any, refreshed: Callable[..., RefreshResult], tmp_path: Path,
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    clouds.hypervisor = f"{KEY} {SECRET} {SESSION} {ARN} /subscriptions/{SUBSCRIPTION}/x"
    heard: list[tuple[str, Told]] = []
    result = refreshed(
        adapters=adapters(clouds),
        account=True,
        arguments={
            "record": tmp_path / "kept",
            "watch": lambda provider, told: heard.append((provider, told)),
        },
    )
    assert result.report["account"]["origins"]["aws/us-east-1"]["facts"] == 2
    (tmp_path / "page.html").write_bytes(page_bytes(result.report))
    assert len(list((tmp_path / "store" / "reports").iterdir())) == 2
    told = [one for _, one in heard if isinstance(one, RegionTold)]
    assert {one.region for one in told} == {"us-east-1", "eastus", "westeurope"}
    assert leaks(tmp_path) == []
    recorded = b"".join(path.read_bytes() for path in (tmp_path / "kept").iterdir())
    assert f"{HIDDEN} {HIDDEN} {HIDDEN}".encode() in recorded
    ours = [line.getMessage() for line in caplog.records if line.name != "werkzeug"]
    spoken = "".join((*ours, *capfd.readouterr(), repr(heard), repr(result.report)))
    assert [planted for planted in PLANTED if planted in spoken] == []


def test_settings_of_clouds_that_are_not_asked_are_not_recorded(
    clouds: Any, refreshed: Callable[..., RefreshResult], tmp_path: Path
) -> None:
    planted = {"tenant_id": "planted-tenant", "client_id": "planted-client"}
    settings = {**clouds.adapters(), "gcp": {"project": "planted-project"}}
    settings["azure"] = {**settings["azure"], **planted}
    refreshed(adapters=settings, providers=("aws",), arguments={"record": tmp_path / "kept"})
    written = b"".join(path.read_bytes() for path in (tmp_path / "kept").iterdir())
    assert b"planted-" not in written


def test_failure_that_repeats_the_credentials_is_told_without_them(
    clouds: Any, refreshed: Callable[..., RefreshResult]
) -> None:
    settings = adapters(clouds)
    settings["aws"]["endpoints"] = {"ec2": f"http://[{SECRET}"}
    result = refreshed(adapters=settings)
    error = result.report["providers"]["aws"]["error"]
    assert error
    assert [planted for planted in PLANTED if planted in error] == []


def test_settings_do_not_show_the_settings_of_adapters() -> None:
    settings = RefreshSettings(store="x", adapters={"aws": {"secret_access_key": SECRET}})
    assert SECRET not in repr(settings)
