"""Models: tokens, text, manifests, batches, and what happens to bad files."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.models import VOCABULARY, cross_encoder, write_model
from treewright_indexer.encoders.codetext import document_text, plain_words, query_text
from treewright_indexer.encoders.late import LateReranker
from treewright_indexer.encoders.manifest import ModelError, read_manifest
from treewright_indexer.encoders.onnx import OnnxEncoder, OnnxReranker
from treewright_indexer.encoders.providers import EncoderSettings, open_session
from treewright_indexer.encoders.remote import RemoteEncoder, RemoteSettings
from treewright_indexer.encoders.shelf import (
    CROSS_ENCODER,
    Models,
    ModelSettings,
    encoder_of,
    manifest_of,
    shipped,
)
from treewright_indexer.encoders.static import StaticEncoder
from treewright_indexer.encoders.wordpiece import WordPiece
from treewright_indexer.search.dense import pack

TABLE = np.eye(len(VOCABULARY), 8, dtype=np.float32) + 0.01


# ---------------------------------------------------------------- text


@pytest.mark.parametrize(
    ("code", "words"),
    [
        pytest.param("def getUserInfo(self, user_id):", "def get User Info user id", id="parts"),
        pytest.param("HTTPServer2 base64 SHA256", "HTTP Server2 base64 SHA256", id="digits stay"),
        pytest.param("x -> a / b // c", "x -> a b c", id="marks of comments and division go"),
        pytest.param("重试支付 retry", "重试支付 retry", id="other scripts"),
        pytest.param("()[]{};,'\"", "", id="punctuation only"),
    ],
)
def test_code_becomes_words(code: str, words: str) -> None:
    assert plain_words(code) == words


def test_a_document_says_where_it_stands() -> None:
    text = document_text("src/http/client.py", "Client.send", "def send(self): ...")
    assert text.startswith("src http client py . Client send : def send")


def test_a_query_of_a_megabyte_is_cut() -> None:
    assert len(query_text("word " * 200_000)) <= 4000


# ---------------------------------------------------------------- word pieces


def test_words_are_cut_into_the_longest_pieces() -> None:
    pieces = WordPiece(VOCABULARY)
    ids = [VOCABULARY.index(p) for p in ("[CLS]", "cat", "##s", "hat", "!", "[SEP]")]
    assert pieces.encode("Cats hat!", 16) == ids


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("zebra", ["[UNK]"], id="unknown"),
        pytest.param("é", ["[UNK]"], id="accents are removed before the look-up"),
        pytest.param("x" * 101, ["[UNK]"], id="too long a word"),
        pytest.param("cat\u200bs", ["cat", "##s"], id="format characters vanish"),
        pytest.param("dog\0s", ["dog", "##s"], id="NUL vanishes"),
        pytest.param("", [], id="nothing"),
    ],
)
def test_odd_words(text: str, expected: list[str]) -> None:
    ids = WordPiece(VOCABULARY).encode(text, 16)
    assert [VOCABULARY[i] for i in ids[1:-1]] == expected


def test_limit_counts_the_marks_at_the_ends() -> None:
    assert len(WordPiece(VOCABULARY).encode("cat " * 50, 10)) == 10


def test_a_pair_cuts_the_longer_text() -> None:
    pieces = WordPiece(VOCABULARY)
    ids, start = pieces.encode_pair("dog", "cat " * 50, 12)
    assert len(ids) == 12
    assert ids[start - 1] == VOCABULARY.index("[SEP]")
    assert ids[1] == VOCABULARY.index("dog")


def test_a_vocabulary_without_marks_is_refused() -> None:
    with pytest.raises(ValueError, match="CLS"):
        WordPiece(["a", "[UNK]", "[SEP]"])


# ---------------------------------------------------------------- a model


def test_rows_come_back_in_the_order_of_the_texts(tmp_path: Path) -> None:
    encoder = OnnxEncoder(
        read_manifest(write_model(tmp_path, TABLE)), EncoderSettings(token_budget=8)
    )
    texts = ["cat", "dog hat hat hat hat", "hat hat", "code", "dog"] * 7
    together = encoder.documents(texts)
    apart = np.stack([encoder.documents([text])[0] for text in texts])
    assert np.allclose(together, apart)
    assert np.allclose(np.linalg.norm(together, axis=1), 1.0)
    assert encoder.documents([]).shape == (0, 8)
    assert encoder.providers[-1] == "CPUExecutionProvider"


def test_a_device_that_is_not_there_falls_back_and_says_so(tmp_path: Path) -> None:
    path = str(write_model(tmp_path, TABLE) / "model.onnx")
    _, used = open_session(path, EncoderSettings(device="tensorrt"))
    assert used == ["CPUExecutionProvider"]
    with pytest.raises(ModelError, match="not one of auto"):
        open_session(path, EncoderSettings(device="abacus"))


def test_out_of_memory_halves_the_batch_and_goes_on(tmp_path: Path) -> None:
    encoder = OnnxEncoder(read_manifest(write_model(tmp_path, TABLE)))
    model: Any = encoder._model  # pyright: ignore[reportPrivateUsage]
    session, sizes = model._session, list[int]()

    class Small:
        def run(self, names: list[str], feeds: dict[str, Any]) -> Any:
            sizes.append(len(feeds["ids"]))
            if len(feeds["ids"]) > 5:
                raise RuntimeError("CUDA failure 2: out of memory")
            return session.run(names, feeds)

    model._session = Small()
    vectors = encoder.documents(["cat", "dog"] * 20)
    assert vectors.shape == (40, 8)
    assert sizes[0] == 40
    assert max(sizes[-5:]) <= 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        pytest.param({"sha256": "0" * 64}, "not the file of the manifest", id="other bytes"),
        pytest.param({"tokenizer_sha256": "0" * 64}, "vocab.txt is not the file", id="tokenizer"),
        pytest.param({"dimensions": 9}, "its manifest says 9", id="wrong dimension"),
        pytest.param({"file": "gone.onnx"}, "cannot read", id="missing"),
        pytest.param({"task": "rerank"}, "not an embedder", id="another task"),
    ],
)
def test_bad_models_are_refused_with_the_reason(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    manifest = read_manifest(write_model(tmp_path, TABLE, **change))
    with pytest.raises(ModelError, match=message):
        OnnxEncoder(manifest).documents(["cat"])


def test_a_truncated_file_and_one_that_is_no_model(tmp_path: Path) -> None:
    folder = write_model(tmp_path, TABLE)
    manifest = read_manifest(folder)
    data = (folder / "model.onnx").read_bytes()
    (folder / "model.onnx").write_bytes(data[:-20])
    with pytest.raises(ModelError, match="damaged or was changed"):
        OnnxEncoder(manifest)
    (folder / "model.onnx").write_bytes(b"not a model")
    import hashlib

    given = json.loads((folder / "manifest.json").read_text())
    given["sha256"] = hashlib.sha256(b"not a model").hexdigest()
    (folder / "manifest.json").write_text(json.dumps(given))
    with pytest.raises(ModelError, match="does not load"):
        OnnxEncoder(read_manifest(folder))


def test_a_tokenizer_of_another_model(tmp_path: Path) -> None:
    encoder = OnnxEncoder(read_manifest(write_model(tmp_path, TABLE[:-3])))
    assert len(encoder.documents(["cat"])) == 1
    with pytest.raises(ModelError, match="another model's tokenizer"):
        encoder.documents(["cat", "code"])


def test_numbers_that_are_not_finite(tmp_path: Path) -> None:
    broken = TABLE.copy()
    broken[VOCABULARY.index("dog")] = np.nan
    encoder = OnnxEncoder(read_manifest(write_model(tmp_path, broken)))
    assert np.isfinite(encoder.documents(["cat"])).all()
    with pytest.raises(ModelError, match="not finite"):
        encoder.documents(["cat", "dog"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("{", "not JSON", id="no JSON"),
        pytest.param("[]", "must be a JSON object", id="a list"),
        pytest.param('{"format": 9}', "does not know", id="another format"),
        pytest.param('{"name": "x"}', "sha256 is missing", id="fields are missing"),
        pytest.param('{"name": 3, "colour": ""}', "colour is not known", id="unknown field"),
    ],
)
def test_bad_manifests(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "manifest.json").write_text(text)
    with pytest.raises(ModelError, match=message):
        read_manifest(tmp_path)


def test_a_manifest_stays_in_its_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="must stand in the manifest's folder"):
        read_manifest(write_model(tmp_path, TABLE, file="../../etc/passwd"))


def test_generations_tell_models_apart(tmp_path: Path) -> None:
    one = read_manifest(write_model(tmp_path / "a", TABLE))
    other = read_manifest(write_model(tmp_path / "b", TABLE * 2))
    prefixed = read_manifest(write_model(tmp_path / "c", TABLE, query_prefix="query: "))
    assert len({one.generation, other.generation, prefixed.generation}) == 3


# ---------------------------------------------------------------- the shelf


def test_a_model_is_opened_once_and_its_problem_remembered(tmp_path: Path) -> None:
    models = Models(ModelSettings(embedder=str(write_model(tmp_path / "m", TABLE))))
    assert models.embedder_if_ready() is None
    assert models.embedder() is models.embedder()
    assert models.problem == ""
    broken = Models(ModelSettings(embedder=str(tmp_path / "none" / "manifest.json")))
    broken.warm_up()
    assert "cannot read the model manifest" in broken.problem
    with pytest.raises(ModelError):
        broken.embedder()


@pytest.mark.parametrize("name", ["treewright-code-embed", "treewright-code-static"])
def test_the_models_that_ship_are_sound_and_know_code(name: str) -> None:
    manifests = [m for m in shipped() if not isinstance(m, ModelError)]
    assert [m.name.removeprefix("treewright-code-") for m in manifests] == [
        "embed",
        "rerank",
        "static",
    ]
    assert sum(m.model_path.stat().st_size for m in manifests) < 50e6
    encoder = encoder_of(manifest_of(name), EncoderSettings())
    documents = encoder.documents(
        [
            document_text(
                "net/http.py",
                "send",
                "def send(request): for _ in range(3): try: return post(request)",
            ),
            document_text("ui/paint.py", "draw", "def draw(canvas): canvas.line(0, 0, 9, 9)"),
            document_text(
                "db/store.py", "save", "def save(row): cursor.execute('INSERT INTO t', row)"
            ),
        ]
    )
    for query, answer in (
        ("where are failed requests tried again", 0),
        ("paint a stroke on the screen", 1),
        ("write a record to the database", 2),
    ):
        assert int(np.argmax(documents @ encoder.query(query))) == answer


def test_the_cross_encoder_that_ships_is_used_when_it_is_named() -> None:
    assert Models().settings.reranker == "late"
    models = Models(ModelSettings(reranker=CROSS_ENCODER))
    assert models.reranker_if_ready() is None  # nobody waits for it
    reranker = models.reranker()
    assert isinstance(reranker, OnnxReranker)
    documents = [
        reranker.document("a.py", "sort_numbers", "def sort_numbers(xs): return sorted(xs)"),
        reranker.document("b.py", "close", "def close(self): self.socket.close()"),
        reranker.document("c.py", "retry", "def retry(call): for _ in range(3): call()"),
    ]
    for query, answer in (
        ("put numbers in order", 0),
        ("shut the connection", 1),
        ("try a failed call again", 2),
    ):
        assert int(np.argmax(reranker.scores(query, documents))) == answer
    assert models.reranker_if_ready() is reranker


def test_a_reranker_must_be_one(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="not a reranker"):
        OnnxReranker(read_manifest(write_model(tmp_path, TABLE)))


# ---------------------------------------------------------------- over the network


def test_a_cross_encoder_reads_query_and_document_together(tmp_path: Path) -> None:
    write_model(
        tmp_path, TABLE, data=cross_encoder(TABLE), task="rerank", dimensions=1, text="plain"
    )
    reranker = OnnxReranker(read_manifest(tmp_path))
    documents = ["dog dog", "cat", "cat cat hat", "", "hat"]
    one_by_one = [reranker.scores("cat", [each])[0] for each in documents]
    scores = reranker.scores("cat", documents)
    assert scores == pytest.approx(one_by_one, rel=1e-5)
    assert max(range(5), key=scores.__getitem__) == 2
    assert min(scores[1] - scores[4], scores[1] - scores[0]) > 0
    assert reranker.scores("cat", []) == []


# ---------------------------------------------------------------- tokens as a reranker


def test_tokens_rerank_and_are_remembered(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = OnnxEncoder(read_manifest(write_model(tmp_path, TABLE, states="states")))
    reranker = LateReranker(encoder)
    documents = ["dog dog", "cat hat", "cat", ""]
    scores = reranker.scores("cat hat", documents)
    assert scores[1] == pytest.approx(1.0, abs=0.02)
    assert scores[1] > scores[2] > scores[0]
    asked: list[int] = []
    states = encoder.states

    def counted(texts: list[str], *, query: bool = False) -> Any:
        asked.append(len(texts))
        return states(texts, query=query)

    monkeypatch.setattr(encoder, "states", counted)
    assert reranker.scores("cat hat", [*documents, "hat"])[:4] == pytest.approx(scores, abs=1e-5)
    assert asked == [1, 1]  # the query, and the one document that is new
    assert reranker.scores("cat", []) == []


def test_states_have_no_padding_and_unit_length(tmp_path: Path) -> None:
    encoder = OnnxEncoder(read_manifest(write_model(tmp_path, TABLE, states="states")))
    found = encoder.states(["cat", "cat dog hat", ""])
    assert [len(each) for each in found] == [3, 5, 2]
    assert all(np.linalg.norm(each, axis=1) == pytest.approx(1.0) for each in found)


def test_a_model_without_states_does_not_rerank(tmp_path: Path) -> None:
    write_model(tmp_path, TABLE)
    models = Models(ModelSettings(embedder=str(tmp_path / "manifest.json")))
    assert models.reranker_if_ready() is None  # the embedder is not loaded yet
    models.embedder()
    assert models.reranker_if_ready() is None
    with pytest.raises(ModelError, match="does not return the states"):
        OnnxEncoder(read_manifest(tmp_path)).states(["cat"])


# ---------------------------------------------------------------- static


def _write_static(folder: Path, table: Any, **changes: Any) -> Path:
    return write_model(folder, table, data=b"".join(pack(table)), pooling="static", **changes)


def test_a_static_text_is_the_sum_of_its_tokens(tmp_path: Path) -> None:
    encoder = StaticEncoder(read_manifest(_write_static(tmp_path, TABLE)))
    vectors = encoder.documents(["cat", "", "hat cat cat", "dog"] * 100)
    assert vectors.shape == (400, 8)
    assert not vectors[1].any()
    cat, hat = (TABLE[VOCABULARY.index(word)] for word in ("cat", "hat"))
    wanted = np.sqrt(2) * cat + hat
    assert vectors[2] == pytest.approx(wanted / np.linalg.norm(wanted), abs=0.01)
    assert encoder.query("cat") == pytest.approx(vectors[0])


def test_a_static_table_of_another_tokenizer_is_refused(tmp_path: Path) -> None:
    _write_static(tmp_path, TABLE[:-2])
    with pytest.raises(ModelError, match="the tokenizer is another model's"):
        StaticEncoder(read_manifest(tmp_path))
    write_model(tmp_path, TABLE)
    with pytest.raises(ModelError, match="not a static embedder"):
        StaticEncoder(read_manifest(tmp_path))


class _Endpoint(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path == "/moved":
            self.send_response(302)
            self.send_header("Location", "/v1/embeddings")
            self.end_headers()
            return
        rows = [{"index": i, "embedding": [len(t), 1.0]} for i, t in enumerate(body["input"])]
        data = json.dumps({"data": rows[::-1]}).encode()
        self.send_response(200)
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *args: Any) -> None:
        pass


def test_an_endpoint_is_asked_only_with_consent() -> None:
    server = HTTPServer(("127.0.0.1", 0), _Endpoint)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        base = f"http://127.0.0.1:{server.server_port}"
        url = f"{base}/v1/embeddings"
        with pytest.raises(ModelError, match="would send code"):
            RemoteEncoder(RemoteSettings(url, "m", 2))
        encoder = RemoteEncoder(RemoteSettings(url, "m", 2, consent=True))
        vectors = encoder.documents(["aaa", "b"])
        assert np.allclose(vectors[:, 0] / vectors[:, 1], [3, 1])
        wrong = RemoteEncoder(RemoteSettings(url, "m", 3, consent=True))
        with pytest.raises(ModelError, match="3 dimensions"):
            wrong.query("x")
        moved = RemoteEncoder(RemoteSettings(f"{base}/moved", "m", 2, consent=True))
        with pytest.raises(ModelError, match="failed"):
            moved.query("x")
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
