"""candor: telemetry with a catalog, consent and a crash-safe spool.

    import candor

    telemetry = candor.open("acme.telemetry.jsonc", product_version="1.2.3")
    telemetry.emit("plan_completed", outcome="ok", durationMs=25.4)

`emit` never raises, waits for a network or prints; it answers an Outcome. A client may be
used from any thread and after a fork, and is closed when the interpreter ends.
"""

from __future__ import annotations

import atexit
import os
import sys
import weakref

from . import _core
from ._core import Client, FlushResult, Outcome, Status, __version__

# What typing would cost at import is half of what candor may cost.
TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from typing import Literal

    Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]

__all__ = ["Client", "FlushResult", "Outcome", "RejectedError", "Status", "open", "__version__"]


class RejectedError(ValueError):
    """An event breaks the catalog. Raised by strict clients and by `encode`; holds no value."""

    def __init__(self, event: str, code: str, field: str = "") -> None:
        super().__init__(event, code, field)
        self.event = event
        self.code = code
        self.field = field

    def __str__(self) -> str:
        return f"{self.event} rejected: {self.code}" + (f" ({self.field})" if self.field else "")


def open(
    catalog: Path | None = None,
    *,
    catalog_text: str | bytes | None = None,
    product_version: str = "",
    runtime: str = "python",
    runtime_version: str | None = None,
    sources: Mapping[str, str | bool | int | float | None] | None = None,
    home: Path | None = None,
    distinct_id: str | None = None,
    project_dir: Path | None = None,
    secrets: Iterable[str] | None = None,
    policy_file: Path | None = None,
    delivery: Literal["auto", "background", "detached", "manual"] | None = None,
    flush_at: int | None = None,
    flush_interval_ms: int | None = None,
    max_retries: int | None = None,
    request_timeout_ms: int | None = None,
    compression: Literal["none", "gzip", "zstd"] | None = None,
    spool_bytes_max: int | None = None,
    spool_files_max: int | None = None,
    spool_age_max_days: int | None = None,
    upload_library: Path | None = None,
    uploader_program: Path | None = None,
    strict: bool = False,
    log: Callable[[str], object] | None = None,
) -> Client:
    """Opens a client for the catalog at a path, or for its text.

    Whatever is wrong with the catalog or the machine, a client comes back: it is disabled,
    and `status().problem` says why. What is None has the core's default (candor/options.h).
    A wrong argument raises TypeError or ValueError.

    sources: values for the envelope's `host.NAME` sources, by their whole name.
    home: replaces the catalog's product.home.
    distinct_id: replaces the install id as the sender.
    project_dir: the user's project; sent only as a salted hash.
    secrets: what this program knows to be secret. Taken out of every diagnostic text, also
        URL-encoded, escaped as in JSON or in base64. At most 64, of 8 to 4,096 bytes; another is
        refused with a line in the log. Kept in this process's memory only.
    strict: for tests. A rejected event, or a catalog that can't be read, raises.
    log: hears one line for each kind of misuse, e.g. logging.getLogger("acme").warning.
    """
    if runtime_version is None:
        runtime_version = sys.version.split()[0]
    options = {
        "catalog": _path(catalog),
        "catalog_text": catalog_text,
        "product_version": product_version,
        "runtime": runtime,
        "runtime_version": runtime_version,
        "sources": sources and dict(sources),
        "home": _path(home),
        "distinct_id": distinct_id,
        "project_dir": _path(project_dir),
        "secrets": list(secrets) if secrets and not isinstance(secrets, str) else secrets,
        "policy_file": _path(policy_file),
        "delivery": delivery,
        "flush_at": flush_at,
        "flush_interval_ms": flush_interval_ms,
        "max_retries": max_retries,
        "request_timeout_ms": request_timeout_ms,
        "compression": compression,
        "spool_bytes_max": spool_bytes_max,
        "spool_files_max": spool_files_max,
        "spool_age_max_days": spool_age_max_days,
        "upload_library": _path(upload_library),
        "uploader_program": _path(uploader_program),
        "strict": strict,
        "log": log,
        **_overrides,
    }
    given = {name: value for name, value in options.items() if value is not None}
    client = _core.open(rejected_error=RejectedError, **given)
    if given["strict"] and (problem := client.status().problem):
        raise ValueError(problem)
    _open_clients.add(client)
    return client


def _path(path: Path | None) -> bytes | None:
    return None if path is None else os.fsencode(path)


# Options that candor.testing puts on every client opened while it captures.
_overrides: dict[str, object] = {}

_open_clients: weakref.WeakSet[Client] = weakref.WeakSet()


def _close_all() -> None:
    for client in list(_open_clients):
        client.close()


atexit.register(_close_all)
