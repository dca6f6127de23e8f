"""refresh_catalog: one run, from settings to a published version and its report."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pandas as pd

from costopt.catalog.narrow import matching_names
from costopt.catalog.store.diff import diff_offers
from costopt.catalog.store.moment import as_utc, iso_text
from costopt.catalog.store.store import open_store
from costopt.errors import InvalidInputError, MissingDependencyError, UnknownNameError
from costopt.fetch.redact import Redaction
from costopt.provider import LiveProvider, installed_providers
from costopt.refresh.account_renewal import renewed_account
from costopt.refresh.combine import Rules, combine
from costopt.refresh.harvest import Harvest, Watch
from costopt.refresh.last_good import LastGood, read_last_good
from costopt.refresh.processes import ask_providers
from costopt.refresh.recorded_run import RecordedRun, read_run, write_run
from costopt.refresh.report import RefreshOutcome, outcome_of, run_report
from costopt.refresh.settings import RefreshSettings, read_refresh_settings
from costopt.refresh.shared_tables import with_newer_shared
from costopt.refresh.told import ProviderTask
from costopt.refresh.version import new_version
from costopt.refresh.written_reports import write_beside

SECONDS_PER_MINUTE: Final = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RefreshResult:
    """What became of a run.

    Attributes:
        outcome: fresh, published with stale parts, or nothing published.
        version: id of the new version; empty where nothing was published.
        report: the run report as JSON values, without secrets.
        diff: offers that were added, removed or moved in price.
        unwritten: why the report does not lie beside the version; empty where it does.
    """

    outcome: RefreshOutcome
    version: str
    report: Mapping[str, Any]
    diff: pd.DataFrame
    unwritten: str


def refresh_catalog(
    store: str | Path | None = None,
    *,
    providers: Sequence[str] = (),
    regions: Sequence[str] = (),
    families: Sequence[str] = (),
    account: bool | None = None,
    config: str | Path | None = None,
    settings: RefreshSettings | None = None,
    dry_run: bool = False,
    record: str | Path | None = None,
    replay: str | Path | None = None,
    now: datetime | None = None,
    watch: Watch | None = None,
) -> RefreshResult:
    """Ask providers for today's prices, check them, and publish what is good.

    A provider or region that fails keeps its last good rows, marked as stale. What is given here
    takes the place of what the file says.

    Args:
        store: folder or URL of the store.
        providers: clouds to ask; all installed ones when empty.
        regions: patterns of regions, such as ``us-*`` or ``aws/eu-*``.
        families: patterns of families or instance types.
        account: whether to read the account too; what the file says when left out.
        config: file ``refresh.toml``.
        settings: in place of all of the above.
        dry_run: compare and publish nothing.
        record: folder that keeps the redacted answers.
        replay: folder of a recording that answers in the providers' place.
        now: start of the run; the clock's when left out.
        watch: sees what providers tell, as it comes.

    Raises:
        InvalidInputError: a setting is unknown or wrong, or ``record`` and ``replay`` are given.
        UnknownNameError: a provider, region or accelerator is not known.
        CatalogFileError: the store, the file or the recording cannot be read or written.
        PublishConflictError: another refresh published first.
    """
    if record is not None and replay is not None:
        raise InvalidInputError("refresh", ["record and replay exclude each other; give one"])
    if settings is None:
        given = {"store": str(store) if store is not None else None, "providers": tuple(providers),
                 "regions": tuple(regions), "families": tuple(families)}  # fmt: skip
        said = {} if account is None else {"account": account}
        chosen = {name: held for name, held in given.items() if held}
        settings = settings_from(config, {**chosen, **said})
    started_at = as_utc(now or datetime.now(tz=UTC), "now")
    run = _Run(
        settings=settings,
        started_at=started_at,
        record=None if record is None else Path(record),
        replay=None if replay is None else Path(replay),
    )
    return run.publish(watch, dry_run=dry_run)


def settings_from(config: str | Path | None, overrides: Mapping[str, object]) -> RefreshSettings:
    """Read settings from a file, with other values over it.

    Raises:
        InvalidInputError: the file cannot be read, or says something that is not allowed.
    """
    if config is None:
        return read_refresh_settings("", "refresh", overrides)
    try:
        text = Path(config).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidInputError(
            str(config), [f"the file cannot be read ({type(error).__name__})"]
        ) from None
    return read_refresh_settings(text, str(config), overrides)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One run with its settings."""

    settings: RefreshSettings
    started_at: datetime
    record: Path | None
    replay: Path | None

    def publish(self, watch: Watch | None, *, dry_run: bool) -> RefreshResult:
        """Ask, combine, publish, report."""
        clock = time.monotonic()
        store = open_store(self.settings.store)
        last_good, shared = with_newer_shared(read_last_good(store))
        asked, adapters = self._asked(last_good)
        redaction = self._redaction(asked, adapters)
        if self.record is not None:
            write_run(self.record, asked, redaction)
        day = asked.now.date().isoformat()
        harvest = Harvest(asked.providers, day, watch, account=asked.account)
        limit = self.settings.time_limit_minutes * SECONDS_PER_MINUTE
        ask_providers(self._tasks(asked, last_good), harvest.hear, limit)
        rules = Rules(
            checks=asked.checks.of_catalog(),
            collapse_fraction=asked.checks.collapse_fraction,
            regions=asked.regions,
            families=asked.families,
            day=day,
        )
        combined = combine(last_good, harvest, adapters, rules)
        account = renewed_account(last_good.account, harvest, combined)
        version = new_version(
            last_good,
            harvest,
            combined,
            account=account.facts,
            asked_at=asked.now,
            created_at=self.started_at,
        )
        diff = diff_offers(last_good.tables["offers"], combined.tables["offers"])
        outcome = outcome_of(harvest, combined, account)
        published = ""
        if outcome is not RefreshOutcome.NOTHING and not dry_run:
            published = store.publish(version, by="costopt refresh", reason=outcome.value).id
        report = {
            "outcome": outcome.value,
            "dry_run": dry_run,
            "store": store.place,
            "version": published or None,
            "started_from": last_good.started_from or last_good.place,
            "started_at": iso_text(self.started_at),
            "asked_at": iso_text(asked.now),
            "seconds": round(time.monotonic() - clock, 3),
            "shared_tables": shared.value,
            **run_report(harvest, combined, account, version, diff),
        }
        told = redaction.of(report)
        unwritten = write_beside(self.settings.store, published, told) if published else ""
        return RefreshResult(
            outcome=outcome, version=published, report=told, diff=diff, unwritten=unwritten
        )

    def _asked(self, last_good: LastGood) -> tuple[RecordedRun, dict[str, LiveProvider]]:
        """Return the questions, and the adapters that they go to.

        Raises:
            UnknownNameError: a provider, region or accelerator is not known.
        """
        live = {
            name: adapter
            for name, adapter in installed_providers().items()
            if isinstance(adapter, LiveProvider)
        }
        asked = (
            read_run(self.replay) if self.replay is not None else self._questions(live, last_good)
        )
        for name in (*asked.providers, *self.settings.adapters, *asked.accelerator_names):
            if name not in live:
                raise UnknownNameError(
                    "provider", name, live, "Install the adapter package of this cloud."
                )
        _refuse_unknown_names(asked, last_good)
        return asked, {name: live[name] for name in asked.providers}

    def _questions(self, live: Mapping[str, LiveProvider], last_good: LastGood) -> RecordedRun:
        names = self.settings.providers or tuple(sorted(live))
        return RecordedRun(
            now=self.started_at,
            providers=tuple(dict.fromkeys(names)),
            regions=self.settings.regions,
            families=self.settings.families,
            adapters={
                name: held for name, held in self.settings.adapters.items() if name in names
            },
            accelerator_names=self.settings.accelerator_names,
            known_types={name: last_good.known_types(name) for name in names},
            account=self.settings.account,
            checks=self.settings.checks,
        )

    def _redaction(self, asked: RecordedRun, adapters: Mapping[str, LiveProvider]) -> Redaction:
        """Return what hides the secrets of all adapters; wrong settings are found here.

        An adapter whose SDK is not installed says so when it is asked, and only it fails.
        """
        secrets: list[str] = []
        for name, adapter in adapters.items():
            try:
                secrets += adapter.open(asked.adapters.get(name, {})).secrets()
            except MissingDependencyError:
                held = asked.adapters.get(name, {})
                secrets += [value for value in held.values() if isinstance(value, str)]
        return Redaction.hiding(secrets)

    def _tasks(self, asked: RecordedRun, last_good: LastGood) -> list[ProviderTask]:
        shared = ProviderTask(
            provider="",
            settings={},
            now=asked.now,
            accelerators=last_good.accelerators(),
            accelerator_names={},
            regions=asked.regions,
            families=asked.families,
            known_types=frozenset(),
            region_workers=self.settings.region_workers,
            record=self.record,
            replay=self.replay,
            account=asked.account,
        )
        return [
            replace(
                shared,
                provider=name,
                settings=asked.adapters.get(name, {}),
                accelerator_names=asked.accelerator_names.get(name, {}),
                known_types=asked.known_types.get(name, frozenset()),
            )
            for name in asked.providers
        ]


def _refuse_unknown_names(asked: RecordedRun, last_good: LastGood) -> None:
    """Refuse patterns of regions that fit nothing, and accelerators that are not there."""
    regions = last_good.tables["regions"]
    known = {*regions["region"], *(regions["provider"] + "/" + regions["region"])}
    if asked.regions and set(asked.providers) <= set(regions["provider"]):
        matching_names("region", asked.regions, known)
    accelerators = frozenset(last_good.tables["accelerators"]["name"])
    for names in asked.accelerator_names.values():
        for name in names.values():
            if name not in accelerators:
                raise UnknownNameError("accelerator", name, accelerators)
