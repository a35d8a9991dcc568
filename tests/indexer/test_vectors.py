"""Vectors behind the index: what is embedded, what is not, and the nearest rows."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.index import write
from tests.support.models import DIMENSIONS, FixedModels, WordEncoder
from treewright_indexer.encoders.manifest import ModelError
from treewright_indexer.search import dense
from treewright_indexer.search.dense import DenseIndex, pack
from treewright_indexer.search.engine import search
from treewright_indexer.search.vectors import Vectors
from treewright_indexer.store.vectors import SharedVectors
from treewright_indexer.workspace import Folder, IndexSettings, Workspace

FILES: dict[str, str | bytes] = {
    "a.py": "def open_door():\n    return 'hinge'\n\n\ndef close_door():\n    return 'latch'\n",
    "b.py": "def paint_wall():\n    return 'brush'\n",
}


@contextmanager
def workspace_of(
    root: Path, models: Any, cache: Path | None = None
) -> Iterator[tuple[Workspace, Folder]]:
    workspace = Workspace(IndexSettings(cache_dir=cache, watch=False, workers=0))
    workspace.models = models
    try:
        folder = workspace.add_folder(str(root))
        assert folder.wait_ready(30)
        yield workspace, folder
    finally:
        workspace.close()


def vectors_of(folder: Folder) -> Vectors:
    assert folder.vectors is not None
    assert folder.vectors.wait_complete(30)
    return folder.vectors


# ---------------------------------------------------------------- behind the index


def test_only_what_changed_is_embedded_again(tmp_path: Path) -> None:
    root, encoder = tmp_path / "w", WordEncoder()
    write(root, FILES)
    with workspace_of(root, FixedModels(encoder), tmp_path / "cache") as (workspace, folder):
        vectors = vectors_of(folder)
        chunks = folder.store.counts()["chunks"]
        assert vectors.n_embedded == len(encoder.embedded) == chunks
        encoder.embedded.clear()
        write(root, {"b.py": "def paint_wall():\n    return 'roller'\n"})
        workspace.files_changed([str(root / "b.py")])
        assert folder.wait_ready(30)
        vectors_of(folder)
        assert [text for text in encoder.embedded if "roller" not in text] == []
        assert len(encoder.embedded) == 1


def test_a_second_start_and_a_copy_of_the_tree_embed_nothing(tmp_path: Path) -> None:
    cache = tmp_path / "cache"
    for name in ("w", "w", "worktree"):
        write(tmp_path / name, FILES)
        encoder = WordEncoder()
        with workspace_of(tmp_path / name, FixedModels(encoder), cache) as (_, folder):
            vectors = vectors_of(folder)
            assert len(vectors.index or ()) == folder.store.counts()["chunks"]
        if name == "w" and (tmp_path / "done").exists():
            assert encoder.embedded == []
        (tmp_path / "done").touch()
    assert encoder.embedded == []


def test_another_model_has_vectors_of_its_own(tmp_path: Path) -> None:
    write(tmp_path / "w", FILES)
    for generation in ("one", "two"):
        encoder = WordEncoder(generation=generation)
        with workspace_of(tmp_path / "w", FixedModels(encoder), tmp_path / "cache") as (_, folder):
            vectors_of(folder)
            assert len(encoder.embedded) == folder.store.counts()["chunks"]
    assert len(list((tmp_path / "cache" / "vectors").glob("*.db"))) == 2


def test_deleted_files_leave_the_vectors(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    with workspace_of(tmp_path, FixedModels(WordEncoder())) as (workspace, folder):
        before = len(vectors_of(folder).index or ())
        (tmp_path / "a.py").unlink()
        workspace.files_changed([str(tmp_path / "a.py")])
        assert folder.wait_ready(30)
        vectors = vectors_of(folder)
        assert 0 < len(vectors.index or ()) == folder.store.counts()["chunks"] < before


def test_styles_locks_and_copies_are_not_embedded(tmp_path: Path) -> None:
    dull: dict[str, str | bytes] = {
        "a.css": "p { color: red }",
        "dist/a.js": "f()",
        "x.lock": "hash",
    }
    write(tmp_path, {**FILES, **dull})
    encoder = WordEncoder()
    with workspace_of(tmp_path, FixedModels(encoder)) as (_, folder):
        vectors = vectors_of(folder)
        assert vectors.complete
        assert not [text for text in encoder.embedded if "color" in text or "hash" in text]
        assert len(vectors.index or ()) < folder.store.counts()["chunks"]


def test_closing_does_not_wait_for_the_rest(tmp_path: Path) -> None:
    write(tmp_path, {f"m{i}.py": f"def f{i}():\n    return {i}\n" for i in range(900)})
    encoder = WordEncoder()
    encoder.gate = threading.Event()
    with workspace_of(tmp_path, FixedModels(encoder)) as (_, folder):
        vectors = folder.vectors
        assert vectors is not None
        assert not vectors.wait_complete(0.3)
        assert not vectors.complete
        threading.Timer(0.1, encoder.gate.set).start()
        vectors.close()
        assert len(encoder.embedded) < 900


def test_a_model_that_cannot_be_used_is_said_once(tmp_path: Path) -> None:
    write(tmp_path, FILES)
    told: list[str] = []
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False, workers=0))
    workspace.models = FixedModels(problem=ModelError("the file is damaged"))  # pyright: ignore[reportAttributeAccessIssue]
    workspace.on_problem = told.append
    folder = workspace.add_folder(str(tmp_path))
    assert folder.wait_ready(30)
    assert folder.vectors is not None
    assert not folder.vectors.wait_complete(10)
    assert folder.vectors.problem == "the file is damaged"
    assert told == ["search by meaning is off: the file is damaged"]
    workspace.close()


# ---------------------------------------------------------------- the file of vectors


def test_vectors_that_do_not_fit_are_not_taken(tmp_path: Path) -> None:
    shared = SharedVectors(tmp_path / "v.db", "g", 4)
    shared.put([(b"k" * 16, b"12345678"), (b"l" * 16, b"short")])
    assert shared.get([b"k" * 16, b"l" * 16, b"m" * 16]) == {b"k" * 16: b"12345678"}
    shared.close()


def test_a_damaged_file_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "v.db"
    path.write_bytes(b"this is no database" * 400)
    shared = SharedVectors(path, "g", 4)
    shared.put([(b"k" * 16, b"12345678")])
    assert shared.get([b"k" * 16]) == {b"k" * 16: b"12345678"}
    shared.close()


# ---------------------------------------------------------------- nearest rows


def _random(n: int, seed: int = 1) -> Any:
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((max(1, n // 50), DIMENSIONS))
    rows = centres[rng.integers(len(centres), size=n)] + 0.6 * rng.standard_normal((n, DIMENSIONS))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def _filled(vectors: Any) -> DenseIndex:
    index = DenseIndex(DIMENSIONS)
    numbers = list(range(1, len(vectors) + 1))
    index.update(np.array(numbers), list(zip(numbers, pack(vectors), strict=True)))
    return index


def test_the_nearest_are_those_of_brute_force() -> None:
    vectors = _random(3000)
    index = _filled(vectors)
    for query in vectors[::500]:
        exact = np.argsort(-(vectors @ query), kind="stable")[:10] + 1
        found = [number for number, _ in index.search(query, 10)]
        assert len(set(exact.tolist()) & set(found)) >= 9
        assert found[0] == exact[0]


def test_candidates_by_bits_lose_next_to_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = _random(20_000)
    exact_index = _filled(vectors)
    bit_index = _filled(vectors)
    queries = vectors[::1000]
    exact = [{n for n, _ in exact_index.search(q, 10)} for q in queries]
    monkeypatch.setattr(dense, "_EXACT_ROWS", 1000)
    found = [{n for n, _ in bit_index.search(q, 10)} for q in queries]
    shared = sum(len(a & b) for a, b in zip(exact, found, strict=True))
    assert shared >= 0.97 * 10 * len(queries)


def test_rows_that_are_gone_are_not_found() -> None:
    vectors = _random(100)
    index = _filled(vectors)
    index.update(np.arange(1, 51), [])
    assert len(index) == 50
    assert all(number <= 50 for number, _ in index.search(vectors[80], 100))
    assert index.scores(vectors[0], [1, 99]).keys() == {1}


def test_stored_bytes_keep_the_cosine() -> None:
    vectors = _random(200)
    index = _filled(vectors)
    for number, cosine in index.search(vectors[7], 200):
        assert cosine == pytest.approx(float(vectors[number - 1] @ vectors[7]), abs=0.01)


def test_an_empty_index_finds_nothing() -> None:
    assert DenseIndex(DIMENSIONS).search(_random(1)[0], 5) == []
    assert DenseIndex(DIMENSIONS).scores(_random(1)[0], [1]) == {}


# ---------------------------------------------------------------- generations


def _many(n: int) -> dict[str, str | bytes]:
    return {f"m{i}.py": f"def handle_{i}():\n    return 'door {i}'\n" for i in range(n)}


def test_a_static_model_stands_in_until_the_vectors_are_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treewright_indexer.search.vectors._QUICK_FROM", 1)
    encoder, quick = WordEncoder(), WordEncoder(generation="quick:1")
    encoder.gate = threading.Event()
    models = FixedModels(encoder)
    models.quick_encoder = quick
    write(tmp_path / "w", {**_many(8), **FILES})
    with workspace_of(tmp_path / "w", models) as (workspace, folder):
        vectors = folder.vectors
        assert vectors is not None
        vectors.wake()
        end = time.monotonic() + 20
        while vectors.index is None or len(vectors.index) < 11:
            assert time.monotonic() < end
            time.sleep(0.02)
        serving = vectors.serving
        assert serving is not None
        assert serving.encoder is quick
        assert not serving.wanted
        answer = search(workspace.snapshot(), "hinge of an open door", 3)
        assert answer.hits[0].symbol == "open_door"
        assert "dense" in answer.hits[0].sources
        assert not answer.complete
        assert any("stands in" in note for note in answer.notes)
        encoder.gate.set()
        assert vectors.wait_complete(30)
        serving = vectors.serving
        assert serving is not None
        assert serving.wanted
        assert serving.encoder is encoder
        answer = search(workspace.snapshot(), "hinge of an open door", 3)
        assert answer.complete
        assert answer.notes == ()


def test_what_was_embedded_before_needs_no_stand_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("treewright_indexer.search.vectors._QUICK_FROM", 1)
    write(tmp_path / "w", FILES)
    used: list[bool] = []
    for _ in range(2):
        quick = WordEncoder(generation="quick:1")
        models = FixedModels(WordEncoder())
        models.quick_encoder = quick
        with workspace_of(tmp_path / "w", models, tmp_path / "cache") as (_, folder):
            vectors_of(folder)
        used.append(bool(quick.embedded))
    assert used == [True, False]


def test_old_vectors_serve_until_those_of_another_model_are_done(tmp_path: Path) -> None:
    old, new = WordEncoder(), WordEncoder({"hinge": "latch"}, generation="words:2")
    new.gate = threading.Event()
    write(tmp_path / "w", FILES)
    with workspace_of(tmp_path / "w", FixedModels(old)) as (workspace, folder):
        vectors = vectors_of(folder)
        workspace.use_models(FixedModels(new))  # pyright: ignore[reportArgumentType]
        answer = search(workspace.snapshot(), "hinge", 3, mode="dense")
        assert answer.hits[0].symbol == "open_door"
        assert vectors.serving is not None
        assert vectors.serving.encoder is old
        new.gate.set()
        assert vectors.wait_complete(30)
        assert vectors.serving is not None
        assert vectors.serving.encoder is new
        assert vectors.progress == (3, 3)


def test_another_model_mends_one_that_could_not_be_used(tmp_path: Path) -> None:
    write(tmp_path / "w", FILES)
    broken = FixedModels(problem=ModelError("the file is damaged"))
    with workspace_of(tmp_path / "w", broken) as (workspace, folder):
        vectors = folder.vectors
        assert vectors is not None
        assert not vectors.wait_complete(10)
        assert "damaged" in vectors.problem
        workspace.use_models(FixedModels(WordEncoder()))  # pyright: ignore[reportArgumentType]
        assert vectors.wait_complete(30)
        assert vectors.problem == ""
