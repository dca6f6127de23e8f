"""Every provider in a process of its own: what one does never touches the others."""

import os
import pickle
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Event, Lock, Timer

from costopt.errors import InvalidInputError
from costopt.refresh.told import Ended, ProviderTask, Told

Hear = Callable[[str, Told], None]
"""Takes the name of a provider and what its process told."""

WORKER = "costopt.refresh.worker"


def ask_providers(tasks: Sequence[ProviderTask], hear: Hear, time_limit_seconds: float) -> None:
    """Ask all providers at once; every one of them ends with ``Ended``.

    Args:
        tasks: one for each provider.
        hear: called with one thing at a time.
        time_limit_seconds: after which a process is stopped [s].

    Raises:
        InvalidInputError: a setting of an adapter cannot be handed to another process.
    """
    payloads = [_packed(task) for task in tasks]
    lock = Lock()

    def hear_one(provider: str, told: Told) -> None:
        with lock:
            hear(provider, told)

    with ThreadPoolExecutor(max_workers=max(1, len(tasks))) as threads:
        running = [
            threads.submit(_ask, task.provider, payload, hear_one, time_limit_seconds)
            for task, payload in zip(tasks, payloads, strict=True)
        ]
    for done in running:
        done.result()


def _packed(task: ProviderTask) -> bytes:
    try:
        return pickle.dumps(task)
    except (pickle.PicklingError, TypeError, AttributeError) as error:
        raise InvalidInputError(
            f"settings of {task.provider}",
            [f"a value cannot be handed to another process ({type(error).__name__})"],
        ) from None


def _ask(provider: str, payload: bytes, hear: Hear, time_limit_seconds: float) -> None:
    """Run one process to its end and pass on what it tells."""
    process = subprocess.Popen(
        [sys.executable, "-m", WORKER],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    stopped = Event()

    def stop() -> None:
        stopped.set()
        process.kill()

    clock = Timer(time_limit_seconds, stop)
    clock.daemon = True
    clock.start()
    try:
        if not _pass_on(process, provider, payload, hear):
            code = process.wait()
            limit = f" at its limit of {time_limit_seconds / 60:g} min" if stopped.is_set() else ""
            hear(provider, Ended(error=f"its process ended{limit} with code {code}"))
    finally:
        clock.cancel()
        process.kill()
        process.wait()


def _pass_on(
    process: "subprocess.Popen[bytes]", provider: str, payload: bytes, hear: Hear
) -> bool:
    """Return whether the process came to its end in good order."""
    if process.stdin is None or process.stdout is None:
        return False
    with process.stdin as task, process.stdout as answers:
        try:
            task.write(payload)
            task.close()
            while True:
                told: Told = pickle.load(answers)
                hear(provider, told)
                if isinstance(told, Ended):
                    return True
        except (BrokenPipeError, EOFError, pickle.UnpicklingError):
            return False
