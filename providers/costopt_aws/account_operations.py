"""Operations that tell what is the account's own, and what of their answers is kept."""

from typing import Final

from costopt_aws.kept import disguised
from costopt_aws.operations import Operation

RUNNING: Final = Operation(
    service="ec2",
    name="DescribeInstances",
    method="describe_instances",
    member="Reservations",
    identity=("Instances", "InstanceId"),
    permission="ec2:DescribeInstances",
    page_size="MaxResults",
    most=1000,
    keep={
        "Instances": {
            "InstanceType": None,
            "InstanceLifecycle": None,
            "PlatformDetails": None,
            "Placement": {"AvailabilityZone": None, "AvailabilityZoneId": None, "Tenancy": None},
            "CapacityReservationId": bool,
        }
    },
)
RESERVED_INSTANCES: Final = Operation(
    service="ec2",
    name="DescribeReservedInstances",
    method="describe_reserved_instances",
    member="ReservedInstances",
    identity=("ReservedInstancesId",),
    permission="ec2:DescribeReservedInstances",
    token="",
    keep={
        "InstanceType": None,
        "InstanceCount": None,
        "InstanceTenancy": None,
        "ProductDescription": None,
        "State": None,
        "Scope": None,
        "AvailabilityZone": None,
        "AvailabilityZoneId": None,
        "End": None,
        "Duration": None,
        "FixedPrice": None,
        "UsagePrice": None,
        "RecurringCharges": None,
        "CurrencyCode": None,
    },
)
CAPACITY_RESERVATIONS: Final = Operation(
    service="ec2",
    name="DescribeCapacityReservations",
    method="describe_capacity_reservations",
    member="CapacityReservations",
    identity=("CapacityReservationId",),
    permission="ec2:DescribeCapacityReservations",
    page_size="MaxResults",
    most=1000,
    keep={
        "InstanceType": None,
        "InstancePlatform": None,
        "Tenancy": None,
        "AvailabilityZone": None,
        "AvailabilityZoneId": None,
        "State": None,
        "ReservationType": None,
        "TotalInstanceCount": None,
        "AvailableInstanceCount": None,
        "EndDate": None,
        "CommitmentInfo": None,
    },
)
QUOTAS: Final = Operation(
    service="service-quotas",
    name="ListServiceQuotas",
    method="list_service_quotas",
    member="Quotas",
    permission="servicequotas:ListServiceQuotas",
    page_size="MaxResults",
    most=100,
    keep={"QuotaCode": None, "QuotaName": None, "Value": None},
)
OWNED_PLANS: Final = Operation(
    service="savingsplans",
    name="DescribeSavingsPlans",
    method="describe_savings_plans",
    member="savingsPlans",
    identity=("savingsPlanArn",),
    permission="savingsplans:DescribeSavingsPlans",
    token="nextToken",
    page_size="maxResults",
    most=1000,
    keep={
        "savingsPlanArn": disguised,
        "savingsPlanType": None,
        "region": None,
        "ec2InstanceFamily": None,
        "state": None,
        "end": None,
        "termDurationInSeconds": None,
        "paymentOption": None,
        "commitment": None,
        "currency": None,
    },
)
PLAN_USE: Final = Operation(
    service="ce",
    name="GetSavingsPlansUtilizationDetails",
    method="get_savings_plans_utilization_details",
    member="SavingsPlansUtilizationDetails",
    permission="ce:GetSavingsPlansUtilizationDetails",
    nothing="DataUnavailableException",
    keep={
        "SavingsPlanArn": disguised,
        "Utilization": {"TotalCommitment": None, "UsedCommitment": None},
    },
)
"""Source: API references of Amazon EC2, Service Quotas, AWS Savings Plans, AWS Cost Explorer."""
