"""Where feedback can be forwarded to, by the scheme of the address a user gave.

    folder:/srv/feedback          file:…  a folder
    https://host/path             an endpoint
    s3://bucket/prefix            an object store with the S3 protocol
    postgresql://user@host/db     a table

There is no default: without an address nothing leaves.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from treewright_agent.feedback.outbox import Sink
from treewright_indexer.errors import ArgumentsError


def sink_of(address: str, environment: Mapping[str, str]) -> Sink:
    """The sink an address names. Secrets come from `environment`: TREEWRIGHT_FORWARD_KEY signs,
    AWS_* open an object store. Raises ArgumentsError naming what is missing."""
    parts = urlsplit(address)
    key = environment.get("TREEWRIGHT_FORWARD_KEY", "").encode()
    if parts.scheme in ("folder", "file"):
        from treewright_agent.feedback.sinks.folder import FolderSink

        return FolderSink(parts.path, key)
    if parts.scheme in ("http", "https"):
        from treewright_agent.feedback.sinks.https import HttpsSink

        return HttpsSink(address, key)
    if parts.scheme == "s3":
        from treewright_agent.feedback.sinks.s3 import S3Sink

        return S3Sink.of(address, environment, key)
    if parts.scheme in ("postgres", "postgresql"):
        from treewright_agent.feedback.sinks.postgres import PostgresSink

        return PostgresSink(address, key)
    raise ArgumentsError(
        f"forward: {address!r} is no address; write folder:/…, https://…, s3://… or postgresql://…"
    )
