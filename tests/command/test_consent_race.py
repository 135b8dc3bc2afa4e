"""Consent that is withdrawn and given again under running processes: every event that was accepted
is delivered, pending or counted as opted out."""

from __future__ import annotations

import subprocess
import sys

from support.user import User

# Emits until its input ends, and says how many events were accepted.
EMITTER = """
import candor, sys, threading
client = candor.open({catalog!r}, delivery="manual")
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
accepted = 0
print("ready", flush=True)
while not ended.wait(0.0002):
    accepted += bool(client.emit("ping"))
client.close()
print(accepted)
"""
EMITTERS = 3
TOGGLES = 12


def test_nothing_accepted_is_lost_uncounted(user: User) -> None:
    user.run("emit", "ping")  # the identity and the notice
    accepted = 1
    command = [sys.executable, "-c", EMITTER.format(catalog=str(user.catalog))]
    emitters = [subprocess.Popen(command, env=user.environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
                for _ in range(EMITTERS)]  # fmt: skip
    try:
        for emitter in emitters:
            assert emitter.stdout is not None and emitter.stdout.readline() == "ready\n"
        for _ in range(TOGGLES):
            user.run("disable")
            user.run("enable")
        for emitter in emitters:
            accepted += int(emitter.communicate(timeout=60)[0])
    finally:
        for emitter in emitters:
            emitter.kill()
            emitter.wait()
    total = user.status()["ledger"]["total"]
    assert accepted > TOGGLES
    assert total["dropped"].get("opted_out", 0) > 0
    assert total["delivered"] + total["pending"] + total["dropped"]["opted_out"] == accepted
    assert total["captured"] == accepted
