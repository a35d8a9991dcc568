"""search(): plans, fusion, what each retriever adds, and what happens when one fails."""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.index import write
from tests.support.models import VOCABULARY, FixedModels, WordEncoder, write_model
from treewright_indexer.encoders.manifest import ModelError
from treewright_indexer.encoders.shelf import Models, ModelSettings
from treewright_indexer.search import engine, retrievers
from treewright_indexer.search.context import context, estimated_tokens, lines_of
from treewright_indexer.search.engine import search
from treewright_indexer.search.fuse import Candidate, fuse
from treewright_indexer.search.lexical import Hit
from treewright_indexer.search.places import place_of
from treewright_indexer.search.plan import plan_of
from treewright_indexer.search.similar import similar
from treewright_indexer.text import SourceText, Span
from treewright_indexer.workspace import IndexSettings, Workspace

FILES: dict[str, str | bytes] = {
    "shop/pay.py": "from shop.net import send\n\n\ndef charge_card(card, amount):\n"
    "    for attempt in range(3):\n        if send(card, amount):\n            return True\n    return False\n",
    "shop/net.py": "def send(card, amount):\n    return bool(card)\n\n\nclass Connection:\n    def close(self):\n"
    "        self.socket = None\n",
    "shop/paint.py": "def draw_line(canvas):\n    canvas.stroke()\n",
    "tests/test_pay.py": "from shop.pay import charge_card\n\n\ndef test_charge_card():\n    assert charge_card('x', 1)\n",
    "docs/pay.md": "# Paying\n\ncharge_card charges the card and tries again.\n",
    "pyproject.toml": "[project]\nname = 'shop'\n",
}
SYNONYMS = {"retry": "attempt", "payments": "charge", "payment": "charge"}


@contextmanager
def shop(
    root: Path, encoder: Any = None, files: dict[str, str | bytes] | None = None
) -> Iterator[Workspace]:
    write(root, files or FILES)
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False, workers=0))
    if encoder is not None:
        workspace.models = encoder if isinstance(encoder, FixedModels) else FixedModels(encoder)  # pyright: ignore[reportAttributeAccessIssue]
    try:
        folder = workspace.add_folder(str(root))
        assert folder.wait_ready(30)
        if folder.vectors is not None:
            folder.vectors.wait_complete(30)
        yield workspace
    finally:
        workspace.close()


def paths(answer: engine.Answer) -> list[str]:
    return [hit.path for hit in answer.hits]


# ---------------------------------------------------------------- plans


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        ("SessionMiddleware", "identifier"),
        ("http.client.send", "identifier"),
        ("src/http/client.py", "path"),
        ("How is the session cookie signed?", "question"),
        ("where do we retry payments", "question"),
        ("Fix crash when the header is empty", "commit"),
        ("feat(router): allow nested groups", "commit"),
        ("Return the number of days between two dates.", "docstring"),
        ("Returns the first matching route", "docstring"),
        ("python read csv file into dict", "web"),
        ("how to remove duplicates from list", "web"),
        ("TypeError: 'NoneType' object is not subscriptable", "error"),
        ("for x in items:\n    total += x", "code"),
        ("session cookie signing", "prose"),
        ("重试支付在哪里", "prose"),
    ],
)
def test_what_a_query_is(query: str, kind: str) -> None:
    assert plan_of(query).kind == kind
    assert plan_of(query) == plan_of(query)


def test_files_and_spans_are_ranked_differently() -> None:
    question, docstring = plan_of("where is the cache filled?"), plan_of("Return the filled cache.")
    assert question.spread < docstring.spread == 1.0
    assert question.file > docstring.file


