"""The written-out columns of every catalogue table: name, type, unit, meaning, key."""

from collections.abc import Mapping
from typing import Final

from costopt.catalog.columns import PROVENANCE, Table, flag, number, text, whole
from costopt.catalog.model_schema import MODEL_ALIASES, MODELS

SCHEMA_VERSION: Final = 1

ACCELERATORS: Final = Table(
    "accelerators",
    (
        text("name", "name of the accelerator, or of a CPU rate per vCPU", required=True),
        text("vendor", "who makes it", required=True),
        text("architecture", "chip generation"),
        number("memory_gib", "nominal memory, as marketed"),
        number("usable_gib", "memory a workload can use; null for CPU rates"),
        text("usable_origin", "device_reported, or 0.975 x nominal"),
        text("memory_type", "such as HBM3"),
        number("bandwidth_gb_per_second", "memory bandwidth, 10^9 bytes per second"),
        number("fp32_tflops", "dense peak"),
        number("tf32_tflops", "dense peak"),
        number("fp16_tflops", "dense peak"),
        number("bf16_tflops", "dense peak"),
        number("fp8_tflops", "dense peak"),
        number("int8_tflops", "dense peak, integer operations"),
        number("fp4_tflops", "dense peak"),
        number("int4_tflops", "dense peak, integer operations"),
        text("interconnect", "link between accelerators of one node"),
        number("interconnect_gb_per_second", "both directions together, 10^9 bytes/s"),
        number("power_w", "thermal design power"),
        whole("release_year", "year of first delivery"),
        text("compute_capability", "CUDA compute capability or vendor's target name"),
        flag("verified", "two sources, or the vendor's own page"),
        *PROVENANCE,
        text("note", "what a reader should know"),
    ),
    ("name",),
)

ACCELERATOR_ALIASES: Final = Table(
    "accelerator_aliases",
    (
        text("alias", "another spelling, reviewed", required=True),
        text("accelerator", "name in the accelerators table", required=True),
        *PROVENANCE,
    ),
    ("alias",),
)

INSTANCE_TYPES: Final = Table(
    "instance_types",
    (
        text("provider", "aws, gcp, azure, alibaba", required=True),
        text("instance_type", "the provider's own name", required=True),
        text("family", "the provider's family", required=True),
        text("accelerator", "name in the accelerators table; empty for CPU types"),
        number("accelerator_count", "below 1 for a share of one accelerator", required=True),
        text("cpu_rate", "CPU row of the accelerators table, per vCPU; empty when unknown"),
        number("accelerator_memory_gib", "per accelerator (or share), as the source prints it"),
        number("accelerator_usable_gib", "per accelerator (or share), usable by a workload"),
        text("accelerator_usable_origin", "device_reported, or 0.975 x nominal"),
        number("vcpus", "virtual CPUs"),
        number("memory_gib", "host memory"),
        number("local_nvme_gb", "local NVMe, 10^9 bytes"),
        number("network_gbps", "host network; null where the source mixes in the fabric"),
        number("fabric_gbps", "accelerator fabric between nodes; null when none or unknown"),
        text("intra_node_interconnect", "nvswitch, nvlink, pcie, ici, ...; none; empty unknown"),
        text("inter_node_fabric", "efa, infiniband, gpudirect-tcpx, ...; none; empty unknown"),
        whole("hosts", "1, or the hosts of a slice that is sold as one offer", required=True),
        text("cpu_architecture", "x86_64 or arm64"),
        *PROVENANCE,
        text("note", "what a reader should know"),
    ),
    ("provider", "instance_type"),
)

OFFERS: Final = Table(
    "offers",
    (
        text("provider", "aws, gcp, azure, alibaba", required=True),
        text("region", "the provider's own name", required=True),
        text("zone", "empty for a price of the whole region"),
        text("instance_type", "the provider's own name", required=True),
        text("purchase_option", "on_demand, spot, reserved, savings_plan, ...", required=True),
        text("kind", "of a savings plan: compute, ec2_instance, azure; convertible reservations"),
        number("term_years", "length of a commitment; null without one"),
        text("payment", "of a commitment: no, partial or all upfront"),
        number("recurring_per_hour", "hourly charge of the whole instance", required=True),
        number("upfront", "paid once for the term; 0 without one", required=True),
        number("term_hours", "hours of the term; null for on-demand and spot"),
        text("currency", "ISO 4217", required=True),
        number("effective_per_hour", "recurring + upfront / term_hours", required=True),
        text("valid_until", "last day of a dated price, ISO 8601"),
        text("flags", "codes of the checks that found something, joined by ;"),
        text("trail", "own discounts and prices applied, in order; empty for a list price"),
        *PROVENANCE,
        text("note", "what a reader should know"),
    ),
    (
        "provider",
        "region",
        "zone",
        "instance_type",
        "purchase_option",
        "kind",
        "term_years",
        "payment",
    ),
)

COMPONENTS: Final = Table(
    "components",
    (
        text("provider", "aws, gcp, azure, alibaba", required=True),
        text("region", "the provider's own name", required=True),
        text("instance_types", "that it is part of; may hold * and ?, joined by |", required=True),
        text("resource", "vcpu, memory_gib, or a name of the accelerators table", required=True),
        text("purchase_option", "on_demand or committed_use", required=True),
        number("term_years", "length of a commitment; null on demand"),
        number("price_per_unit_hour", "one vCPU, GiB or accelerator", required=True),
        text("currency", "ISO 4217", required=True),
        *PROVENANCE,
        text("note", "what a reader should know"),
    ),
    ("provider", "region", "instance_types", "resource", "purchase_option", "term_years"),
)

