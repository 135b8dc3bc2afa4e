import sentry_sdk
from fields import fields


def start(url, roomy):
    more = {"transport_queue_size": 1_000_000} if roomy else {}
    sentry_sdk.init(dsn=url.replace("http://", "http://key@") + "/1", **more)
    return sentry_sdk.get_client()


def emit(client, i):
    sentry_sdk.capture_event({"message": "scan_completed", "level": "info", "extra": fields(i)})


def stop(client):
    client.close(timeout=60 if client.options["transport_queue_size"] > 100 else None)