def test_names_and_paths_are_found_in_prose() -> None:
    plan = plan_of("why does getUserInfo call `load` in src/user.py?")
    assert {"getUserInfo", "load"} <= set(plan.names)
    assert "src/user.py" in plan.paths


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("src/app.py", "source"),
        ("tests/test_app.py", "tests"),
        ("pkg/app_test.go", "tests"),
        ("src/FooTest.java", "tests"),
        ("spec/app_spec.rb", "tests"),
        ("Tests/AppTests/Helpers.swift", "tests"),
        ("src/Shop.Core.Tests/Fakes.cs", "tests"),
        ("core/src/commonTest/kotlin/Fake.kt", "tests"),
        ("test/Data/ShopSpec.hs", "tests"),
        ("core/ParserSuite.scala", "tests"),
        ("apps/shop/test/cart_test.exs", "tests"),
        ("unittest/mock.py", "source"),
        ("Source/Contests/Ranking.cs", "source"),
        ("internal/build/plan.go", "minor"),
        ("deps/lua/src/lapi.c", "vendored"),
        ("README.md", "documents"),
        ("docs/index.rst", "documents"),
        ("vendor/lib/x.go", "vendored"),
        ("dist/app.min.js", "vendored"),
        ("src/contest/latest.py", "source"),
        ("src/protest.py", "source"),
    ],
)
def test_places(path: str, place: str) -> None:
    assert place_of(path) == place


# ---------------------------------------------------------------- fusion


def _candidate(path: str, start: int = 0, **scores: float) -> Candidate:
    return Candidate("/" + path, path, start, start + 1, 0, 0, "", "function", dict(scores))


def test_a_test_ranks_below_the_source_unless_it_is_asked_for() -> None:
    def first(query: str) -> str:
        candidates = [
            _candidate("tests/test_a.py", dense=0.6, lexical=9),
            _candidate("a.py", dense=0.5, lexical=8),
            _candidate("b.py", dense=0.1),
        ]
        return fuse(plan_of(query), candidates)[0].shown

    assert first("how is the total rounded") == "a.py"
    assert first("where is rounding tested") == "tests/test_a.py"


def test_boosts_multiply() -> None:
    candidates = [
        _candidate("a.py", dense=0.6),
        _candidate("b.py", dense=0.59),
        _candidate("c.py", dense=0.1),
    ]
    assert fuse(plan_of("some words here"), candidates, boosts={"/b.py": 1.5})[0].shown == "b.py"


def test_further_chunks_of_a_file_give_way_for_questions() -> None:
    candidates = [_candidate("a.py", i, dense=0.9 - i / 100) for i in range(5)] + [
        _candidate("b.py", dense=0.7),
        _candidate("c.py", dense=0.1),
    ]
    order = [c.shown for c in fuse(plan_of("how does it work?"), candidates)]
    assert order.index("b.py") <= 2


# ---------------------------------------------------------------- retrieving


def test_meaning_finds_what_never_says_the_word(tmp_path: Path) -> None:
    with shop(tmp_path, WordEncoder(SYNONYMS)) as workspace:
        snapshot = workspace.snapshot()
        answer = search(snapshot, "where do we retry payments?", 5)
        assert answer.hits[0].path == "shop/pay.py"
        assert "dense" in answer.hits[0].sources
        assert answer.complete
        assert answer.notes == ()
        lexical = search(snapshot, "where do we retry payments?", 5, mode="lexical")
        assert "shop/pay.py" not in paths(lexical)


def test_a_query_in_chinese_reaches_english_code(tmp_path: Path) -> None:
    with shop(tmp_path, WordEncoder(SYNONYMS)) as workspace:
        assert paths(search(workspace.snapshot(), "重试支付在哪里", 3))[0] == "shop/pay.py"
        assert paths(search(workspace.snapshot(), "关闭连接", 3))[0] == "shop/net.py"


def test_a_rare_identifier_needs_words(tmp_path: Path) -> None:
    files = {**FILES, "x.py": "def zq_frobnicate_17():\n    return 1\n"}
    with shop(tmp_path, WordEncoder(), files) as workspace:
        answer = search(workspace.snapshot(), "zq_frobnicate_17", 5)
        assert answer.hits[0].symbol == "zq_frobnicate_17"
        assert {"lexical", "symbol"} <= set(answer.hits[0].sources)


def test_definitions_come_before_uses(tmp_path: Path) -> None:
    with shop(tmp_path) as workspace:
        answer = search(workspace.snapshot(), "charge_card", 5)
        assert (answer.hits[0].path, answer.hits[0].symbol) == ("shop/pay.py", "charge_card")


