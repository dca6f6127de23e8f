"""AwsSettings: what a person can tell the adapter of Amazon Web Services."""

from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from costopt.fetch.settings import AdapterSettings
from costopt_aws.operations import Service
from costopt_aws.partition import PARTITIONS_ASKED, Partition

ADVISOR_URL: Final = "https://spot-bid-advisor.s3.amazonaws.com"
"""Host of the file behind the Spot Instance Advisor page; public, not documented."""

ACCELERATED: Final = ("dl*", "g*", "inf*", "p*", "trn*")
"""Instance types to ask for. Source: EC2 instance types guide, accelerated computing families."""


class PlacementQuestion(BaseModel):
    """One question for a Spot placement score.

    Attributes:
        instance_types: asked together; with fewer than three AWS always answers low.
        target_capacity: instances wanted [1].
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    instance_types: tuple[str, ...] = Field(min_length=3)
    target_capacity: int = Field(default=1, ge=1)


class CapacityBlockQuestion(BaseModel):
    """One question for offers of Capacity Blocks.

    Attributes:
        instance_type: the provider's own name.
        duration_hours: length of the block [h].
        instance_count: instances in the block [1].
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    instance_type: str
    duration_hours: int = Field(ge=1)
    instance_count: int = Field(default=1, ge=1)


class AwsSettings(AdapterSettings):
    """Settings of the adapter; every one has a default.

    Attributes:
        partition: ``aws``, or ``aws-cn`` for the regions in China.
        access_key_id: of the credentials; without it the SDK looks where it always does.
        secret_access_key: belongs to the access key.
        session_token: belongs to temporary credentials.
        profile: name in the shared configuration files.
        anonymous: ask only what needs no credentials, and look for none.
        prices: from the public price files, or from the price list API.
        savings_plans: whether to read rates of savings plans.
        advisor: whether to read the interruption bands of the Spot Instance Advisor.
        placement: Spot placement scores to ask for.
        capacity_blocks: Capacity Blocks to ask for.
        instance_type_patterns: types to ask hardware of, where the run names no families.
        savings_plan_use: how much of an account's savings plans is in use already:
            ``cost_explorer`` asks, which AWS charges 0.01 USD a page for; ``none`` where you know
            that nothing uses them. While it is ``unknown`` they are reported and cover nothing,
            because a plan whose use is not known may be taken already.
        endpoints: service, such as ``ec2`` or ``service-quotas`` -> address; ``{region}`` in it
            stands for the region.
        price_list_url: host of the price files.
        advisor_url: host of the advisor's file.
        connect_timeout_seconds: until a connection stands [s].
        read_timeout_seconds: between two packets [s].
        scratch_folder: where price files lie while they are read; the system's where not given.
    """

    partition: Literal["aws", "aws-cn"] = "aws"
    access_key_id: SecretStr | None = None
    secret_access_key: SecretStr | None = None
    session_token: SecretStr | None = None
    profile: str | None = None
    anonymous: bool = False
    prices: Literal["bulk", "api"] = "bulk"
    savings_plans: bool = True
    advisor: bool = True
    placement: tuple[PlacementQuestion, ...] = ()
    capacity_blocks: tuple[CapacityBlockQuestion, ...] = ()
    instance_type_patterns: tuple[str, ...] = Field(default=ACCELERATED, min_length=1)
    savings_plan_use: Literal["unknown", "cost_explorer", "none"] = "unknown"
    endpoints: dict[Service, str] = Field(default_factory=dict)
    price_list_url: str | None = None
    advisor_url: str = ADVISOR_URL
    connect_timeout_seconds: float = Field(default=5.0, gt=0)
    read_timeout_seconds: float = Field(default=30.0, gt=0)
    scratch_folder: Path | None = None

    @model_validator(mode="after")
    def _whole_credentials(self) -> "AwsSettings":
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key belong together; give both")
        if self.anonymous and (self.access_key_id or self.profile):
            raise ValueError("anonymous excludes access_key_id and profile; leave one out")
        if self.anonymous and (self.prices == "api" or self.placement or self.capacity_blocks):
            raise ValueError(
                "prices = 'api', placement and capacity_blocks need credentials; "
                "leave them out, or anonymous"
            )
        return self

    @property
    def place(self) -> Partition:
        """The partition that is asked."""
        return PARTITIONS_ASKED[self.partition]

    @property
    def timeout_seconds(self) -> tuple[float, float]:
        """To connect, and between two packets [s]."""
        return self.connect_timeout_seconds, self.read_timeout_seconds
