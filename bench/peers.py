"""How the peers fare: run so that one that fails, or waits in vain, holds up no other."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import TypeVar

from bench import Bench
from languages import Library
from process import Failed, Server, refusing, run, silent

# Between the starts of processes that run at the same time: it takes a processor to start.
START_EVERY_S = 0.7

K = TypeVar("K")


def or_failed(bench: Bench, name: str, measure: Callable[[], float]) -> float | None:
    """A peer that can't be measured must not end the run."""
    try:
        return measure()
    except Failed as failure:
        bench.say(f"{name}: {failure}")
        return None


def at_once(bench: Bench, measures: dict[K, Callable[[], float]]) -> dict[K, float | None]:
    """For measures that mostly wait: all at the same time, but for their start."""

    def later(seconds: float, name: str, measure: Callable[[], float]) -> float | None:
        time.sleep(seconds)
        return or_failed(bench, name, measure)

    with ThreadPoolExecutor(max_workers=max(len(measures), 1)) as pool:
        futures = {
            key: pool.submit(later, i * START_EVERY_S, str(key), measure)
            for i, (key, measure) in enumerate(measures.items())
        }
    return {key: future.result() for key, future in futures.items()}


def peer_ms(bench: Bench, peer: Library, url: str) -> float:
    with bench.home(url) as home:
        return run(peer.does("run", url, 1), home, check=False).seconds * 1000


def lost_of(events: int, server: Server) -> float:
    """Who sends an event twice has not lost it."""
    return max(0, events - server.settled(events))


@cache
def without_server(bench: Bench) -> dict[tuple[Library, str], float | None]:
    """What peers do that wait for a server in vain, which takes some of them a minute: the
    milliseconds of a process with one event when the server is `refusing` or `silent`, and
    with 1,000 events when it is `down`; and how many of those are `lost` when it is back."""
    found: dict[tuple[Library, str], float | None] = {}

    def down(peer: Library, nobody: str) -> float:
        with bench.server() as server, bench.home(nobody) as home:
            took = run(peer.does("run", nobody, 1000), home, check=False)
            run(peer.does("run", server.url, 0), home)
            found[peer, "lost"] = lost_of(1000, server)
            return took.seconds * 1000

    with refusing() as nobody, silent() as silence:
        measures: dict[tuple[Library, str], Callable[[], float]] = {}
        for peer in bench.peers:
            measures[peer, "silent"] = partial(peer_ms, bench, peer, silence)
            measures[peer, "refusing"] = partial(peer_ms, bench, peer, nobody)
            measures[peer, "down"] = partial(down, peer, nobody)
        return at_once(bench, measures) | found
