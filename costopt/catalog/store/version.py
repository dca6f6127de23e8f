"""Version: one published version, every file checked byte by byte when it is read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from hashlib import sha256

import pandas as pd

from costopt.catalog.manifest import MANIFEST_NAME
from costopt.catalog.schema import TABLES
from costopt.catalog.store.files import VERSIONS_FOLDER, StoreFiles
from costopt.catalog.store.moment import iso_text
from costopt.catalog.store.parquet import ROLL_BACK, decode_tables
from costopt.catalog.store.part import (
    ACCOUNT_FILE,
    PROVIDER_TABLES,
    PartStatus,
    ProviderPart,
)
from costopt.catalog.store.version_manifest import (
    FileEntry,
    VersionManifest,
    identified,
    read_version_manifest,
)
from costopt.errors import CatalogFileError, UnknownNameError


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One version of a store, to read.

    Attributes:
        files: files of the store.
        manifest: its manifest.
        manifest_payload: the manifest as it is written.
    """

    files: StoreFiles
    manifest: VersionManifest
    manifest_payload: bytes

    @property
    def place(self) -> str:
        """Store, version and what is not fresh in it, for people."""
        stale = [words for name in self.manifest.providers for words in self._stale_words(name)]
        told = f" ({', '.join(stale)})" if stale else ""
        return f"{self.files.place} version {self.manifest.id}{told}"

    def _stale_words(self, provider: str) -> Iterator[str]:
        """Yield since when a provider, and regions of it alone, are stale."""
        entry = self.manifest.providers[provider]
        if entry.stale_since is not None:
            yield f"{provider} stale since {iso_text(entry.stale_since)}"
        if len(entry.stale_regions) == 1:
            ((region, since),) = entry.stale_regions.items()
            yield f"{provider}/{region} stale since {iso_text(since)}"
        elif entry.stale_regions:
            since = min(entry.stale_regions.values())
            count = len(entry.stale_regions)
            yield f"{count} regions of {provider} stale since {iso_text(since)} or later"

    def table(self, name: str) -> pd.DataFrame:
        """Read one table, the rows of all providers together.

        Raises:
            UnknownNameError: the schema has no such table.
            CatalogFileError: a file is missing, cut short, edited, or not in the schema.
        """
        if name not in TABLES:
            raise UnknownNameError("table", name, TABLES)
        held = self._files_of(name)
        if not held and name not in PROVIDER_TABLES:
            raise CatalogFileError(self.place, f"holds no table {name}", ROLL_BACK)
        return decode_tables(TABLES[name], [(self._place_of(f), self.read(f)) for f in held])

    def part(self, provider: str) -> dict[str, pd.DataFrame]:
        """Read the tables of one provider.

        Raises:
            UnknownNameError: the version has no such provider.
            CatalogFileError: a file is missing, cut short, edited, or not in the schema.
        """
        if provider not in self.manifest.providers:
            raise UnknownNameError("provider", provider, self.manifest.providers)
        held = {
            entry.table: name
            for name, entry in self.manifest.files.items()
            if entry.provider == provider
        }
        return {
            table: decode_tables(TABLES[table], [(self._place_of(name), self.read(name))])
            for table, name in held.items()
        }

    def carried_part(self, provider: str, stale_since: datetime) -> ProviderPart:
        """Return the part of a provider to carry over into the next version.

        A part that is stale already keeps its date; a provider without rows stays missing.

        Args:
            provider: its short name.
            stale_since: when it could not be asked (UTC).

        Raises:
            UnknownNameError: the version has no such provider.
            CatalogFileError: a file is missing, cut short, edited, or not in the schema.
        """
        tables = self.part(provider)
        entry = self.manifest.providers[provider]
        return ProviderPart(
            provider=provider,
            status=PartStatus.CARRIED if tables else PartStatus.MISSING,
            fetched_at=entry.fetched_at,
            stale_since=entry.stale_since or stale_since,
            stale_regions=entry.stale_regions,
            tables=tables,
        )

    def account(self) -> bytes | None:
        """Return the CSV of the account that belongs to the prices; None without one.

        Raises:
            CatalogFileError: it is missing, cut short or edited.
        """
        return self.read(ACCOUNT_FILE) if ACCOUNT_FILE in self.manifest.files else None

    def read(self, name: str) -> bytes:
        """Return the bytes of one file, checked.

        Raises:
            CatalogFileError: it is missing, cut short or edited.
        """
        payload = self.files.read(f"{VERSIONS_FOLDER}/{self.manifest.id}/{name}")
        _refuse_other_bytes(self.manifest.files[name], payload, self._place_of(name))
        return payload or b""

    def verify(self) -> None:
        """Read every file and every table.

        Raises:
            CatalogFileError: a file is missing, cut short, edited, or not in the schema.
        """
        for name in TABLES:
            self.table(name)
        self.account()

    def _files_of(self, table: str) -> list[str]:
        entries: Mapping[str, FileEntry] = self.manifest.files
        held = [name for name, entry in entries.items() if entry.table == table]
        return sorted(held, key=lambda name: entries[name].provider)

    def _place_of(self, name: str) -> str:
        return f"{self.files.place}/{VERSIONS_FOLDER}/{self.manifest.id}/{name}"


def read_version(
    files: StoreFiles, version_id: str, manifest_sha256: str | None = None
) -> Version:
    """Open a version by its id.

    Args:
        files: files of the store.
        version_id: the id.
        manifest_sha256: digest that the manifest must have; None where only the id is known,
            whose digits are part of one.

    Raises:
        CatalogFileError: there is no such version, its manifest was edited, or its schema is
            another version.
    """
    place = f"{files.place}/{VERSIONS_FOLDER}/{version_id}"
    refuse = partial(CatalogFileError, f"{place}/{MANIFEST_NAME}")
    payload = files.read(f"{VERSIONS_FOLDER}/{version_id}/{MANIFEST_NAME}")
    if payload is None:
        raise refuse("is not there", "List the versions of the store, and name one of them.")
    if manifest_sha256 is not None and sha256(payload).hexdigest() != manifest_sha256:
        raise refuse("was edited: its sha256 is not the one in latest", ROLL_BACK)
    manifest = read_version_manifest(payload, place)
    own = identified(
        manifest.created_at, manifest.started_from, manifest.files, manifest.providers
    )
    if not manifest.id == own.id == version_id:
        raise refuse("was edited: what it says does not fit the id of the version", ROLL_BACK)
    return Version(files=files, manifest=manifest, manifest_payload=payload)


def _refuse_other_bytes(entry: FileEntry, payload: bytes | None, place: str) -> None:
    if payload is None:
        raise CatalogFileError(place, "is not there", ROLL_BACK)
    if len(payload) < entry.size_bytes:
        missing = entry.size_bytes - len(payload)
        raise CatalogFileError(
            place, f"is cut short: {missing} of {entry.size_bytes} bytes are missing", ROLL_BACK
        )
    if sha256(payload).hexdigest() != entry.sha256:
        raise CatalogFileError(
            place, f"was edited: its sha256 is not the one in {MANIFEST_NAME}", ROLL_BACK
        )
