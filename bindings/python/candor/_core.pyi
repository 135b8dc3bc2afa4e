# The extension module's signatures; stubtest holds them to the module itself.
import os
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from types import TracebackType
from typing import Any, Final, Literal, TypeAlias, TypedDict, final

__version__: Final[str]

# A list, tuple or dict holds values of the same kinds; dict keys are str.
_Value: TypeAlias = bool | int | float | str | Enum | list[Any] | tuple[Any, ...] | dict[str, Any] | None

@final
class Outcome:
    """What emit answers. True when the event was accepted."""

    @property
    def result(self) -> Literal["accepted", "disabled", "rejected", "dropped"]: ...
    @property
    def code(self) -> str | None: ...
    @property
    def reason(self) -> str | None: ...
    @property
    def field(self) -> str | None: ...
    @property
    def uuid(self) -> str | None:
        """Of an accepted event that was emitted with `uuid=True`."""
    def __bool__(self) -> bool: ...

@final
class FlushResult:
    """What a flush did. True when nothing is left that may be sent."""

    @property
    def complete(self) -> bool: ...
    @property
    def delivered(self) -> int:
        """Events that this process delivered since the call."""
    @property
    def refused(self) -> int:
        """Events that the server refused for good since the call."""
    @property
    def waiting(self) -> int:
        """Events that wait now."""
    @property
    def why(self) -> str:
        """Why events wait or were refused, as text for people; may be empty."""
    def __bool__(self) -> bool: ...

@final
class Status:
    """Consent, explained."""

    @property
    def enabled(self) -> bool: ...
    @property
    def rule(self) -> str: ...
    @property
    def explanation(self) -> str: ...
    @property
    def install_id(self) -> str: ...
    @property
    def identity_file(self) -> str: ...
    @property
    def spool_dir(self) -> str: ...
    @property
    def endpoint(self) -> str: ...
    @property
    def endpoint_insecure(self) -> bool: ...
    @property
    def notice_shown(self) -> bool: ...
    @property
    def upload(self) -> str:
        """Answered by disable(): "idle", "stopped", "sent" or "running" (candor/status.h)."""
    @property
    def problem(self) -> str: ...

class _Counts(TypedDict):
    """captured = delivered + pending + the sum of dropped; dropped counts rejections by their code."""

    captured: int
    delivered: int
    pending: int
    dropped: dict[str, int]

class _Spool(TypedDict):
    bytes: int
    segments: int

class _Ledger(TypedDict):
    events: dict[str, _Counts]
    total: _Counts
    spool: _Spool

@final
class Client:
    def emit(
        self,
        event: str,
        mapping: Mapping[str, _Value] | None = None,
        /,
        *,
        timestamp: datetime | int | None = None,
        distinct_id: str | None = None,
        uuid: str | Literal[True] | None = None,
        project_dir: str | bytes | os.PathLike[str] | os.PathLike[bytes] | None = None,
        project_id: str | None = None,
        **fields: _Value,
    ) -> Outcome: ...
    def encode(
        self,
        event: str,
        mapping: Mapping[str, _Value] | None = None,
        /,
        *,
        timestamp: datetime | int | None = None,
        distinct_id: str | None = None,
        uuid: str | Literal[True] | None = None,
        project_dir: str | bytes | os.PathLike[str] | os.PathLike[bytes] | None = None,
        project_id: str | None = None,
        **fields: _Value,
    ) -> bytes: ...
    def flush(self, timeout: float = 5.0) -> FlushResult: ...
    def close(self, timeout: float = 0.0) -> None: ...
    def stats(self) -> _Ledger:
        """The ledger of this spool, over all processes and since its beginning."""
    def status(self) -> Status: ...
    def enable(self) -> Status:
        """Writes that the user wants telemetry, and answers what holds now."""
    def disable(self) -> Status:
        """Writes that the user wants no telemetry, and deletes what waits, for all processes."""
    def project_id(self, directory: str | bytes | os.PathLike[str] | os.PathLike[bytes]) -> str:
        """The id that events of a project are sent under: emit's `project_id`. Empty while off."""
    @property
    def first_run(self) -> bool: ...
    def __enter__(self) -> Client: ...
    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
        /,
    ) -> None: ...

def open(**options: Any) -> Client: ...
