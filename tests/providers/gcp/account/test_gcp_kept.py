"""What of an answer counts once, however its pages shift."""

from costopt.fetch.told_once import unmet
from costopt_gcp.kept import identity


def test_what_two_pages_list_is_met_once_and_names_tell_apart_what_shares_an_id() -> None:
    met: set[str] = set()
    first = [{"id": "1000", "name": "a2-highgpu-1g"}, {"id": "1000", "name": "g2-standard-4"}]
    second = [{"id": "1000", "name": "g2-standard-4"}, {"name": "without an id"}]
    assert list(unmet(first, identity, met)) == first
    assert list(unmet(second, identity, met)) == [{"name": "without an id"}]
    assert list(unmet(second, identity, met)) == [{"name": "without an id"}]
