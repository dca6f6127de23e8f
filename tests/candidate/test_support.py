"""What software of today runs on which accelerator, as candidates are given it."""

import pytest

from costopt.candidate.layout import instance_types_of, unusable_reasons
from costopt.catalog.catalog import Catalog
from costopt.performance.support import Task


def reason(catalog: Catalog, name: str, task: Task, *, multi_host: bool = False) -> str:
    offers = catalog.joined_offers
    (kind,) = instance_types_of(offers[offers["instance_type"] == name])
    (found,) = unusable_reasons(catalog, [kind], task, multi_host=multi_host)
    return found


@pytest.mark.parametrize(
    ("name", "tasks"),
    [
        ("g4dn.xlarge", {"serving", "samples", "training", "qlora"}),  # T4, capability 7.5
        ("p4d.24xlarge", {"serving", "samples", "training", "qlora"}),
        ("inf1.xlarge", {"samples"}),
        ("inf2.xlarge", {"serving", "samples"}),
        ("trn1.32xlarge", {"serving", "samples", "training"}),
        ("v5litepod-8", {"serving", "samples", "training"}),
    ],
)
def test_a_type_takes_the_work_that_has_software(
    name: str, tasks: set[str], bundled: Catalog
) -> None:
    found = {task.value for task in Task if not reason(bundled, name, task)}
    assert found == tasks
    assert {reason(bundled, name, task) for task in Task if task.value not in tasks} <= {
        "no_software"
    }


def test_cpus_serve_but_do_not_train(bundled: Catalog) -> None:
    offers = bundled.joined_offers
    rated = offers[(offers["accelerator"] == "cpu") & (offers["cpu_rate"] != "")]
    name = str(rated["instance_type"].iloc[0])
    found = {task.value for task in Task if not reason(bundled, name, task)}
    assert found == {"serving", "samples"}


def test_a_cpu_whose_rate_nobody_publishes_is_left_out_for_that(bundled: Catalog) -> None:
    offers = bundled.joined_offers
    unrated = offers[(offers["accelerator"] == "cpu") & (offers["cpu_rate"] == "")]
    assert reason(bundled, str(unrated["instance_type"].iloc[0]), Task.SERVING) == "no_rate"


def test_a_slice_over_several_hosts_trains_but_does_not_serve(bundled: Catalog) -> None:
    offers = bundled.joined_offers
    slices = offers[(offers["hosts"] > 1) & (offers["provider"] == "gcp")]
    name = str(slices["instance_type"].iloc[0])
    assert reason(bundled, name, Task.SERVING) == "multi_host"
    assert reason(bundled, name, Task.TRAINING, multi_host=True) == ""
