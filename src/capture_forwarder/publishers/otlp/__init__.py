"""Any OpenTelemetry backend, by OTLP over HTTP: traces of language models."""
