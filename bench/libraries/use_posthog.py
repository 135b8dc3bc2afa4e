from fields import fields
from posthog import Posthog


def start(url, roomy):
    more = {"max_queue_size": 1_000_000, "gzip": True} if roomy else {}
    return Posthog("phc_benchmark", host=url, **more)


def emit(client, i):
    client.capture(
        "scan_completed",
        distinct_id="0f8fad5b-d9cb-469f-a165-70867728950e",
        properties=fields(i),
    )


def stop(client):
    client.shutdown()