def test_a_path_in_the_query_finds_the_file(tmp_path: Path) -> None:
    with shop(tmp_path) as workspace:
        assert paths(search(workspace.snapshot(), "shop/paint.py", 5))[0] == "shop/paint.py"


def test_the_graph_mode_walks_to_what_is_called(tmp_path: Path) -> None:
    with shop(tmp_path) as workspace:
        answer = search(workspace.snapshot(), "charge_card", 10, mode="graph")
        near = [hit for hit in answer.hits if "graph" in hit.sources]
        assert "send" in {hit.symbol for hit in near}


def test_unsaved_text_hides_what_the_index_has(tmp_path: Path) -> None:
    with shop(tmp_path, WordEncoder(SYNONYMS)) as workspace:
        path = str(tmp_path / "shop" / "pay.py")
        text = SourceText(b"def refund_money(card):\n    return card\n")
        workspace.open_document(path, "python", text, 1)
        snapshot = workspace.snapshot()
        for hit in search(snapshot, "charge card amount attempt", 10).hits:
            assert hit.path != "shop/pay.py" or "charge" not in hit.snippet
        assert paths(search(snapshot, "refund money", 3))[0] == "shop/pay.py"


def test_the_same_query_again_is_remembered_until_an_edit(tmp_path: Path) -> None:
    with shop(tmp_path) as workspace:
        before = engine.cache_hits()
        first = search(workspace.snapshot(), "draw line", 3)
        assert search(workspace.snapshot(), "draw line", 3).hits == first.hits
        assert engine.cache_hits() == before + 1
        write(tmp_path, {"shop/paint.py": "def draw_circle(canvas):\n    canvas.arc()\n"})
        workspace.files_changed([str(tmp_path / "shop/paint.py")])
        assert workspace.folders[0].wait_ready(30)
        assert all(
            "stroke" not in hit.snippet for hit in search(workspace.snapshot(), "draw line", 3).hits
        )
        assert engine.cache_hits() == before + 1


def test_answers_about_texts_that_are_gone_are_not_kept(tmp_path: Path) -> None:
    with shop(tmp_path) as workspace:
        engine.forget()
        path = str(tmp_path / "shop" / "pay.py")
        early = workspace.snapshot()
        for version in range(1, 9):
            text = SourceText(f"def refund_{version}(card):\n    return card\n".encode())
            workspace.open_document(path, "python", text, version)
            search(workspace.snapshot(), "refund", 3)
            search(workspace.snapshot(), "draw line", 3)
        assert engine.cached() == 2
        search(early, "refund", 3)  # one that took long says nothing about now
        assert engine.cached() == 2
        assert paths(search(workspace.snapshot(), "refund 8", 3))[0] == "shop/pay.py"


# ---------------------------------------------------------------- trouble


def test_a_slow_model_leaves_words_and_says_so(tmp_path: Path) -> None:
    encoder = WordEncoder()
    with shop(tmp_path, encoder) as workspace:
        encoder.delay_s = 2.0
        began = time.monotonic()
        answer = search(workspace.snapshot(), "draw a line", 3, budget_s=0.3)
        assert time.monotonic() - began < 1.5
        assert answer.hits[0].path == "shop/paint.py"
        assert "degraded: meaning (late)" in answer.notes


def test_a_broken_model_leaves_words_and_gives_the_reason(tmp_path: Path) -> None:
    with shop(tmp_path, FixedModels(problem=ModelError("the file is damaged"))) as workspace:
        answer = search(workspace.snapshot(), "draw a line", 3)
        assert answer.hits[0].path == "shop/paint.py"
        assert any("the file is damaged" in note for note in answer.notes)


def _truncate(folder: Path) -> None:
    data = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(data[:-40])


