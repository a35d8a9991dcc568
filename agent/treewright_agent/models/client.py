"""ChatClient: one endpoint over HTTP, cancellable at any moment.

Requests run on one event loop in a thread of their own; the caller waits with its token in hand
and gets its CancelledError within 50 ms, while the connection is closed behind it. What a server
does not take (a parameter, streaming, tools) is left out from then on.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import queue
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from treewright_agent.guard.secrets import redact
from treewright_agent.models.anthropic import AnthropicDialect
from treewright_agent.models.endpoint import Endpoint
from treewright_agent.models.errors import ErrorKind, ProviderError, from_exception, from_response
from treewright_agent.models.http import LOOP, POLL_S
from treewright_agent.models.messages import ChatReply, ChatRequest
from treewright_agent.models.openai import OpenAiDialect
from treewright_agent.models.resilience import (
    Breaker,
    Deadline,
    RetryPolicy,
    TokenBucket,
    retrying,
    sleep,
)
from treewright_agent.models.sse import MAX_REPLY_BYTES, EventReader, ReplyBuilder
from treewright_agent.models.tokens import TokenMeter
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError

if TYPE_CHECKING:
    import httpx

OnText = Callable[[str], None]

CONNECT_S = 10.0


class ChatClient:
    """Safe to use from several threads. Remembers what its server does not take."""

    def __init__(
        self,
        endpoint: Endpoint,
        *,
        breaker: Breaker | None = None,
        policy: RetryPolicy | None = None,
        meter: TokenMeter | None = None,
    ) -> None:
        self.endpoint = endpoint
        self.breaker = breaker or Breaker(endpoint.id)
        self.meter = meter or TokenMeter()
        self._policy = policy or RetryPolicy()
        self._bucket = TokenBucket(endpoint.minute_limit) if endpoint.minute_limit else None
        self._dialect = AnthropicDialect() if endpoint.dialect == "anthropic" else OpenAiDialect()
        self._http: httpx.AsyncClient | None = None

    def complete(
        self,
        request: ChatRequest,
        deadline: Deadline,
        token: CancelToken,
        *,
        on_text: OnText | None = None,
        trace: str = "",
        on_retry: Callable[[int, float, ProviderError], None] = lambda attempt, delay, error: None,
    ) -> ChatReply:
        """The answer. Raises ProviderError, DeadlineError, CancelledError.

        A prompt that the endpoint's context cannot hold is refused before anything is sent.
        `on_text` gets the text as it comes; after a retry it starts again from the beginning.
        `trace` is a W3C `traceparent`.
        """
        request = self._fitted(request if self.endpoint.is_local else _without_secrets(request))

        def once() -> ChatReply:
            if self._bucket is not None and (wait := self._bucket.reserve()):
                if wait >= deadline.remaining_s:
                    self._bucket.give_back()
                    raise ProviderError(
                        ErrorKind.THROTTLING,
                        f"the limit of {self.endpoint.minute_limit} calls a minute is reached",
                        provider=self.endpoint.id,
                        retryable=False,
                        retry_after=wait,
                    )
                sleep(wait, token)
            with self.breaker.guarding():
                return self._ask(request, deadline, token, on_text, trace)

        return retrying(once, self._policy, deadline, token, on_retry)

    def _fitted(self, request: ChatRequest) -> ChatRequest:
        """The request with an answer no longer than the context leaves room for."""
        needed = self.meter.count(request.text)
        room = self.endpoint.context_tokens - needed
        if room < 64:
            raise ProviderError(
                ErrorKind.CONTEXT_LENGTH,
                f"the prompt needs about {needed} tokens and {self.endpoint.model} takes"
                f" {self.endpoint.context_tokens}, answer included; nothing was sent",
                provider=self.endpoint.id,
            )
        limit = min(request.max_tokens, self.endpoint.max_output_tokens, room)
        return replace(request, max_tokens=limit)

    def _ask(
        self,
        request: ChatRequest,
        deadline: Deadline,
        token: CancelToken,
        on_text: OnText | None,
        trace: str,
    ) -> ChatReply:
        """One HTTP request, asked again at once while it is a parameter that is refused."""
        for _ in range(8):
            texts: queue.SimpleQueue[str] = queue.SimpleQueue()
            started = time.monotonic()
            future = LOOP.submit(self._send(request, deadline.remaining_s, texts.put, trace))
            try:
                self._await(future, texts, deadline, token, on_text)
                reply = future.result()
            except ProviderError as error:
                if error.status in (400, 415, 422) and self._dialect.learn(error.message, request):
                    continue
                raise
            reply = replace(reply, seconds=time.monotonic() - started)
            return self._counted(request, reply)
        raise ProviderError(
            ErrorKind.INVALID_PARAMETER, "every form of the request is refused",
            provider=self.endpoint.id,
        )  # fmt: skip

    def _await(
        self,
        future: Future[ChatReply],
        texts: queue.SimpleQueue[str],
        deadline: Deadline,
        token: CancelToken,
        on_text: OnText | None,
    ) -> None:
        finished = threading.Event()
        future.add_done_callback(lambda _: (finished.set(), texts.put(""))[0])
        try:
            while not finished.is_set() or not texts.empty():
                token.check()
                deadline.check()
                with contextlib.suppress(queue.Empty):
                    text = texts.get(timeout=POLL_S)
                    if text and on_text is not None:
                        on_text(text)
        except BaseException:
            future.cancel()
            raise
        if future.cancelled():
            raise CancelledError("the request was cancelled")

    def _counted(self, request: ChatRequest, reply: ChatReply) -> ChatReply:
        """The reply with its usage; a prompt that the server cut in silence is an error."""
        estimate = self.meter.count(request.text)
        usage = reply.usage
        if not usage.counted or not usage.prompt_tokens:
            n_out = self.meter.count(reply.text + "".join(c.arguments for c in reply.calls))
            return replace(
                reply,
                usage=replace(
                    usage,
                    prompt_tokens=usage.prompt_tokens or estimate,
                    completion_tokens=usage.completion_tokens or n_out,
                    counted=False,
                ),
            )
        # A server that counts at all counts thousands here; smaller numbers mean nothing.
        cut = 1_000 <= usage.prompt_tokens < estimate * 0.4
        if cut and not usage.cached_tokens:
            raise ProviderError(
                ErrorKind.CONTEXT_LENGTH,
                f"the server read only {usage.prompt_tokens} of about {estimate} tokens: its context"
                " is set smaller than the settings say, so the answer is not used",
                provider=self.endpoint.id,
            )
        self.meter.learn(request.text, usage.prompt_tokens)
        return reply

    # ------------------------------------------------------------------ on the loop

    async def _send(
        self, request: ChatRequest, seconds: float, put: OnText, trace: str
    ) -> ChatReply:
        endpoint = self.endpoint
        try:
            async with asyncio.timeout(seconds):
                return await self._exchange(request, put, trace)
        except (ProviderError, asyncio.CancelledError):
            raise
        except Exception as error:
            raise from_exception(error, provider=endpoint.id) from error

    async def _exchange(self, request: ChatRequest, put: OnText, trace: str) -> ChatReply:
        endpoint, dialect = self.endpoint, self._dialect
        http = self._client()
        headers = {**dialect.headers(endpoint), **endpoint.headers}
        if trace:
            headers["traceparent"] = trace
        body = dialect.body(endpoint, request)
        async with http.stream(
            "POST",
            endpoint.url(dialect.route),
            params=dict(endpoint.query) or None,
            headers=headers,
            content=json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"),
        ) as response:
            if response.status_code // 100 != 2:
                raw = await _limited(response, 100_000)
                raise from_response(
                    response.status_code, response.headers, raw, provider=endpoint.id
                )
            builder = dialect.builder(endpoint.id)
            kind = response.headers.get("content-type", "")
            unnamed = not kind or kind.startswith("text/plain")
            if "event-stream" in kind or (body.get("stream") and unnamed):
                await self._read_events(response, builder, put)
            else:
                raw = await _limited(response, MAX_REPLY_BYTES)
                put(_whole(raw, builder, endpoint.id))
            if not body.get("stream"):
                builder.done = True
            if (cut := builder.cut()) is not None and "json" not in kind:
                raise cut
            return builder.reply(0.0)

    async def _read_events(
        self, response: httpx.Response, builder: ReplyBuilder, put: OnText
    ) -> None:
        reader, n_bytes = EventReader(), 0
        chunks = response.aiter_bytes()
        limit = self.endpoint.first_byte_s
        while True:
            try:
                async with asyncio.timeout(limit):
                    chunk = await anext(chunks)
            except StopAsyncIteration:
                break
            except TimeoutError as error:
                raise ProviderError(
                    ErrorKind.TIMEOUT, f"no byte for {limit:.0f} s", provider=self.endpoint.id,
                    original=error,
                ) from error  # fmt: skip
            limit = self.endpoint.stall_s
            n_bytes += len(chunk)
            if n_bytes > 8 * MAX_REPLY_BYTES:
                raise ProviderError(
                    ErrorKind.UNKNOWN, "the stream does not end", provider=self.endpoint.id
                )
            for event in reader.feed(chunk):
                put(builder.event(event))
            if builder.done:
                return
        for event in reader.end():
            with contextlib.suppress(ProviderError):  # half an event: the stream was cut
                put(builder.event(event))

    def _client(self) -> httpx.AsyncClient:
        if self._http is None:
            import httpx

            self._http = httpx.AsyncClient(
                timeout=httpx.Timeout(
                    self.endpoint.first_byte_s, connect=min(CONNECT_S, self.endpoint.first_byte_s)
                ),
                trust_env=not self.endpoint.is_local,  # a proxy never stands before loopback
                verify=self.endpoint.base_url.startswith(
                    "https:"
                ),  # loading certificates takes 0.1 s
                follow_redirects=False,
                limits=httpx.Limits(max_connections=16),
            )
        return self._http

    def close(self) -> None:
        http, self._http = self._http, None
        if http is not None:
            with contextlib.suppress(Exception):
                LOOP.submit(http.aclose()).result(2)


def _without_secrets(request: ChatRequest) -> ChatRequest:
    """What leaves this machine holds no keys, tokens or passwords, wherever they stood."""
    messages = tuple(
        replace(
            message,
            content=redact(message.content),
            calls=tuple(replace(c, arguments=redact(c.arguments)) for c in message.calls),
        )
        for message in request.messages
    )
    return replace(request, messages=messages)


async def _limited(response: httpx.Response, limit: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for chunk in response.aiter_bytes():
        parts.append(chunk)
        size += len(chunk)
        if size > limit:
            break
    return b"".join(parts)


def _whole(raw: bytes, builder: ReplyBuilder, provider: str) -> str:
    """Take an answer that came in one piece, from a server that does not stream."""
    if raw.lstrip().startswith(b"data:"):  # events under another content type
        reader = EventReader()
        return "".join(builder.event(e) for e in [*reader.feed(raw), *reader.end()])
    try:
        value: Any = json.loads(raw)
    except ValueError as error:
        shown = re.sub(r"\s+", " ", raw[:80].decode("utf-8", "replace"))
        raise ProviderError(
            ErrorKind.UNKNOWN, f"the answer is not JSON: {shown!r}", provider=provider,
            retryable=False,
        ) from error  # fmt: skip
    return builder.chunk(value, "message")
