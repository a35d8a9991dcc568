# pyright: basic
# Works on values of the tested program, whose types nobody knows.
"""How patches behave on inputs that the tests do not have.

The calls that the tests make are recorded, changed a little (a shorter list, a neighbour of
a number, an empty text), and each patch answers all of them. Patches that answer alike are
one repair to the user; an input on which they differ is the question to ask.
"""

from __future__ import annotations

import copy
import hashlib
import inspect
import os
import random
import select
import sys
import types
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from treewright_agent.repair.host import pool
from treewright_agent.repair.host.collect import Test
from treewright_agent.repair.host.judge import run_once
from treewright_agent.repair.host.limits import OutOfTime, Timer
from treewright_agent.repair.host.state import State
from treewright_agent.repair.host.swap import Swapper, Unit, Unswappable
from treewright_agent.repair.host.wire import LineReader, send

_MAX_CALLS = 60
_MAX_PER_TEST = 12
_MAX_SHOWN = 160
_MAX_PULLED = 300
_MAX_HUNG = 6
_PATIENCE_S = 1.0


def behave(
    root: str, tests: Sequence[Test], swapper: Swapper, request: Mapping[str, Any], out: int
) -> None:
    """Send `{"inputs": [text]}` and then `{"patch": id, "answers": [[digest, text]]}` for
    the program as it is (id -1) and for each patch.

    Each patch answers in a child of its own, which is given up when it says nothing.
    """
    live = swapper.find(Unit.of(request["unit"]))
    if not live:
        return
    function = live[0]
    if inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
        return
    limit = float(request["limit"])
    chosen = [tests[index] for index in request["tests"]]
    calls = _recorded(chosen, function, Timer(), limit)
    inputs = list(_inputs(calls, int(request["n_inputs"]), random.Random(request["seed"])))
    shown = [_shown_call(function, arguments) for arguments in inputs]
    send(out, {"inputs": shown, "n_recorded": len(calls)})
    state = State(root, swapper.functions())
    for patch in [{"id": -1, "units": []}, *request["patches"]]:
        answers = _in_child(
            lambda fd, p=patch: _answer_all(swapper, state, function, p, inputs, limit, fd)
        )
        if answers:
            answers += [["hangs", "hangs"]] * (len(inputs) - len(answers))
            send(out, {"patch": patch["id"], "answers": answers})


def _in_child(work: Callable[[int], None]) -> list[list[str]]:
    pid, fd = pool.in_child(work)
    reader = LineReader(fd)
    answers: list[list[str]] = []
    try:
        while reader.open and select.select([fd], [], [], _PATIENCE_S)[0]:
            answers += [message["answer"] for message in reader.feed() if "answer" in message]
    finally:
        os.close(fd)
        pool.end(pid)
    return answers


def _answer_all(
    swapper: Swapper, state: State, function: types.FunctionType, patch: Mapping[str, Any],
    inputs: Sequence[Sequence[Any]], limit: float, out: int,
) -> None:  # fmt: skip
    timer = Timer()
    try:
        for row in patch["units"]:
            swapper.put(Unit.of(row), row["edits"])
    except (SyntaxError, Unswappable):
        return
    n_hung = 0
    for arguments in inputs:
        text = "hangs"
        if n_hung < _MAX_HUNG:
            state.restore()
            text = _answer(function, arguments, timer, limit)
            n_hung += text == "hangs"
        digest = hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=6)
        send(out, {"answer": [digest.hexdigest(), text[:_MAX_SHOWN]]})


def _shown_call(function: types.FunctionType, arguments: Sequence[Any]) -> str:
    inner = ", ".join(canonical(value)[:80] for value in arguments)
    return f"{function.__name__}({inner})"[:_MAX_SHOWN]


# -------------------------------------------------------------------- recording