def _tamper(folder: Path) -> None:
    data = bytearray((folder / "model.onnx").read_bytes())
    data[len(data) // 2] ^= 1
    (folder / "model.onnx").write_bytes(data)


def _manifest(**change: Any) -> Callable[[Path], None]:
    def apply(folder: Path) -> None:
        path = folder / "manifest.json"
        path.write_text(json.dumps({**json.loads(path.read_text()), **change}))

    return apply


def _other_vocabulary(folder: Path) -> None:
    (folder / "vocab.txt").write_text("no\nmarks\nhere\n")
    digest = hashlib.sha256((folder / "vocab.txt").read_bytes()).hexdigest()
    _manifest(tokenizer_sha256=digest)(folder)


@pytest.mark.parametrize(
    ("fault", "table", "message"),
    [
        pytest.param(
            lambda folder: (folder / "model.onnx").unlink(), 0.01, "cannot read", id="missing"
        ),
        pytest.param(_truncate, 0.01, "damaged or was changed", id="truncated"),
        pytest.param(_tamper, 0.01, "damaged or was changed", id="tampered"),
        pytest.param(_manifest(dimensions=12), 0.01, "its manifest says 12", id="dimension"),
        pytest.param(lambda folder: None, float("nan"), "not finite", id="NaN vectors"),
        pytest.param(_other_vocabulary, 0.01, "is no tokenizer", id="tokenizer"),
        pytest.param(
            lambda folder: (folder / "manifest.json").write_text("{"),
            0.01,
            "not JSON",
            id="manifest",
        ),
    ],
)
def test_with_a_bad_model_words_answer_and_say_what_is_wrong(
    tmp_path: Path, fault: Callable[[Path], None], table: float, message: str
) -> None:
    folder = write_model(tmp_path / "model", np.eye(len(VOCABULARY), 8, dtype=np.float32) + table)
    fault(folder)
    models = Models(ModelSettings(embedder=str(folder), reranker="", quick=""))
    root = tmp_path / "shop"
    write(root, FILES)
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False, workers=0))
    workspace.models = models
    try:
        opened = workspace.add_folder(str(root))
        assert opened.wait_ready(30)
        assert opened.vectors is not None
        opened.vectors.wait_complete(30)
        answer = search(workspace.snapshot(), "draw a line", 3)
        assert answer.hits[0].path == "shop/paint.py"
        assert "dense" not in answer.retrievers
        assert any(message in note for note in answer.notes), answer.notes
    finally:
        workspace.close()


@pytest.mark.parametrize(
    "query",
    [
        pytest.param("", id="empty"),
        pytest.param("   \n\t ", id="blank"),
        pytest.param("()[]{}!?*", id="punctuation"),
        pytest.param('"quoted AND NEAR(x, 2) OR NOT *', id="query syntax"),
        pytest.param("'; DROP TABLE chunk; --", id="SQL"),
        pytest.param("\0\ud800", id="not text"),
        pytest.param("word " * 200_000, id="a megabyte"),
        pytest.param("🐍" * 500, id="emoji"),
    ],
)
def test_odd_queries_get_an_answer(tmp_path: Path, query: str) -> None:
    with shop(tmp_path, WordEncoder()) as workspace:
        for mode in engine.MODES:
            assert isinstance(search(workspace.snapshot(), query, 5, mode=mode).hits, list)


def test_an_empty_workspace_finds_nothing(tmp_path: Path) -> None:
    workspace = Workspace(IndexSettings(cache_dir=None, watch=False, workers=0))
    workspace.models = FixedModels(WordEncoder())  # pyright: ignore[reportAttributeAccessIssue]
    folder = workspace.add_folder(str(tmp_path))
    assert folder.wait_ready(30)
    assert search(workspace.snapshot(), "anything", 5).hits == []
    workspace.close()


