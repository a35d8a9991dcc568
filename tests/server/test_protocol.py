"""The conversation alone: every request one answer, whatever the client sends."""

from __future__ import annotations

import json
import random
import threading
from typing import Any

import pytest

from treewright_indexer.errors import RefusedError, StaleSnapshotError, UnknownFileError
from treewright_server.errors import METHOD_NOT_FOUND, RpcError
from treewright_server.protocol import NEW, RUNNING, SHUT_DOWN, Conversation, Request
from treewright_server.transport import BadFrame


class Echo(Conversation):
    """Answers `echo` at once and keeps `slow` until the test lets go of it."""

    def __init__(self) -> None:
        self.out: list[dict[str, Any]] = []
        super().__init__(lambda body: self.out.append(json.loads(body)))
        self.held: list[Request] = []
        self.notes: list[tuple[str, Any]] = []

    def begin(self, request: Request) -> None:
        if request.method == "initialize":
            self.stage = RUNNING
            self.succeed(request, {"capabilities": {}})
        elif request.method == "shutdown":
            self.stage = SHUT_DOWN
            self.cancel_all(but=request)
            self.succeed(request, None)
        elif request.method == "slow":
            self.held.append(request)
        elif request.method == "fail":
            raise ERRORS[request.params["kind"]]
        elif request.method == "echo":
            self.succeed(request, request.params)
        else:
            raise RpcError(METHOD_NOT_FOUND, request.method)

    def noted(self, method: str, params: Any) -> None:
        if method == "boom":
            raise ValueError("boom in /home/somebody/file.py")
        self.notes.append((method, params))

    def send(self, **message: Any) -> None:
        self.receive({"jsonrpc": "2.0", **message})

    def last(self) -> dict[str, Any]:
        return self.out[-1]

    def code(self) -> int:
        return self.last()["error"]["code"]


ERRORS: dict[str, Exception] = {
    "stale": StaleSnapshotError("it has changed"),
    "refused": RefusedError("no"),
    "unknown": UnknownFileError("no such file"),
    "bug": KeyError("/home/somebody/secret.py"),
}


@pytest.fixture
def echo() -> Echo:
    server = Echo()
    server.send(id=0, method="initialize", params={})
    return server


def test_before_initialize_requests_are_refused_and_notifications_ignored() -> None:
    server = Echo()
    server.send(id=1, method="echo", params={})
    assert server.code() == -32002
    server.send(method="hello", params={})
    assert server.notes == []
    server.send(id=2, method="initialize", params={})
    assert server.last() == {"jsonrpc": "2.0", "id": 2, "result": {"capabilities": {}}}


def test_initialize_is_answered_once(echo: Echo) -> None:
    echo.send(id=1, method="initialize", params={})
    assert echo.code() == -32600


def test_after_shutdown_only_exit(echo: Echo) -> None:
    echo.send(id=1, method="shutdown")
    assert echo.last()["result"] is None
    echo.send(id=2, method="echo", params={})
    assert echo.code() == -32600
    echo.send(id=3, method="shutdown")
    assert echo.code() == -32600
    echo.send(method="exit")
    assert (echo.stopped, echo.exit_code) == (True, 0)


def test_exit_without_shutdown_is_a_failure(echo: Echo) -> None:
    echo.send(method="exit")
    assert (echo.stopped, echo.exit_code) == (True, 1)


@pytest.mark.parametrize(
    ("message", "code"),
    [
        pytest.param({"id": 1, "method": "echo"}, -32600, id="no version"),
        pytest.param({"jsonrpc": "1.0", "id": 1, "method": "echo"}, -32600, id="other version"),
        pytest.param({"jsonrpc": "2.0", "id": 1, "method": 7}, -32600, id="method is no string"),
        pytest.param({"jsonrpc": "2.0", "id": None, "method": "echo"}, -32600, id="null id"),
        pytest.param({"jsonrpc": "2.0", "id": True, "method": "echo"}, -32600, id="boolean id"),
        pytest.param({"jsonrpc": "2.0", "id": [1], "method": "echo"}, -32600, id="list id"),
        pytest.param({"jsonrpc": "2.0", "id": 1, "method": "nope"}, -32601, id="unknown method"),
        pytest.param(
            {"jsonrpc": "2.0", "id": 1, "method": "echo", "params": "x"}, -32602, id="params"
        ),
    ],
)
def test_a_bad_request_gets_one_error(echo: Echo, message: dict[str, Any], code: int) -> None:
    before = len(echo.out)
    echo.receive(message)
    assert len(echo.out) == before + 1
    assert echo.code() == code


def test_a_bad_frame_is_answered_without_an_id(echo: Echo) -> None:
    echo.receive(BadFrame(-32700, "not JSON"))
    assert echo.last() == {
        "jsonrpc": "2.0",
        "id": None,
        "error": {"code": -32700, "message": "not JSON"},
    }


@pytest.mark.parametrize(
    ("kind", "code", "says"),
    [
        ("stale", -32801, "it has changed"),
        ("refused", -32803, "no"),
        ("unknown", -32602, "no such file"),
        ("bug", -32603, "Internal error (KeyError); see the treewright log"),
    ],
)
def test_errors_go_through_one_table(echo: Echo, kind: str, code: int, says: str) -> None:
    echo.send(id=1, method="fail", params={"kind": kind})
    assert echo.last()["error"] == {"code": code, "message": says}


