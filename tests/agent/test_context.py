"""What a prompt is given: within its tokens, the best first, and the turn that matters."""

from __future__ import annotations

import atexit
import tempfile
from functools import lru_cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.fixtures import workspace_of
from treewright_agent.context import (
    Block,
    Environment,
    Place,
    Turn,
    compress,
    gather,
    select_recent_conversations,
)
from treewright_agent.diagnostics import Diagnostic
from treewright_agent.models.tokens import estimate
from treewright_indexer.cancel import CancelToken
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

FILES = {
    "pkg/parse.py": "def parse(text):\n    return [part.strip() for part in text.split(',')]\n",
    "pkg/use.py": "from pkg.parse import parse\n\n\ndef main(path):\n    return parse(open(path).read())\n",
    "pkg/other.py": "\n".join(f"def f{n}(x):\n    return x + {n}\n" for n in range(60)),
    "tests/test_parse.py": "from pkg.parse import parse\n\n\ndef test_parse():\n    assert parse('a, b') == ['a', 'b']\n",
}


def test_a_request_on_a_diagnostic_has_its_text_the_definition_and_its_callers(
    tmp_path: Path,
) -> None:
    with workspace_of(tmp_path, FILES) as fx:
        path = fx.absolute("pkg/parse.py")
        here = Span(4, 9)
        found = Diagnostic(path, here, "E1", "ty", "a list is returned", 1)
        environment = Environment(Place(path, here), (found,))
        blocks = gather(fx.snapshot, "fix this", environment, CancelToken())
        shown = compress(blocks, fx.snapshot, 4_000, estimate).text
        said = environment.text(fx.snapshot)
    assert "a list is returned [E1] (ty)" in said
    assert "The cursor is at pkg/parse.py:1." in said
    assert "def parse(text):" in shown
    assert "parse(open(path).read())" in shown


@lru_cache(maxsize=1)
def _workspace() -> tuple[Snapshot, str]:
    """One workspace for all examples; it ends with the process."""
    folder = tempfile.TemporaryDirectory(prefix="treewright-context-")
    manager = workspace_of(Path(folder.name), FILES)
    fx = manager.__enter__()

    def tidy() -> None:
        manager.__exit__(None, None, None)
        folder.cleanup()

    atexit.register(tidy)
    return fx.snapshot, fx.absolute("pkg/other.py")


_PIECES = st.lists(st.tuples(st.integers(1, 180), st.integers(0, 60)), min_size=0, max_size=14)


@settings(max_examples=150, deadline=None)
@given(pieces=_PIECES, limit=st.integers(0, 1_500))
def test_never_above_the_limit_and_never_a_better_block_dropped(
    pieces: list[tuple[int, int]], limit: int
) -> None:
    snapshot, path = _workspace()
    blocks = [Block(path, first, first + n, "x") for first, n in pieces]
    context = compress(blocks, snapshot, limit, estimate)
    assert context.tokens <= limit or not context.blocks
    assert list(context.blocks) == blocks[: len(context.blocks)]
    assert context.left_out == len(blocks) - len(context.blocks)


def test_edited_files_are_left_to_the_state(tmp_path: Path) -> None:
    with workspace_of(tmp_path, FILES) as fx:
        path = fx.absolute("pkg/parse.py")
        blocks = [Block(path, 1, 2, "x"), Block(fx.absolute("pkg/use.py"), 1, 5, "y")]
        context = compress(blocks, fx.snapshot, 1_000, estimate, frozenset({path}))
    assert "def parse" not in context.text
    assert "def main" in context.text


def test_the_turn_that_defines_a_fact_is_kept_of_twenty() -> None:
    turns = [Turn("user", f"something about topic {n}") for n in range(19)]
    turns[3] = Turn("user", "we call the ledger's key ACCOUNT_SALT from now on")
    turns.append(Turn("user", "what is ACCOUNT_SALT?"))
    kept = select_recent_conversations(turns, "what is ACCOUNT_SALT?")
    assert turns[3] in kept
    assert kept[-1] == turns[-1]
    assert len(kept) <= 5
    assert [turns.index(turn) for turn in kept] == sorted(turns.index(turn) for turn in kept)


def test_no_turns_are_no_turns() -> None:
    assert select_recent_conversations([], "x") == []
    assert select_recent_conversations([Turn("user", "a")], "x") == [Turn("user", "a")]
