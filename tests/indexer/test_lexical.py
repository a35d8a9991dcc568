"""Words find code: the best chunk first, with unsaved text and files that wait to be indexed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.index import index_of, write
from treewright_indexer.search.lexical import search
from treewright_indexer.store.words import query_phrases, telling_phrases
from treewright_indexer.text import SourceText
from treewright_indexer.workspace import IndexSettings, Workspace

FILES: dict[str, str | bytes] = {
    "net/http.py": "class HTTPServer:\n    def start_listening(self):\n        '''Bind the socket.'''\n\n"
    "    def stop(self):\n        '''Close every connection.'''\n",
    "store.py": "def open_database(path):\n    '''Open the store and check it.'''\n    return path\n",
    "notes.txt": "How the retry policy backs off.\n",
}


@pytest.mark.parametrize(
    ("query", "path", "symbol"),
    [
        pytest.param("open_database", "store.py", "open_database", id="an identifier"),
        pytest.param("open database", "store.py", "open_database", id="its words"),
        pytest.param("http server", "net/http.py", "HTTPServer", id="humps"),
        pytest.param("where are connections closed", "net/http.py", "HTTPServer.stop", id="stems"),
        pytest.param("retry policy", "notes.txt", "", id="text without a language"),
    ],
)
def test_the_best_hit_is_first(tmp_path: Path, query: str, path: str, symbol: str) -> None:
    write(tmp_path, FILES)
    with index_of(tmp_path) as (workspace, _):
        best = search(workspace.snapshot(), query, 5)[0]
        assert best.path == path
        assert best.symbol.split(".")[0] == symbol.split(".")[0]


def test_a_hit_says_where_and_shows_what(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    with index_of(tmp_path) as (workspace, _):
        (hit,) = search(workspace.snapshot(), "check store", 1)
        assert hit._replace(score=0.0) == (
            *("store.py", 1, 3, "open_database", "function", 0.0, ("lexical",)),
            "def open_database(path):\n    '''Open the store and check it.'''\n    return path",
        )


@pytest.mark.parametrize("query", ["", "  ", "()[]", "'\"*", "zzzunknown"])
def test_nothing_is_found_for_nothing(tmp_path: Path, query: str) -> None:
    write(tmp_path, FILES)
    with index_of(tmp_path) as (workspace, _):
        assert search(workspace.snapshot(), query, 5) == []


def test_unsaved_text_counts_and_what_it_hides_does_not(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    with index_of(tmp_path) as (workspace, _):
        text = SourceText.of("def close_database(path):\n    '''Vacuum.'''\n")
        workspace.open_document(str(tmp_path / "store.py"), "python", text, 1)
        snapshot = workspace.snapshot()
        assert [hit.symbol for hit in search(snapshot, "vacuum", 5)] == ["close_database"]
        assert search(snapshot, "open_database", 5)[0].path == "store.py"
        assert all("check" not in hit.snippet for hit in search(snapshot, "check", 5))


def test_unsaved_text_ranks_as_if_it_were_indexed(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    with index_of(tmp_path) as (workspace, _):
        before = search(workspace.snapshot(), "store database", 5)
        text = SourceText(str(FILES["store.py"]).encode())
        workspace.open_document(str(tmp_path / "store.py"), "python", text, 1)
        after = search(workspace.snapshot(), "store database", 5)
        assert [hit[:5] for hit in after] == [hit[:5] for hit in before]
        assert after[0].score == pytest.approx(before[0].score, rel=0.35)


def test_files_that_wait_to_be_indexed_are_found(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False))
    try:
        folder = workspace.add_folder(str(tmp_path))
        folder.pause()
        folder.start(lambda done, total, message: None, lambda message: None)
        assert search(workspace.snapshot(), "open_database", 5)[0].symbol == "open_database"
    finally:
        workspace.close()


def test_scripts_without_blanks_are_found_by_what_stands_in_them(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "a.py": "def one():\n    # 订单支付失败后自动重试三次\n    return 1\n",
        "b.py": "def two():\n    # 画一个圆\n    return 2\n",
        "c.py": "def three():\n    # ネットワーク接続を閉じる\n    return 3\n",
    }
    write(tmp_path, files)
    with index_of(tmp_path) as (workspace, _):
        snapshot = workspace.snapshot()
        for query, path in (("重试", "a.py"), ("一个圆", "b.py"), ("接続を閉じる", "c.py")):
            assert [hit.path for hit in search(snapshot, query, 1)] == [path]
        assert search(snapshot, "试重", 1) == []  # both letters, and not the word


def test_words_of_every_chunk_are_not_asked_for_where_there_are_many_chunks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    query = "return the name of the vacuum database"
    assert telling_phrases(query_phrases(query)) == ["vacuum", "database"]
    assert telling_phrases(["return", "name"]) == ["return", "name"]  # nothing else to go by
    write(tmp_path, {**FILES, "x.py": "def name_it(self):\n    return self\n"})
    with index_of(tmp_path) as (workspace, _):
        all_words = search(workspace.snapshot(), query, 9)
        monkeypatch.setattr("treewright_indexer.store.store._MANY_CHUNKS", 0)
        few = search(workspace.snapshot(), query, 9)
        assert {hit.symbol for hit in all_words} == {"open_database", "name_it"}
        assert {hit.symbol for hit in few} == {"open_database"}