def test_a_failing_notification_is_logged_and_not_answered(
    echo: Echo, caplog: pytest.LogCaptureFixture
) -> None:
    before = len(echo.out)
    echo.send(method="boom", params={})
    assert len(echo.out) == before
    assert "boom failed" in caplog.text
    echo.send(id=1, method="echo", params={"still": "here"})
    assert echo.last()["result"] == {"still": "here"}


def test_a_result_that_is_not_json_is_an_error(echo: Echo) -> None:
    echo.send(id=1, method="slow")
    echo.succeed(echo.held[0], object())
    assert echo.code() == -32603


def test_lone_surrogates_come_back_as_they_came(echo: Echo) -> None:
    echo.send(id=1, method="echo", params={"text": "\ud83d"})
    assert echo.last()["result"] == {"text": "\ud83d"}


def test_cancel_answers_at_once_and_the_late_result_is_dropped(echo: Echo) -> None:
    echo.send(id="a", method="slow")
    echo.send(method="$/cancelRequest", params={"id": "a"})
    assert echo.code() == -32800
    assert echo.held[0].token.cancelled
    count = len(echo.out)
    echo.succeed(echo.held[0], {"late": True})
    echo.fail(echo.held[0], ValueError())
    assert len(echo.out) == count


@pytest.mark.parametrize("id", [99, None, {}, "x", 1.5])
def test_cancelling_what_does_not_run_says_nothing(echo: Echo, id: Any) -> None:
    count = len(echo.out)
    echo.send(method="$/cancelRequest", params={"id": id})
    echo.send(method="$/cancelRequest")
    assert len(echo.out) == count


def test_an_id_can_be_used_again_after_its_answer_but_not_before(echo: Echo) -> None:
    echo.send(id=1, method="slow")
    echo.send(id=1, method="echo", params={})
    assert echo.code() == -32600
    echo.send(method="$/cancelRequest", params={"id": 1})
    echo.send(id=1, method="slow")  # while the first one's work still runs
    echo.succeed(echo.held[0], "old")
    assert echo.last().get("result") != "old"
    echo.succeed(echo.held[1], "new")
    assert echo.last()["result"] == "new"


def test_shutdown_cancels_what_runs(echo: Echo) -> None:
    echo.send(id=1, method="slow")
    echo.send(id=2, method="shutdown")
    assert [m["id"] for m in echo.out[-2:]] == [1, 2]
    assert echo.out[-2]["error"]["code"] == -32800


def test_ten_thousand_requests_with_random_cancels_have_one_answer_each(echo: Echo) -> None:
    """Workers finish in any order, on other threads, while the client cancels."""
    random_ = random.Random(7)
    total, start = 10_000, len(echo.out)
    stop = threading.Event()

    def work() -> None:
        while not stop.is_set() or echo.held:
            try:
                request = echo.held.pop()
            except IndexError:
                continue
            if random_.random() < 0.1:
                echo.fail(request, RefusedError("no"))
            else:
                echo.succeed(request, request.id)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(1, total + 1):
        echo.send(id=number, method="slow")
        if random_.random() < 0.5:
            victim = max(1, number - random_.randrange(4))
            echo.send(method="$/cancelRequest", params={"id": victim})
    stop.set()
    for thread in threads:
        thread.join(30)
    answered = [message["id"] for message in echo.out[start:]]
    assert len(answered) == total
    assert sorted(answered) == list(range(1, total + 1))


# Requests to the client


def test_the_answer_of_the_client_reaches_who_asked(echo: Echo) -> None:
    got: list[Any] = []
    echo.ask("client/thing", {"a": 1}, lambda result, error: got.append((result, error)))
    asked = echo.last()
    assert (asked["method"], asked["params"]) == ("client/thing", {"a": 1})
    echo.receive({"jsonrpc": "2.0", "id": asked["id"], "result": [3]})
    assert got == [([3], None)]
    echo.receive({"jsonrpc": "2.0", "id": asked["id"], "result": [4]})  # twice: ignored
    assert len(got) == 1


def test_an_error_of_the_client_reaches_who_asked(echo: Echo) -> None:
    got: list[Any] = []
    echo.ask("client/thing", None, lambda result, error: got.append(error))
    error = {"code": -32601, "message": "no", "data": 5}
    echo.receive({"jsonrpc": "2.0", "id": echo.last()["id"], "error": error})
    assert (got[0].code, got[0].message, got[0].data) == (-32601, "no", 5)


def test_who_waits_for_the_client_is_released_when_we_close(echo: Echo) -> None:
    got: list[Any] = []
    echo.ask("client/thing", None, lambda result, error: got.append(error))
    echo.send(id=1, method="shutdown")
    assert got[0].code == -32800
    echo.ask("client/thing", None, lambda result, error: got.append(error))
    assert len(got) == 2


def test_a_blocking_request_times_out(echo: Echo) -> None:
    raised: list[BaseException] = []

    def ask() -> None:
        try:
            echo.request("client/thing", {}, 0.05)
        except TimeoutError as error:
            raised.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    thread.join(10)
    assert "no answer" in str(raised[0])


def test_the_intake_thread_never_waits_for_itself(echo: Echo) -> None:
    with pytest.raises(AssertionError):
        echo.request("client/thing", {}, 1.0)


def test_a_new_conversation_is_not_initialized() -> None:
    assert Echo().stage == NEW
