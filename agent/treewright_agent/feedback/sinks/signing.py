"""Who sent a batch, and that it is whole: HMAC-SHA256 over its name and its bytes."""

from __future__ import annotations

import hashlib
import hmac

from treewright_agent.feedback.outbox import Batch


def signature(batch: Batch, key: bytes) -> str:
    """64 hex digits over `key \\n project \\n sequence \\n sha256 of the body`; '' without a key."""
    if not key:
        return ""
    signed = "\n".join((batch.key, batch.project, str(batch.sequence), batch.sha256))
    return hmac.new(key, signed.encode(), hashlib.sha256).hexdigest()


def headers(batch: Batch, key: bytes) -> dict[str, str]:
    """What goes with a batch over HTTP or as an object's metadata."""
    named = {
        "Idempotency-Key": batch.key,
        "X-Treewright-Project": batch.project,
        "X-Treewright-Sequence": str(batch.sequence),
        "X-Treewright-SHA256": batch.sha256,
    }
    signed = signature(batch, key)
    return {**named, "X-Treewright-Signature": signed} if signed else named
