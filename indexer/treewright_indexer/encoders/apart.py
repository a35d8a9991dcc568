"""ApartEncoder: embeds in bulk in a process of its own, and queries in this one.

Somebody types while a workspace is embedded, which takes minutes. In a thread, the words and the
packing of that work hold the interpreter's lock, and the model's memory stays for good. The
process runs at low priority, ends when nothing is left to embed, and with its parent.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from dataclasses import astuple, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from treewright_indexer.encoders.codetext import document_of
from treewright_indexer.encoders.manifest import Manifest, ModelError, read_manifest
from treewright_indexer.encoders.providers import EncoderSettings, give_way

if TYPE_CHECKING:
    from treewright_indexer.encoders import Encoder, Matrix

FEW: Final = 16
"""Chunks that are embedded here where the model is loaded anyway."""

Open = Callable[[Manifest, EncoderSettings], "Encoder"]


class ApartEncoder:
    """See the module. An Encoder; safe between threads."""

    def __init__(self, manifest: Manifest, run: EncoderSettings, open_here: Open) -> None:
        """Checks the model's files. `open_here` loads it in this process. Raises ModelError."""
        if manifest.task != "embed":
            raise ModelError(f"model {manifest.name} is a {manifest.task} model, not an embedder")
        manifest.verify()
        self.manifest = manifest
        self.generation = manifest.generation
        self.dimensions = manifest.dimensions
        self.relevant = manifest.relevant
        self._run = run
        self._open_here = open_here
        self._inner: Any = None
        self._loading = threading.Lock()
        self._process = _Process(manifest, run)

    def chunks(self, chunks: Sequence[tuple[str, str, str]]) -> Matrix:
        """Bulk work: vectors of (path, symbol, code), whose text is made where it is embedded."""
        if self._inner is not None and len(chunks) <= FEW:
            return self._inner.documents([document_of(self, *chunk) for chunk in chunks])
        return self._process.embed(list(chunks))

    def documents(self, texts: Sequence[str]) -> Matrix:
        return self._here().documents(texts)

    def query(self, text: str) -> Matrix:
        return self._here().query(text)

    def states(self, texts: Sequence[str], *, query: bool = False) -> list[Matrix]:
        return self._here().states(texts, query=query)

    @property
    def providers(self) -> list[str]:
        """What queries run on, best first; loads the model."""
        return getattr(self._here(), "providers", [])

    def rest(self) -> None:
        """End the process: the next bulk work starts another. Work that it has is done anew."""
        self._process.end()

    def _here(self) -> Any:
        with self._loading:
            if self._inner is None:
                self._inner = self._open_here(self.manifest, self._run)
            return self._inner


class _Process:
    """The child, started by the first work. One piece of work at a time."""

    def __init__(self, manifest: Manifest, run: EncoderSettings) -> None:
        self._options = (str(manifest.folder), astuple(run))
        self._dimensions = manifest.dimensions
        self._name = manifest.name
        self._working = threading.Lock()
        self._child: subprocess.Popen[bytes] | None = None

    def embed(self, chunks: list[tuple[str, str, str]]) -> Matrix:
        import numpy as np

        if not chunks:
            return np.empty((0, self._dimensions), np.float32)
        with self._working:
            try:
                outcome, value = self._asked(chunks)
            except (OSError, EOFError, ValueError):
                self.end()  # it was ended, or killed: what it had is done once more
                try:
                    outcome, value = self._asked(chunks)
                except (OSError, EOFError, ValueError) as error:
                    self.end()
                    raise ModelError(
                        f"model {self._name}: the process that embeds ends by itself ({error!r})"
                    ) from error
        if outcome == "problem":
            raise ModelError(value)
        return np.frombuffer(value, np.float32).reshape(len(chunks), self._dimensions).copy()

    def _asked(self, chunks: list[tuple[str, str, str]]) -> tuple[str, Any]:
        child = self._child
        if child is None:
            child = self._child = _start()
            _send(child, self._options)
        _send(child, chunks)
        assert child.stdout is not None
        return marshal.load(child.stdout)

    def end(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        child.kill()
        child.wait()
        for stream in (child.stdin, child.stdout):
            with contextlib.suppress(OSError):
                if stream is not None:
                    stream.close()


def _send(child: subprocess.Popen[bytes], value: Any) -> None:
    assert child.stdin is not None
    child.stdin.write(marshal.dumps(value))
    child.stdin.flush()


def _start() -> subprocess.Popen[bytes]:
    """A fresh interpreter that finds our package and nothing of the folder it stands in."""
    home = str(Path(__file__).parents[2])
    code = (
        "import sys; sys.path.insert(0, sys.argv[1]);"
        "from treewright_indexer.encoders.apart import main; main()"
    )
    flags = 0
    if sys.platform == "win32":
        flags = subprocess.BELOW_NORMAL_PRIORITY_CLASS | subprocess.CREATE_NO_WINDOW
    return subprocess.Popen(
        [sys.executable, "-P", "-c", code, home],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        creationflags=flags,
    )


def main() -> None:
    """The child: the model and its settings, then lists of chunks, as frames of `marshal`."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # a stray print must not break a frame
    give_way()  # before the model starts threads, which take over the priority
    try:
        folder, run = marshal.load(sys.stdin.buffer)
        encoder: Any = None
        while True:
            chunks = marshal.load(sys.stdin.buffer)
            try:
                if encoder is None:
                    encoder = _opened(folder, EncoderSettings(*run))
                found = encoder.documents([document_of(encoder, *chunk) for chunk in chunks])
                answer = ("vectors", found.astype("float32").tobytes())
            except ModelError as error:
                answer = ("problem", str(error))
            except Exception as error:
                answer = ("problem", f"the model failed: {error!r}")
            answers.write(marshal.dumps(answer))
            answers.flush()
    except (EOFError, BrokenPipeError):  # the parent has no more work, or has gone
        os._exit(0)


def _opened(folder: str, run: EncoderSettings) -> Encoder:
    from treewright_indexer.encoders.shelf import encoder_of

    return encoder_of(read_manifest(Path(folder)), replace(run, background=False))