def _recorded(
    tests: Sequence[Test], function: types.FunctionType, timer: Timer, limit: float
) -> list[list[Any]]:
    """The positional arguments of the calls that the tests make, each kept once."""
    code = function.__code__
    names = code.co_varnames[: code.co_argcount]
    calls: list[list[Any]] = []
    seen: set[str] = set()
    n_here = 0

    def record(frame: types.FrameType, event: str, arg: Any) -> None:
        nonlocal n_here
        if event != "call" or frame.f_code is not code or n_here >= _MAX_PER_TEST:
            return
        if len(calls) >= _MAX_CALLS or (frame.f_lasti > 0 and _resumed(frame)):
            return
        sys.setprofile(None)
        try:
            held = frame.f_locals
            arguments = copy.deepcopy([held[name] for name in names])
            text = canonical(arguments)
            if text not in seen and len(text) < 20000:
                seen.add(text)
                calls.append(arguments)
                n_here += 1
        except Exception:  # a value that cannot be copied: this call is not replayed
            n_here += 1
        finally:
            sys.setprofile(record)

    for test in tests:
        n_here = 0
        sys.setprofile(record)
        try:
            run_once(test, timer, limit)
        finally:
            sys.setprofile(None)
    return calls


def _resumed(frame: types.FrameType) -> bool:
    """A generator that goes on is no new call."""
    return bool(frame.f_code.co_flags & inspect.CO_GENERATOR) and frame.f_lasti > 8


# -------------------------------------------------------------------- inputs


