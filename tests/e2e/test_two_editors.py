"""Two editors on one folder share its index: neither breaks it, whatever the other does."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.support.index import fresh_dump, many_files, write
from tests.support.lsp_client import LspClient
from treewright_indexer.store import Store
from treewright_indexer.workspace import IndexSettings, Workspace, index_path

pytestmark = pytest.mark.e2e


def defined(client: LspClient, root: Path, name: str) -> list[str]:
    """The files in which the server finds a definition of exactly `name`."""
    found: list[dict[str, Any]] = client.request("workspace/symbol", {"query": name}) or []
    prefix = root.as_uri() + "/"
    return sorted(
        each["location"]["uri"].removeprefix(prefix) for each in found if each["name"] == name
    )


def index_of_home(home: Path, root: Path) -> Path:
    """The one index file that the servers made."""
    (found,) = (home / "cache" / "index").glob(f"{root.name}-*.db")
    return found


def test_two_editors_share_one_index_and_one_is_killed(tmp_path: Path) -> None:
    root, home = tmp_path / "shared", tmp_path / "home"
    write(root, many_files(260))  # enough for worker processes, which only one of the two starts
    with LspClient(home=home) as one, LspClient(home=home) as two:
        one.initialize(root)
        two.initialize(root)
        # Both answer while the index is made, and speak of the same files.
        assert defined(one, root, "f11") == defined(two, root, "f11") == ["pkg4/m11.py"]
        one.wait_index()
        two.wait_index()

        # What one has not saved is its own; what it saved is seen by both.
        uri = one.open(root / "pkg4/m11.py")
        one.change(uri, ((0, 0, 0, 0), "def unsaved_thing(): ...\n"))
        assert defined(one, root, "unsaved_thing") == ["pkg4/m11.py"]
        assert defined(two, root, "unsaved_thing") == []
        write(root, {"made.py": "def made_by_one(): ...\n"})
        one.notify(
            "workspace/didChangeWatchedFiles",
            {"changes": [{"uri": (root / "made.py").as_uri(), "type": 1}]},
        )
        one.eventually(lambda: defined(one, root, "made_by_one") == ["made.py"])
        two.eventually(lambda: defined(two, root, "made_by_one") == ["made.py"])

        # Both see a storm of writes; one dies in the middle of it.
        shutil.rmtree(root / "pkg3")
        write(root, {f"new/n{n}.py": f"def fresh_{n}(): ...\n" for n in range(230)})
        one.process.kill()
        two.eventually(lambda: defined(two, root, "fresh_229") == ["new/n229.py"])
        two.wait_index()
        two.eventually(lambda: defined(two, root, "f10") == [])  # it stood in pkg3
        assert defined(two, root, "unsaved_thing") == []
        assert two.shutdown() == 0

    cache = index_of_home(home, root).parent.parent
    settings = IndexSettings(cache_dir=cache, watch=False)
    path = index_path(settings, str(root))
    assert path is not None
    assert path.exists()
    store = Store.open(path)
    try:
        assert store.check() == []
    finally:
        store.close()
    workspace = Workspace(settings)
    try:
        folder = workspace.add_folder(str(root))
        assert folder.wait_ready(60)
        assert folder.n_extracted == 0  # all that was written is there: nothing is read again
        assert folder.store.dump() == fresh_dump(root)
    finally:
        workspace.close()


def test_an_answer_says_that_the_index_is_not_complete(tmp_path: Path) -> None:
    root = tmp_path / "large"
    write(root, many_files(1500))
    with LspClient(home=tmp_path / "home", settings={"index": {"workers": 1}}) as client:
        client.initialize(root)
        found = client.request("workspace/symbol", {"query": "f11"})
        early = [each for each in found if each["name"] == "f11"]
        assert len(early) == 1
        assert early[0]["data"]["indexing"] != 0
        notes = [
            each["params"]["message"]
            for each in client.notifications
            if each["method"] == "window/logMessage"
        ]
        told = [note for note in notes if "the index is not complete yet" in note]
        assert len(told) == 1
        client.request("workspace/symbol", {"query": "f12"})
        client.wait_index()
        (late,) = (
            each
            for each in client.request("workspace/symbol", {"query": "f11"})
            if each["name"] == "f11"
        )
        assert "data" not in late
        assert {**early[0], "data": None} == {**late, "data": None}
        (folder,) = client.request("treewright/status", {})["folders"]
        assert (folder["ready"], folder["pending"], folder["listed"]) == (True, 0, True)