INTERRUPTIONS: Final = Table(
    "interruptions",
    (
        text("provider", "aws, gcp, azure, alibaba", required=True),
        text("region", "the provider's own name", required=True),
        text("instance_type", "the provider's own name", required=True),
        text("os", "operating system of the signal", required=True),
        text("signal", "what the provider publishes, such as advisor_share", required=True),
        text("bucket", "as printed, such as 5-10%", required=True),
        number("low_fraction", "lower edge of the bucket", required=True),
        number("high_fraction", "upper edge; null for an open bucket"),
        number("window_hours", "what the fraction refers to", required=True),
        number("savings_fraction", "saved against on-demand; may be negative"),
        *PROVENANCE,
    ),
    ("provider", "region", "instance_type", "os", "signal"),
)

INTERRUPTION_DEFAULTS: Final = Table(
    "interruption_defaults",
    (
        text("signal", "signal of the interruptions table; none without one", required=True),
        text("bucket", "bucket of the signal; any", required=True),
        number("hazard_per_instance_hour", "planning rate of reclaims", required=True),
        number("availability_fraction", "share of time the pool has capacity", required=True),
        number("provisioning_hours", "from request to ready", required=True),
        number("pool_correlation", "inside one pool, 0..1", required=True),
        *PROVENANCE,
    ),
    ("signal", "bucket"),
)

NOTICES: Final = Table(
    "spot_notices",
    (
        text("provider", "aws, gcp, azure, alibaba", required=True),
        number("notice_seconds", "warning before a reclaim, best effort", required=True),
        *PROVENANCE,
    ),
    ("provider",),
)

REGIONS: Final = Table(
    "regions",
    (
        text("provider", "aws, gcp, azure, alibaba", required=True),
        text("region", "the provider's own name", required=True),
        text("continent", "continent", required=True),
        text("country", "ISO 3166-1 alpha-2", required=True),
        text("partition", "public, or the name of a partition with accounts of its own"),
        text("display_name", "the provider's words"),
        *PROVENANCE,
    ),
    ("provider", "region"),
)

REGION_GROUPS: Final = Table(
    "region_groups",
    (
        text("group", "EU or EEA", required=True),
        text("country", "ISO 3166-1 alpha-2", required=True),
        *PROVENANCE,
    ),
    ("group", "country"),
)

EXCHANGE_RATES: Final = Table(
    "exchange_rates",
    (
        text("base", "ISO 4217; one unit of it", required=True),
        text("quote", "ISO 4217", required=True),
        number("rate", "units of quote per unit of base", required=True),
        *PROVENANCE,
    ),
    ("base", "quote", "as_of"),
)

TRACES: Final = Table(
    "traces",
    (
        text("trace", "name of the published trace", required=True),
        whole("input_low_tokens", "lower edge of the bucket", required=True),
        whole("input_high_tokens", "upper edge; null for an open bucket"),
        whole("output_low_tokens", "lower edge of the bucket", required=True),
        whole("output_high_tokens", "upper edge; null for an open bucket"),
        number("share_fraction", "of the requests", required=True),
        number("mean_input_tokens", "of the requests in the bucket", required=True),
        number("mean_output_tokens", "of the requests in the bucket", required=True),
        *PROVENANCE,
    ),
    ("trace", "input_low_tokens", "output_low_tokens"),
)

ARRIVAL_PROFILES: Final = Table(
    "arrival_profiles",
    (
        text("trace", "name of the published trace", required=True),
        text("interval_start", "UTC, ISO 8601", required=True),
        number("interval_seconds", "length of the interval", required=True),
        number("requests", "arrivals in the interval"),
        number("requests_per_second", "mean of the interval", required=True),
        number("input_tokens_per_second", "mean of the interval"),
        number("output_tokens_per_second", "mean of the interval"),
        *PROVENANCE,
    ),
    ("trace", "interval_start"),
)

SPOT_HISTORY: Final = Table(
    "spot_history",
    (
        text("provider", "aws, gcp, azure, alibaba", required=True),
        text("region", "the provider's own name", required=True),
        text("zone", "empty for a level of the whole region"),
        text("instance_type", "the provider's own name", required=True),
        text("basis", "region, zone, or lowest_zone", required=True),
        number("spot_per_hour", "whole instance", required=True),
        number("on_demand_per_hour", "whole instance, the same day"),
        text("currency", "ISO 4217", required=True),
        *PROVENANCE,
    ),
    ("provider", "region", "zone", "instance_type", "basis", "as_of"),
)

FINDINGS: Final = Table(
    "findings",
    (
        text("check", "name of the check", required=True),
        text("severity", "info, warning or left_out", required=True),
        text("table", "table of the row", required=True),
        text("row", "key of the row, joined by /; * for what varies in a batch", required=True),
        text("detail", "what was found, in words", required=True),
        *PROVENANCE,
    ),
    ("check", "table", "row"),
)

TABLES: Final[Mapping[str, Table]] = {
    table.name: table
    for table in (
        ACCELERATORS,
        ACCELERATOR_ALIASES,
        MODELS,
        MODEL_ALIASES,
        INSTANCE_TYPES,
        OFFERS,
        COMPONENTS,
        INTERRUPTIONS,
        INTERRUPTION_DEFAULTS,
        NOTICES,
        REGIONS,
        REGION_GROUPS,
        EXCHANGE_RATES,
        TRACES,
        ARRIVAL_PROFILES,
        SPOT_HISTORY,
        FINDINGS,
    )
}

DATED_MATERIAL: Final = frozenset({"arrival_profiles", "spot_history"})
"""Tables that are read only when asked for; every other table loads with the catalogue."""

OPTIONAL_TABLES: Final = frozenset({"components"})
"""Tables that a catalogue may lack; it then has no rows of them."""