def _inputs(calls: list[list[Any]], n_inputs: int, rng: random.Random) -> Iterator[list[Any]]:
    """The recorded calls, then neighbours of them, no two alike."""
    seen: set[str] = set()
    count = 0
    for arguments in [*calls[: n_inputs // 3], *_neighbours(calls, n_inputs * 6, rng)]:
        text = canonical(arguments)
        if text in seen:
            continue
        seen.add(text)
        yield arguments
        count += 1
        if count >= n_inputs:
            return


def _neighbours(calls: list[list[Any]], tries: int, rng: random.Random) -> Iterator[list[Any]]:
    if not calls:
        return
    for number in range(tries):
        arguments = list(calls[number % len(calls)])
        if not arguments:
            continue
        position = rng.randrange(len(arguments))
        for _ in range(rng.choice((1, 1, 2))):
            try:
                arguments[position] = _changed(arguments[position], rng)
            except Exception:
                break
            position = rng.randrange(len(arguments))
        yield arguments


def _changed(value: Any, rng: random.Random, depth: int = 0) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return rng.choice((value + 1, value - 1, value + 2, value * 2, value // 2, 0, 1, -value))
    if isinstance(value, float):
        return rng.choice((value + 1.0, value - 1.0, value * 2, value / 2, 0.0, -value))
    if isinstance(value, str):
        return _changed_text(value, rng)
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):  # pyright: ignore[reportUnknownArgumentType]
        items: list[Any] = list(value)  # pyright: ignore[reportUnknownArgumentType]
        changed = _changed_items(items, rng, depth)
        return changed if isinstance(value, list) else tuple(changed)
    if isinstance(value, dict) and type(value) is dict:  # pyright: ignore[reportUnknownArgumentType]
        pairs: list[tuple[Any, Any]] = list(value.items())  # pyright: ignore[reportUnknownArgumentType]
        if not pairs:
            return value  # pyright: ignore[reportUnknownVariableType]
        index = rng.randrange(len(pairs))
        if rng.random() < 0.4:
            return dict(pairs[:index] + pairs[index + 1 :])
        key, item = pairs[index]
        pairs[index] = (key, _changed(item, rng, depth + 1))
        return dict(pairs)
    if isinstance(value, (set, frozenset)):
        members: list[Any] = sorted(value, key=repr)  # pyright: ignore[reportUnknownArgumentType]
        return type(value)(_changed_items(members, rng, depth))  # pyright: ignore[reportUnknownVariableType]
    return value


def _changed_text(value: str, rng: random.Random) -> str:
    if not value:
        return rng.choice(("a", " ", "ab"))
    index = rng.randrange(len(value))
    return rng.choice(
        (
            "",
            value[:index] + value[index + 1 :],
            value[:index] + value[index] + value[index:],
            value[::-1],
            value + value[:1],
            value[: index + 1],
            value[index:],
            value.upper() if value.islower() else value.lower(),
            value[:index] + " " + value[index:],
            value + value,
        )
    )


def _changed_items(items: list[Any], rng: random.Random, depth: int) -> list[Any]:
    if not items:
        return items
    index = rng.randrange(len(items))
    way = rng.randrange(8)
    if way == 0:
        return []
    if way == 1:
        return items[:index] + items[index + 1 :]
    if way == 2:
        return items[: index + 1]
    if way == 3:
        return items[::-1]
    if way == 4:
        return [*items, items[index]]
    if way == 5 and len(items) > 1:
        other = rng.randrange(len(items))
        items[index], items[other] = items[other], items[index]
        return items
    if depth < 3:
        return [*items[:index], _changed(items[index], rng, depth + 1), *items[index + 1 :]]
    return items[index:]


# -------------------------------------------------------------------- answers


def _answer(
    function: types.FunctionType, arguments: Sequence[Any], timer: Timer, limit: float
) -> str:
    """What the call gives back and what it does to its arguments, as one line."""
    try:
        given = copy.deepcopy(list(arguments))
        before = canonical(given)
    except Exception:
        return "not callable"
    timer.start(limit)
    try:
        result: Any = function(*given)
        if isinstance(result, types.GeneratorType):
            pulled: list[Any] = []
            for item in result:  # pyright: ignore[reportUnknownVariableType]
                pulled.append(item)
                if len(pulled) >= _MAX_PULLED:
                    break
            result = pulled
        text = canonical(result)
    except OutOfTime:
        return "hangs"
    except BaseException as error:
        return "hangs" if timer.expired else f"raises {type(error).__name__}"
    finally:
        timer.stop()
    if timer.expired:
        return "hangs"
    after = canonical(given)
    return text if after == before else f"{text}, and leaves {after}"


def canonical(value: Any, depth: int = 0, held: frozenset[int] = frozenset()) -> str:
    """A text that is equal for values that are; objects count by what they hold."""
    if value is None or isinstance(value, (bool, int, str, bytes, complex)):
        return repr(value)
    if isinstance(value, float):
        return repr(round(value, 9))
    if depth > 12:
        return "…"
    if id(value) in held:
        return "<above>"
    held = held | {id(value)}
    deeper = depth + 1
    if isinstance(value, dict):
        rows = [
            f"{canonical(key, deeper, held)}: {canonical(item, deeper, held)}"
            for key, item in value.items()  # pyright: ignore[reportUnknownVariableType]
        ]
        return f"{_prefix(value, dict)}{{{', '.join(sorted(rows))}}}"
    if isinstance(value, (set, frozenset)):
        rows = sorted(canonical(item, deeper, held) for item in value)  # pyright: ignore[reportUnknownVariableType]
        return f"{_prefix(value, set)}{{{', '.join(rows)}}}"
    if isinstance(value, (list, tuple)):
        inner = ", ".join(canonical(item, deeper, held) for item in value)  # pyright: ignore[reportUnknownVariableType]
        marks = "[]" if isinstance(value, list) else "()"
        return f"{marks[0]}{inner}{marks[1]}"
    if isinstance(value, (type, types.FunctionType, types.BuiltinFunctionType, types.ModuleType)):
        return str(getattr(value, "__name__", value))
    held_values = getattr(value, "__dict__", None)
    if held_values is None:
        slots = getattr(type(value), "__slots__", ())
        names = (slots,) if isinstance(slots, str) else slots
        held_values = {name: getattr(value, name) for name in names if hasattr(value, name)}
        if not held_values:
            text = repr(value)
            return text if " at 0x" not in text else type(value).__name__
    inner = ", ".join(
        f"{name}={canonical(item, deeper, held)}" for name, item in dict(held_values).items()
    )
    return f"{type(value).__name__}({inner})"


def _prefix(value: object, plain: type) -> str:
    return "" if type(value) is plain else type(value).__name__
