"""Forgetting reaches what the agent keeps beside the store; no byte of it is left in any file."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.proposals import proposal_of
from treewright_agent.calls import Call
from treewright_agent.checkpoints import Checkpoints
from treewright_agent.conversations import Conversations
from treewright_agent.episodes import Episodes
from treewright_agent.feedback import FeedbackStore, Made
from treewright_agent.feedback.elsewhere import forget_kept
from treewright_agent.memory import Memory
from treewright_agent.trajectory import Trajectory
from treewright_indexer.errors import ArgumentsError
from treewright_indexer.text import SourceText
from treewright_server.cli import main
from treewright_server.tasking import workspace_key

WORD = "unforgettable"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TREEWRIGHT_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def keep(home: Path, root: str, task: str, word: str) -> None:
    """Everything that a task leaves behind, each with `word` in it."""
    state, key = home / "data" / "agent", workspace_key(root)
    with FeedbackStore.open() as store:
        made = proposal_of(f"p-{task}", f"{word}_1 = 1\n", f"{word}_2 = 1\n", source="model")
        store.record_proposal(made, root, made=Made(task=task))
        store.record_outcome(f"p-{task}", "accepted")
    episodes = Episodes(key, state / "episodes.db")
    calls = [Call("replace_text", {"path": "a.py", "old": word, "new": "x"})]
    episodes.add("f", task, f"rename {word}", "t", calls, "model", word, "h", {}, "proposed")
    episodes.close()
    memory = Memory(key, state / "memory.db")
    memory.add("task", f"{word} was renamed", f"task {task}")
    memory.close()
    checkpoints = Checkpoints(key, state / "checkpoints.db")
    text = SourceText(f"{word}\n".encode())
    checkpoints.save(root, {f"{root}/a.py": (text, None)}, task=task, title=word)
    checkpoints.close()
    conversations = Conversations(state / "conversations.db")
    conversations.say(key, f"c-{task}", "user", word)
    conversations.close()
    trajectory = Trajectory(task, state / "trajectories" / key)
    trajectory.add("request", "", text=word)
    trajectory.close()


def files_with(home: Path, word: str) -> list[str]:
    return [
        path.name
        for path in home.rglob("*")
        if path.is_file() and word.encode() in path.read_bytes()
    ]


def test_a_workspace_is_forgotten_everywhere_and_others_stay(home: Path, tmp_path: Path) -> None:
    one, other = str(tmp_path / "one"), str(tmp_path / "other")
    keep(home, one, "t1", WORD)
    keep(home, other, "t2", "staying")
    assert len(set(files_with(home, WORD))) >= 5  # it would be found
    assert main(["feedback", "forget", "--workspace", one]) == 0
    assert files_with(home, WORD) == []
    left = set(files_with(home, "staying"))
    assert {"feedback.sqlite3", "episodes.db", "memory.db", "conversations.db", "t2.jsonl"} <= left
    episodes = Episodes(workspace_key(other), home / "data/agent/episodes.db")
    assert episodes.verify_audit() == ""  # still a chain
    assert episodes.of_task("t2") is not None
    episodes.close()


def test_a_task_is_forgotten_and_the_workspace_stays(home: Path, tmp_path: Path) -> None:
    root = str(tmp_path / "one")
    keep(home, root, "t1", WORD)
    keep(home, root, "t2", "staying")
    assert main(["feedback", "forget", "--task", "t1"]) == 0
    # What was said in a conversation is of no task: it goes with its workspace.
    assert files_with(home, WORD) == ["conversations.db"]
    assert "t2.jsonl" in files_with(home, "staying")
    episodes = Episodes(workspace_key(root), home / "data/agent/episodes.db")
    assert (episodes.of_task("t1"), episodes.verify_audit()) == (None, "")
    episodes.close()


def test_everything(home: Path, tmp_path: Path) -> None:
    keep(home, str(tmp_path / "one"), "t1", WORD)
    (home / "data/agent/memory.db.damaged-1").write_text(WORD)
    assert main(["feedback", "forget", "--all"]) == 0
    assert files_with(home, WORD) == []


def test_one_thing_is_named_and_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(ArgumentsError, match="exactly one"):
        forget_kept(tmp_path / "none")
    with pytest.raises(ArgumentsError, match="exactly one"):
        forget_kept(tmp_path / "none", workspace="k", task="t")
    with pytest.raises(ArgumentsError, match="no such name"):
        forget_kept(tmp_path / "none", task="../../etc/passwd")
    assert forget_kept(tmp_path / "none", everything=True) == 0
    assert not (tmp_path / "none").exists()
