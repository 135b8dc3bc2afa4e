import os

import candor

CATALOG = os.path.join(os.path.dirname(__file__), "../../schema/ktx.telemetry.jsonc")


def start(url, roomy):
    # Where the events go is in the environment. The event with eight fields is one of the
    # command line's, so this plays one.
    return candor.open(
        CATALOG, product_version="1.2.3", runtime="node", sources={"host.nodeVersion": "22.1.0"}
    )


def emit(client, i):
    client.emit(
        "scan_completed",
        driver="postgres",
        tableCount=i % 100,
        columnCount=i,
        inferredFkCount=3,
        declaredFkCount=4,
        durationMs=12.5 + i % 7,
        outcome="error",
        errorClass="TimeoutError",
    )


def stop(client):
    pass  # at exit it closes by itself
