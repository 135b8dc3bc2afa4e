from fields import fields
from opentelemetry._logs import SeverityNumber
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http._log_exporter import OTLPLogExporter
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.resources import Resource


class Client:
    def __init__(self, url, roomy):
        self.provider = LoggerProvider(resource=Resource.create({"service.name": "bench"}))
        exporter = OTLPLogExporter(
            endpoint=url + "/v1/logs",
            compression=Compression.Gzip if roomy else None,
        )
        more = {"max_queue_size": 1_000_000} if roomy else {}
        self.provider.add_log_record_processor(BatchLogRecordProcessor(exporter, **more))
        self.logger = self.provider.get_logger("bench")


def start(url, roomy):
    return Client(url, roomy)


def emit(client, i):
    client.logger.emit(
        event_name="scan_completed", severity_number=SeverityNumber.INFO, attributes=fields(i)
    )


def stop(client):
    client.provider.shutdown()
