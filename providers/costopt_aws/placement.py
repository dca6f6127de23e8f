"""Spot placement scores: words about them for the notes of spot prices."""

from collections.abc import Iterable
from typing import Final

from costopt.fetch.call import Page
from costopt_aws.settings import PlacementQuestion

BEST: Final = 10
"""Highest score. Source: Amazon EC2 user guide, Spot placement score."""


def placement_notes(
    question: PlacementQuestion, region: str, pages: Iterable[Page]
) -> dict[tuple[str, str], str]:
    """Return type and zone id -> words about the score.

    A score belongs to the types that were asked together; it is neither a probability nor a rate
    of interruptions, so it stands in the note of a price and nowhere else.
    """
    asked = ", ".join(question.instance_types)
    notes = {}
    for score in (score for page in pages for score in page["SpotPlacementScores"]):
        if score.get("Region") != region or not score.get("AvailabilityZoneId"):
            continue
        words = (
            f"placement score {score.get('Score')} of {BEST} for {question.target_capacity} of "
            f"{asked}"
        )
        for instance_type in question.instance_types:
            notes[instance_type, str(score["AvailabilityZoneId"])] = words
    return notes
