"""Replacing one object of S3 only if it is still as expected: a conditional put."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import parse_qs, urlsplit

from costopt.errors import MissingDependencyError

_LOST: Final = frozenset({"PreconditionFailed", "ConditionalRequestConflict"})
"""Error codes of S3 for a put whose condition does not hold, or that raced with another.

Source: Amazon S3 User Guide, "How to prevent object overwrites with conditional writes",
https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html.
"""

_ABSENT: Final = frozenset({"NoSuchKey", "404"})


@dataclass(frozen=True, slots=True, kw_only=True)
class S3Swap:
    """Conditional puts into the bucket of one URL.

    Attributes:
        url: URL of the store; its query may name region, endpoint_override and scheme.
    """

    url: str

    def __call__(self, path: str, expected: bytes | None, new: bytes) -> bool:
        """Replace an object and return True, or leave it and return False.

        Args:
            path: bucket and key, joined by ``/``.
            expected: what the object must say; None when it must not be there.
            new: what it is to say.

        Raises:
            MissingDependencyError: boto3 is not installed.
        """
        client = self._client()
        bucket, key = path.split("/", 1)
        found, tag = _found(client, bucket, key)
        if found != expected:
            return False
        condition = {"IfNoneMatch": "*"} if tag is None else {"IfMatch": tag}
        try:
            client.put_object(Bucket=bucket, Key=key, Body=new, **condition)
        except client.exceptions.ClientError as error:
            if _code(error) in _LOST:
                return False
            raise
        return True

    def _client(self) -> Any:
        try:
            import boto3
        except ImportError as error:
            raise MissingDependencyError("boto3", "aws") from error
        query = {name: values[0] for name, values in parse_qs(urlsplit(self.url).query).items()}
        endpoint = query.get("endpoint_override")
        return boto3.client(
            "s3",
            region_name=query.get("region"),
            endpoint_url=f"{query.get('scheme', 'https')}://{endpoint}" if endpoint else None,
        )


def _found(client: Any, bucket: str, key: str) -> tuple[bytes | None, str | None]:
    """Return what an object says and its entity tag; twice None when it is not there."""
    try:
        answer = client.get_object(Bucket=bucket, Key=key)
    except client.exceptions.ClientError as error:
        if _code(error) in _ABSENT:
            return None, None
        raise
    return answer["Body"].read(), answer["ETag"]


def _code(error: Any) -> str:
    return str(error.response["Error"]["Code"])
