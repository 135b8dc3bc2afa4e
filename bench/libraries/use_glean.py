import os
from pathlib import Path

from fields import fields
from glean import Configuration, Glean
from glean.metrics import CommonMetricData, EventExtras, EventMetricType, Lifetime


class Extras(EventExtras):
    """What glean_parser generates for an event: extras as text, by name."""

    def __init__(self, values):
        self._values = values

    def to_ffi_extra(self):
        return {name: str(value) for name, value in self._values.items()}


def start(url, roomy):
    Glean.initialize(
        application_id="bench",
        application_version="1.2.3",
        upload_enabled=True,
        data_dir=Path(os.environ["HOME"]) / "glean",
        configuration=Configuration(server_endpoint=url),
    )
    data = CommonMetricData(
        category="bench",
        name="scan_completed",
        send_in_pings=["events"],
        lifetime=Lifetime.PING,
        disabled=False,
    )
    return EventMetricType(data, list(fields(0)))


def emit(client, i):
    client.record(Extras(fields(i)))


def stop(client):
    Glean.shutdown()
