"""ktx's daemon: an HTTP service that plans semantic-layer queries and writes SQL.

    python ktx_daemon.py --project DIR [--port N]

Prints the address it listens on. Says daemon_started once it can serve, and daemon_stopped
once, with the reason: a signal, a POST /shutdown, or a crash.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import platform
import socket
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

import candor

VERSION = "0.4.0"
CATALOG = Path(__file__).resolve().parents[2] / "schema" / "ktx.telemetry.jsonc"
DIALECTS = {"postgres": '"', "mysql": "`", "sqlite": '"'}
# How often the daemon makes sure that its models are still there.
WATCH_SECONDS = 0.1
# How long a stopping daemon waits for its last events; what is left waits on disk.
CLOSE_SECONDS = 2.0


class PlanError(ValueError):
    """A query that the models can't answer."""


@dataclass
class Models:
    """What the project's models/*.sl declare."""

    measures: dict[str, str] = field(default_factory=dict)  # name -> table
    dimensions: dict[str, str] = field(default_factory=dict)
    joins: set[frozenset[str]] = field(default_factory=set)

    @classmethod
    def load(cls, directory: Path) -> Models:
        models = cls()
        for path in sorted(directory.iterdir()):
            table = path.stem
            for words in (line.split() for line in path.read_text().splitlines()):
                match words:
                    case ["table", name]:
                        table = name
                    case ["measure", name]:
                        models.measures[name] = table
                    case ["dimension", name]:
                        models.dimensions[name] = table
                    case ["join", left, right]:
                        models.joins.add(frozenset((left, right)))
        return models


@dataclass
class Work:
    """What one piece of work says about itself in its event."""

    fields: dict[str, Any]


@contextlib.contextmanager
def measured(telemetry: candor.Client, event: str, **fields: Any) -> Iterator[Work]:
    """Emits the event when the block ends, as ok or with the class of what was raised."""
    work = Work(fields)
    begin = time.perf_counter()
    outcome = {"outcome": "ok"}
    try:
        yield work
    except Exception as error:
        outcome = {"outcome": "error", "errorClass": type(error).__name__}
        raise
    finally:
        elapsed = (time.perf_counter() - begin) * 1000
        telemetry.emit(event, work.fields | outcome, durationMs=elapsed)


class Daemon:
    """The service and its life: it begins at most once and ends at most once."""

    def __init__(self, telemetry: candor.Client, models_dir: Path) -> None:
        self.telemetry = telemetry
        self.models_dir = models_dir
        self.models = Models.load(models_dir)
        self.begin = time.perf_counter()
        self.ended = False
        self.server: uvicorn.Server | None = None
        # Why the server stops, when this is not the doing of a signal.
        self.reason = "signal"

    def started(self) -> None:
        if self.telemetry.first_run:
            self.telemetry.emit("install_first_run")
        self.telemetry.emit(
            "daemon_started",
            daemonVersion=VERSION,
            pythonVersion=platform.python_version(),
            runtimeVersion=uvicorn.__version__,
            startupDurationMs=(time.perf_counter() - self.begin) * 1000,
        )

    def stopped(self) -> None:
        if self.ended:
            return
        self.ended = True
        uptime = (time.perf_counter() - self.begin) * 1000
        self.telemetry.emit("daemon_stopped", reason=self.reason, uptimeMs=uptime)
        self.telemetry.close(timeout=CLOSE_SECONDS)

    def plan(self, query: str) -> dict[str, Any]:
        """Resolves `revenue by country` to a measure, its dimensions and the join they need."""
        with measured(
            self.telemetry, "sl_plan_completed", stage="parse", sourceCount=0, joinCount=0
        ) as work:
            measure, _, rest = query.partition(" by ")
            if not measure.strip():
                raise PlanError("a query begins with a measure")
            names = [name.strip() for name in rest.split(",") if name.strip()]
            work.fields["stage"] = "resolve"
            try:
                tables = {self.models.measures[measure.strip()]}
                tables |= {self.models.dimensions[name] for name in names}
            except KeyError as unknown:
                raise PlanError(f"the models have no {unknown}") from None
            work.fields["stage"] = "compile"
            joins = [sorted(join) for join in self.models.joins if join <= tables]
            if len(joins) < len(tables) - 1:
                raise PlanError("no join leads there")
            work.fields.update(sourceCount=len(tables), joinCount=len(joins))
            return {"measure": measure.strip(), "dimensions": names, "tables": sorted(tables)}

    def generate(self, plan: dict[str, Any], dialect: str) -> str:
        known = dialect if dialect in DIALECTS else "unknown"
        with measured(self.telemetry, "sql_gen_completed", dialect=known):
            if known == "unknown":
                raise PlanError("no such dialect")
            quote = DIALECTS[dialect]
            columns = [f"{quote}{name}{quote}" for name in plan["dimensions"]]
            columns.append(f"sum({quote}{plan['measure']}{quote})")
            sql = f"select {', '.join(columns)} from {', '.join(plan['tables'])}"
            return sql + (f" group by {', '.join(columns[:-1])}" if len(columns) > 1 else "")

    async def watch(self) -> None:
        """Reloads changed models. Without models there is nothing to serve, and it raises."""
        seen = self.models_dir.stat().st_mtime_ns
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            now = self.models_dir.stat().st_mtime_ns
            if now != seen:
                seen, self.models = now, Models.load(self.models_dir)

    def app(self) -> Starlette:
        async def plan(request: Request) -> JSONResponse:
            return JSONResponse(self.plan(str((await request.json())["query"])))

        async def generate(request: Request) -> JSONResponse:
            body = await request.json()
            sql = self.generate(self.plan(str(body["query"])), str(body["dialect"]))
            return JSONResponse({"sql": sql})

        async def shutdown(request: Request) -> JSONResponse:
            self.stop("request")
            return JSONResponse({"stopping": True})

        async def refuse(request: Request, error: Exception) -> JSONResponse:
            return JSONResponse({"error": str(error)}, status_code=422)

        @contextlib.asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            self.started()
            yield
            # Here, because after it uvicorn lets a signal end the process.
            self.stopped()

        routes = [
            Route("/plan", plan, methods=["POST"]),
            Route("/generate", generate, methods=["POST"]),
            Route("/shutdown", shutdown, methods=["POST"]),
        ]
        return Starlette(routes=routes, lifespan=lifespan, exception_handlers={PlanError: refuse})

    def stop(self, reason: str) -> None:
        self.reason = reason
        if self.server is not None:
            self.server.should_exit = True

    async def serve(self, listener: socket.socket) -> None:
        self.server = uvicorn.Server(uvicorn.Config(self.app(), log_level="warning"))
        serving = asyncio.create_task(self.server.serve(sockets=[listener]))
        watching = asyncio.create_task(self.watch())
        await asyncio.wait({serving, watching}, return_when=asyncio.FIRST_COMPLETED)
        if watching.done():
            self.stop("crash")
        await serving
        if watching.done():
            watching.result()
        watching.cancel()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--project", type=Path, required=True)
    parser.add_argument("--port", type=int, default=0, help="default: any free port")
    arguments = parser.parse_args()
    telemetry = candor.open(
        CATALOG,
        product_version=VERSION,
        # Set by the launcher of an install with Node in it; ktx's command line reads the same.
        sources={"host.nodeVersion": os.environ.get("KTX_NODE_VERSION", "none")},
        project_dir=arguments.project,
    )
    daemon = Daemon(telemetry, arguments.project / "models")
    listener = socket.create_server(("127.0.0.1", arguments.port))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    asyncio.run(daemon.serve(listener))


if __name__ == "__main__":
    main()
