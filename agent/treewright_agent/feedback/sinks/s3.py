"""An object store that speaks the S3 protocol: one object a batch, put again changes nothing.

Requests are signed with AWS Signature Version 4, as its documentation describes it; a client
library for one `PUT` would weigh more than all of treewright.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from urllib.parse import quote, urlsplit

from treewright_agent.feedback.outbox import Batch, SinkError
from treewright_agent.feedback.sinks.https import TIMEOUT_S, retry_after
from treewright_agent.feedback.sinks.signing import signature
from treewright_indexer.errors import ArgumentsError


class S3Sink:
    """`endpoint` is `https://host`; objects are `<prefix>/<project>/<sequence>-<key>.jsonl`."""

    def __init__(
        self,
        endpoint: str,
        bucket: str,
        prefix: str,
        region: str,
        access: tuple[str, str, str],
        key: bytes = b"",
    ) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._bucket = bucket
        self._prefix = prefix.strip("/")
        self._region = region
        self._access = access
        self._key = key

    @classmethod
    def of(cls, address: str, environment: Mapping[str, str], key: bytes) -> S3Sink:
        """From `s3://bucket/prefix` and AWS's usual variables."""
        parts = urlsplit(address)
        missing = [
            name
            for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")
            if not environment.get(name)
        ]
        if missing or not parts.netloc:
            raise ArgumentsError(
                f"forward: {address}: {', '.join(missing) or 'the bucket'} is missing"
            )
        region = environment.get("AWS_REGION") or environment.get("AWS_DEFAULT_REGION", "us-east-1")
        endpoint = environment.get("AWS_ENDPOINT_URL_S3") or environment.get(
            "AWS_ENDPOINT_URL", f"https://s3.{region}.amazonaws.com"
        )
        access = (
            environment["AWS_ACCESS_KEY_ID"],
            environment["AWS_SECRET_ACCESS_KEY"],
            environment.get("AWS_SESSION_TOKEN", ""),
        )
        return cls(endpoint, parts.netloc, parts.path, region, access, key)

    def send(self, batch: Batch) -> None:
        import httpx

        name = f"{batch.project}/{batch.sequence:08d}-{batch.key}.jsonl"
        path = f"/{self._bucket}/{self._prefix + '/' if self._prefix else ''}{name}"
        extra = {"x-amz-meta-sequence": str(batch.sequence)}
        signed = signature(batch, self._key)
        if signed:
            extra["x-amz-meta-signature"] = signed
        named = self._signed(path, batch.body, extra, datetime.now(UTC))
        try:
            answer = httpx.put(
                self._endpoint + quote(path, safe="/-_.~"), content=batch.body, headers=named,
                timeout=TIMEOUT_S, trust_env=False,
            )  # fmt: skip
        except httpx.HTTPError as error:
            raise SinkError(f"{self._endpoint}: {type(error).__name__}: {error}") from error
        if not answer.is_success:
            raise SinkError(
                f"{self._endpoint} answers {answer.status_code}", retry_after(answer.headers)
            )
        tag = answer.headers.get("etag", "").strip('"').lower()
        # The MD5 of the bytes, unless the store encrypts with a key of its own.
        plain = re.fullmatch(r"[0-9a-f]{32}", tag) and not any(
            name.startswith("x-amz-server-side-encryption") for name in answer.headers
        )
        if plain and tag != hashlib.md5(batch.body, usedforsecurity=False).hexdigest():
            raise SinkError(f"{self._endpoint} acknowledges other bytes than were sent")

    def _signed(
        self, path: str, body: bytes, extra: Mapping[str, str], now: datetime
    ) -> dict[str, str]:
        access_id, secret, token = self._access
        stamp, day = now.strftime("%Y%m%dT%H%M%SZ"), now.strftime("%Y%m%d")
        body_hash = hashlib.sha256(body).hexdigest()
        named = {
            "host": urlsplit(self._endpoint).netloc,
            "x-amz-content-sha256": body_hash,
            "x-amz-date": stamp,
            **extra,
        }
        if token:
            named["x-amz-security-token"] = token
        ordered = sorted(named.items())
        names = ";".join(name for name, _ in ordered)
        canonical = "\n".join(
            (
                "PUT",
                quote(path, safe="/-_.~"),
                "",
                *(f"{name}:{value}" for name, value in ordered),
                "",
                names,
                body_hash,
            )
        )
        scope = f"{day}/{self._region}/s3/aws4_request"
        hashed = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = f"AWS4-HMAC-SHA256\n{stamp}\n{scope}\n{hashed}"
        key = f"AWS4{secret}".encode()
        for part in (day, self._region, "s3", "aws4_request"):
            key = hmac.new(key, part.encode(), hashlib.sha256).digest()
        signed = hmac.new(key, to_sign.encode(), hashlib.sha256).hexdigest()
        credential = f"Credential={access_id}/{scope}, SignedHeaders={names}, Signature={signed}"
        return {**named, "authorization": f"AWS4-HMAC-SHA256 {credential}"}