def test_retrievers_run_side_by_side(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = WordEncoder()
    with shop(tmp_path, encoder) as workspace:
        words, names = retrievers.words, retrievers.names

        def slow_words(*arguments: Any) -> Any:
            time.sleep(0.3)
            return words(*arguments)

        def slow_names(*arguments: Any) -> Any:
            time.sleep(0.3)
            return names(*arguments)

        monkeypatch.setattr(retrievers, "words", slow_words)
        monkeypatch.setattr(retrievers, "names", slow_names)
        encoder.delay_s = 0.3
        began = time.monotonic()
        search(workspace.snapshot(), "draw a line soon", 3)
        assert time.monotonic() - began < 0.75


class _Reranker:
    def __init__(self, wanted: str = "", delay_s: float = 0.0, broken: bool = False) -> None:
        self.generation = f"test {wanted} {delay_s} {broken}"
        self.wanted, self.delay_s, self.broken = wanted, delay_s, broken
        self.weight = 1.0
        self.kinds: frozenset[str] = frozenset()
        self.head = 50

    def document(self, path: str, symbol: str, code: str) -> str:
        return f"{path} {symbol}\n{code}"

    def scores(self, query: str, documents: Any) -> list[float]:
        time.sleep(self.delay_s)
        return [float("nan") if self.broken else float(self.wanted in d) for d in documents]


def test_a_reranker_reorders_within_its_time(tmp_path: Path) -> None:
    with shop(tmp_path) as workspace:
        snapshot = workspace.snapshot()
        query = "card amount send"
        plain = search(snapshot, query, 5)
        moved = search(snapshot, query, 5, reranker=_Reranker("test_charge_card"))
        assert moved.hits[0].path == "tests/test_pay.py" != plain.hits[0].path
        for reranker in (_Reranker(delay_s=1.5), _Reranker(broken=True)):
            answer = search(snapshot, query, 5, reranker=reranker)
            assert answer.hits == plain.hits
            assert any(note.startswith("rerank: skipped") for note in answer.notes)


def test_a_reranker_is_asked_for_its_kinds_of_query(tmp_path: Path) -> None:
    with shop(tmp_path) as workspace:
        reranker = _Reranker("test_charge_card")
        reranker.kinds = frozenset(("web",))
        snapshot = workspace.snapshot()
        for query, asked in (
            ("how to charge a card the amount", True),
            ("Returns whether the card was charged the amount.", False),
            ("where is the card charged the amount?", False),
            ("charge_card", False),
        ):
            sources = search(snapshot, query, 5, reranker=reranker).retrievers
            assert ("rerank" in sources) == asked


def test_a_reranker_that_runs_out_of_time_keeps_what_it_did(tmp_path: Path) -> None:
    calls: list[int] = []

    class Slow(_Reranker):
        def scores(self, query: str, documents: Any) -> list[float]:
            calls.append(len(documents))
            if len(calls) > 1:
                time.sleep(1)
            return [float(self.wanted in d) for d in documents]

    files: dict[str, str | bytes] = {
        f"m{i:02}.py": f"def send_{i}(card):\n    return card * {i}\n" for i in range(20)
    }
    with shop(tmp_path, files=files) as workspace:
        snapshot = workspace.snapshot()
        plain = [hit.symbol for hit in search(snapshot, "send the card on", 20).hits]
        answer = search(snapshot, "send the card on", 20, reranker=Slow(plain[7]), rerank_s=0.5)
        found = [hit.symbol for hit in answer.hits]
        assert found[0] == plain[7]
        assert found[8:] == plain[8:]
        assert any("8 of 20 were looked at" in note for note in answer.notes)
        scores = [hit.score for hit in answer.hits]
        assert scores == sorted(scores, reverse=True)


def test_the_models_reranker_is_used_unless_none_is_wanted(tmp_path: Path) -> None:
    models = FixedModels(WordEncoder())
    models.given_reranker = _Reranker("test_charge_card")
    with shop(tmp_path, models) as workspace:
        snapshot = workspace.snapshot()
        assert search(snapshot, "card amount send", 5).hits[0].path == "tests/test_pay.py"
        plain = search(snapshot, "card amount send", 5, rerank=False)
        assert plain.hits[0].path != "tests/test_pay.py"
        lexical = search(snapshot, "card amount send", 5, mode="lexical")
        assert "rerank" not in lexical.retrievers


def test_what_is_known_is_told_before_the_end(tmp_path: Path) -> None:
    encoder = WordEncoder()
    with shop(tmp_path, encoder) as workspace:
        encoder.delay_s = 0.3
        told: list[tuple[str, list[str], float]] = []
        began = time.monotonic()

        def partial(stage: str, hits: list[Hit]) -> None:
            told.append((stage, [hit.path for hit in hits], time.monotonic() - began))

        answer = search(
            workspace.snapshot(), "draw a line", 3, reranker=_Reranker("nowhere"), partial=partial
        )
        assert [stage for stage, _, _ in told] == ["words", "fused"]
        assert told[0][1][0] == "shop/paint.py" == answer.hits[0].path
        assert told[0][2] < 0.25 < told[1][2]


# ---------------------------------------------------------------- like a piece of code


def test_similar_code_and_tests_of_a_place(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = FILES | {
        "shop/refund.py": "from shop.net import send\n\n\ndef refund_card(card, amount):\n"
        "    for attempt in range(3):\n        if send(card, -amount):\n            return True\n",
    }
    for encoder in (WordEncoder(), None):  # by vectors, and without any by words
        with shop(tmp_path, encoder, files) as workspace:
            snapshot = workspace.snapshot()
            path = str(tmp_path / "shop" / "pay.py")
            text = snapshot.text(path)
            span = Span(text.data.index(b"def charge"), len(text.data))
            found = similar(snapshot, path, span, 5)
            assert found[0].symbol == "refund_card"
            assert "shop/pay.py" not in [hit.path for hit in found if hit.symbol]
            tests = similar(snapshot, path, span, 5, tests=True)
            assert {hit.path for hit in tests} == {"tests/test_pay.py"}
            assert similar(snapshot, path, Span(0, 0), 5) == []


# ---------------------------------------------------------------- context


def test_context_gives_whole_definitions_and_what_they_need(tmp_path: Path) -> None:
    with shop(tmp_path, WordEncoder(SYNONYMS)) as workspace:
        snapshot = workspace.snapshot()
        found = context(snapshot, "where do we retry payments?", 400)
        first = found.blocks[0]
        assert first.path == "shop/pay.py"
        assert first.text.startswith("def charge_card")
        assert first.text.endswith("return False")
        reasons = {b.reason for b in found.blocks}
        assert {"called by charge_card", "how the project is set up"} <= reasons


def test_every_block_is_the_text_at_its_lines_and_the_budget_holds(tmp_path: Path) -> None:
    long = "def long():\n" + "".join(f"    value_{i} = {i}\n" for i in range(400))
    with shop(tmp_path, WordEncoder(), {**FILES, "shop/long.py": long}) as workspace:
        snapshot = workspace.snapshot()
        for budget in range(10, 900, 37):
            found = context(snapshot, "charge card value long", budget)
            assert estimated_tokens(found.render()) <= budget or not found.blocks
            for block in found.blocks:
                text = snapshot.text(str(tmp_path / block.path))
                assert block.text == lines_of(text, block.start_line - 1, block.end_line - 1)
            spans = sorted((b.path, b.start_line, b.end_line) for b in found.blocks)
            for one, other in itertools.pairwise(spans):
                assert one[0] != other[0] or one[2] < other[1]


def test_words_that_mean_something_else_give_no_context(tmp_path: Path) -> None:
    files = {"a.py": "def f():\n    return 'close'\n"}
    with shop(tmp_path, WordEncoder(), files) as workspace:
        query = "hotels close beside quiet rivers with breakfast included"
        assert search(workspace.snapshot(), query, 3).hits
        assert context(workspace.snapshot(), query, 500).blocks == []


def test_nothing_relevant_says_so(tmp_path: Path) -> None:
    with shop(tmp_path, WordEncoder()) as workspace:
        found = context(workspace.snapshot(), "zebra quantum marmalade", 500)
        assert found.blocks == []
        assert "no relevant code was found" in found.notes


def test_what_is_not_embedded_yet_does_not_sink() -> None:
    from treewright_indexer.search.fuse import Candidate, fuse
    from treewright_indexer.search.plan import plan_of

    named = Candidate("/a.py", "a.py", 0, 9, 0, 1, "load_settings", "function", {"lexical": 9.0})
    near = Candidate("/b.py", "b.py", 0, 9, 0, 1, "other", "function", {"dense": 0.4})
    far = Candidate("/c.py", "c.py", 0, 9, 0, 1, "third", "function", {"dense": 0.1})
    plan = plan_of("how does it load settings")
    assert fuse(plan, [near, far, named], complete=False)[0] is named
