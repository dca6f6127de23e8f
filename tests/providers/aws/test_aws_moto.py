"""The adapter's hardware over moto's instance types against the bundled catalogue."""

import logging
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pandas as pd
import pytest
from moto.server import ThreadedMotoServer
from pydantic import SecretStr

from costopt.fetch.context import FetchContext
from costopt.fetch.wire import LiveWire
from costopt_aws import AwsProvider
from costopt_aws.account_operations import RUNNING
from costopt_aws.hardware import hardware_rows, listed_types
from costopt_aws.operations import INSTANCE_TYPES
from costopt_aws.running import STATES, Group, counted
from costopt_aws.sdk import Sdk
from costopt_aws.settings import AwsSettings

EXCEPTIONS = {
    ("trn2.3xlarge", "fabric_gbps"): (
        "moto prints 200 Gigabit and a baseline of 50; the adapter takes what is printed, as for "
        "every type with EFA, and the catalogue the baseline"
    ),
}
"""Type and column in which the two differ -> why."""

FINDINGS = {
    ("accelerator_memory_implausible", "aws/trn2.3xlarge"): (
        "moto says 512 GiB for one chip, which has 96; the nominal figure stands in both"
    ),
    ("accelerator_memory_implausible", "aws/trn2.48xlarge"): "the same chip",
    ("accelerator_unreadable", "aws/trn2u.48xlarge"): (
        "moto has no NeuronInfo for it; the catalogue took the count from trn2.48xlarge"
    ),
}
"""Check and row of what moto's types cannot tell -> why."""

NOT_IN_MOTO = {
    "dl1.24xlarge": "moto lists no Gaudi",
    "trn2u.48xlarge": "no count of accelerators, see FINDINGS",
    **dict.fromkeys(("g3.16xlarge", "g3.4xlarge", "g3.8xlarge", "g3s.xlarge"), "retired M60"),
    **dict.fromkeys(
        ("g4ad.16xlarge", "g4ad.2xlarge", "g4ad.4xlarge", "g4ad.8xlarge", "g4ad.xlarge"),
        "moto lists no Radeon",
    ),
    **dict.fromkeys(("p2.16xlarge", "p2.8xlarge", "p2.xlarge"), "retired K80"),
    **dict.fromkeys(("p3.16xlarge", "p3.2xlarge", "p3.8xlarge"), "retired V100 of 16 GB"),
}
"""Accelerated types of the catalogue that moto does not describe -> why."""

OWN = ("source", "as_of", "note")
"""Columns that say where a row comes from, and so differ."""


@pytest.fixture(scope="module")
def moto_url() -> Iterator[str]:
    """Address of moto's server."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture(scope="module")
def sdk(moto_url: str) -> Sdk:
    return Sdk(
        settings=AwsSettings(
            access_key_id=SecretStr("x"),
            secret_access_key=SecretStr("y"),
            endpoints={"ec2": moto_url},
        )
    )


@pytest.fixture(scope="module")
def context(bundled: Any) -> FetchContext:
    return FetchContext(
        wire=LiveWire(),
        now=datetime(2026, 11, 21, 12, tzinfo=UTC),
        accelerators={name: bundled.accelerator(name) for name in bundled.accelerators["name"]},
        accelerator_names=AwsProvider.accelerator_names,
    )


@pytest.fixture(scope="module")
def described(sdk: Sdk, context: FetchContext) -> Any:
    """Hardware rows and findings of every type that moto lists."""
    pages = sdk.pages(context, INSTANCE_TYPES, "us-east-1", {})
    return hardware_rows(listed_types(pages), context)


def test_moto_types_agree_with_the_catalogue_but_for_the_written_exceptions(
    described: Any, bundled: Any
) -> None:
    types = bundled.instance_types
    held = types[types["provider"] == "aws"].set_index("instance_type")
    differing = {
        (row["instance_type"], column)
        for row in described.rows
        for column, value in row.items()
        if column not in (*OWN, "instance_type")
        and not same(value, held.loc[row["instance_type"], column])
    }
    assert differing == set(EXCEPTIONS)
    assert len(described.rows) == 79


def same(live: Any, kept: Any) -> bool:
    if isinstance(kept, str):
        return bool(live == kept)
    if pd.isna(kept):
        return live is None
    return bool(live == pytest.approx(kept, abs=1e-6))


def test_types_without_a_row_are_the_written_ones(described: Any, bundled: Any) -> None:
    types = bundled.instance_types
    accelerated = types[(types["provider"] == "aws") & (types["accelerator"] != "")]
    missing = set(accelerated["instance_type"]) - {row["instance_type"] for row in described.rows}
    assert missing == set(NOT_IN_MOTO)


def test_findings_about_hardware_are_the_written_ones(described: Any) -> None:
    found = {(one.check, one.row) for one in described.findings}
    assert found == set(FINDINGS)


def test_instances_that_moto_runs_are_counted_and_a_stopped_one_is_not(
    moto_url: str, sdk: Sdk, context: FetchContext
) -> None:
    region, place = "eu-central-1", {"AvailabilityZone": "eu-central-1a"}
    ec2 = boto3.client(
        "ec2",
        region_name=region,
        endpoint_url=moto_url,
        aws_access_key_id="x",
        aws_secret_access_key="y",
    )
    image = ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    asked = {"ImageId": image, "InstanceType": "g5.xlarge", "Placement": place}
    ec2.run_instances(**asked, MinCount=2, MaxCount=2)
    stopped = ec2.run_instances(**asked, MinCount=1, MaxCount=1)["Instances"][0]["InstanceId"]
    ec2.stop_instances(InstanceIds=[stopped])
    states = {"Filters": [{"Name": "instance-state-name", "Values": list(STATES)}]}
    found = counted(sdk.pages(context, RUNNING, region, states), {"eu-central-1a": "euc1-az2"})
    assert found == {
        Group(
            instance_type="g5.xlarge",
            zone="euc1-az2",
            lifecycle="",
            tenancy="default",
            linux=True,
            reserved=False,
        ): 2
    }
