"""Models: the encoders that are in use, loaded once, shared by every folder and thread.

The default weights ship with treewright. Nothing is loaded before it is asked for, a model that
cannot be used is tried once and its problem remembered, and nobody waits for a warm-up.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

from treewright_indexer.encoders.apart import ApartEncoder
from treewright_indexer.encoders.gpu import for_device
from treewright_indexer.encoders.manifest import Manifest, ModelError, read_manifest
from treewright_indexer.encoders.providers import EncoderSettings

if TYPE_CHECKING:
    from treewright_indexer.encoders import Encoder, Reranker
    from treewright_indexer.encoders.remote import RemoteSettings

T = TypeVar("T")

DEFAULT_EMBEDDER: Final = "treewright-code-embed"
DEFAULT_RERANKER: Final = "late"
"""The embedder's own tokens, where its manifest offers them; measured in docs/search.md."""
CROSS_ENCODER: Final = "treewright-code-rerank"
"""Ships, and is used by nobody who does not name it: it lifted no kind of query."""
DEFAULT_QUICK: Final = "treewright-code-static"


@dataclass(frozen=True, slots=True)
class ModelSettings:
    """Which models are used. Defaults are the ones that ship."""

    embedder: str = DEFAULT_EMBEDDER
    """Name of a model that ships, path of a manifest, or '' for none."""
    reranker: str = DEFAULT_RERANKER
    """`late`, name of a model that ships, path of a manifest, or '' for none."""
    remote: RemoteSettings | None = None
    """Embeds over the network instead; off unless the user's settings say so."""
    run: EncoderSettings = field(default_factory=EncoderSettings)
    quick: str = DEFAULT_QUICK
    """The static model that answers while vectors are made, or '' for none."""


def shipped_folder() -> Path:
    """Where the models that ship stand: inside the package, or in a checkout."""
    inside = Path(__file__).resolve().parents[1] / "models"
    if inside.is_dir():
        return inside
    return Path(__file__).resolve().parents[3] / "models" / "onnx"


def shipped() -> list[Manifest | ModelError]:
    """Every model that ships, by name; a manifest that is wrong as its problem."""
    found: list[Manifest | ModelError] = []
    folder = shipped_folder()
    for path in sorted(folder.glob("*/manifest.json")) if folder.is_dir() else ():
        try:
            found.append(read_manifest(path))
        except ModelError as error:
            found.append(error)
    return found


def manifest_of(name: str) -> Manifest:
    """The manifest of a model that ships, or at a path. Raises ModelError."""
    path = Path(name).expanduser()
    if path.is_absolute() or path.suffix == ".json" or "/" in name:
        return read_manifest(path)
    return read_manifest(shipped_folder() / name)


def encoder_of(manifest: Manifest, run: EncoderSettings) -> Encoder:
    """The embedder that a manifest describes. Raises ModelError."""
    if manifest.pooling == "static":
        from treewright_indexer.encoders.static import StaticEncoder

        return StaticEncoder(manifest)
    from treewright_indexer.encoders.onnx import OnnxEncoder

    return OnnxEncoder(manifest, run)


class Models:
    """See the module. Thread safe."""

    def __init__(self, settings: ModelSettings | None = None) -> None:
        self.settings = settings or ModelSettings()
        self._embedder = _Once(self._open_embedder)
        self._reranker = _Once(self._open_reranker)
        self._quick = _Once(self._open_quick)

    def embedder(self) -> Encoder:
        """Waits while it loads. Raises ModelError, the same one every time."""
        return self._embedder.get()

    def embedder_if_ready(self) -> Encoder | None:
        """The embedder when it is loaded; never waits."""
        return self._embedder.peek()

    def reranker(self) -> Reranker | None:
        """None when no reranker is wanted. Waits while it loads. Raises ModelError."""
        return self._reranker.get() if self.settings.reranker else None

    def reranker_if_ready(self) -> Reranker | None:
        """Never waits: one that is not loaded yet is loaded behind the query that missed it."""
        if self.settings.reranker == "late" and self.embedder_if_ready() is not None:
            return self._reranker.get_or_none()  # made of the embedder: nothing to load
        if self.settings.reranker and self._reranker.peek() is None:
            self._reranker.start()
        return self._reranker.peek()

    def quick(self) -> Encoder | None:
        """The static model; None when there is none or it is not sound."""
        return self._quick.get_or_none() if self.settings.quick else None

    @property
    def problem(self) -> str:
        """Why there are no vectors, for the user; '' while nothing is wrong."""
        return str(self._embedder.problem or "")

    def warm_up(self) -> None:
        """Load the embedder and run it once. Never raises."""
        try:
            self.embedder().query("warm up")
        except ModelError:
            return  # remembered, and said by whoever searches

    def start_warm_up(self) -> None:
        """`warm_up` in a thread of its own."""
        threading.Thread(target=self.warm_up, name="treewright-warm-up", daemon=True).start()

    def _open_embedder(self) -> Encoder:
        if self.settings.remote is not None:
            from treewright_indexer.encoders.remote import RemoteEncoder

            return RemoteEncoder(self.settings.remote)
        if not self.settings.embedder:
            raise ModelError("search by meaning is switched off (search.embedder is empty)")
        return self._opened(
            for_device(manifest_of(self.settings.embedder), self.settings.run.device)
        )

    def _opened(self, manifest: Manifest) -> Encoder:
        run = self.settings.run
        return (
            ApartEncoder(manifest, run, encoder_of) if run.background else encoder_of(manifest, run)
        )

    def _open_reranker(self) -> Reranker | None:
        if self.settings.reranker == "late":
            from treewright_indexer.encoders.late import LateReranker, offers_states

            encoder = self.embedder()
            return LateReranker(encoder) if offers_states(encoder) else None
        from treewright_indexer.encoders.onnx import OnnxReranker

        manifest = for_device(manifest_of(self.settings.reranker), self.settings.run.device)
        return OnnxReranker(manifest, self.settings.run)

    def _open_quick(self) -> Encoder | None:
        if self.settings.remote is None and not self.settings.embedder:
            return None  # no vectors are wanted
        return self._opened(manifest_of(self.settings.quick))


class _Once:
    """A value made at first use, or the ModelError that its making raised."""

    def __init__(self, make: Callable[[], Any]) -> None:
        self._make = make
        self._lock = threading.Lock()
        self._value: Any = None
        self._made = False
        self._started = False
        self.problem: ModelError | None = None

    def get(self) -> Any:
        with self._lock:
            if not self._made:
                try:
                    self._value = self._make()
                except ModelError as error:
                    self.problem = error
                except Exception as error:
                    self.problem = ModelError(f"the model does not load: {error!r}")
                self._made = True
            if self.problem is not None:
                raise self.problem
            return self._value

    def get_or_none(self) -> Any:
        try:
            return self.get()
        except ModelError:
            return None

    def start(self) -> None:
        """Make it in a thread of its own, unless that was begun before."""
        if not self._started:
            self._started = True
            threading.Thread(target=self.get_or_none, name="treewright-model", daemon=True).start()

    def peek(self) -> Any:
        return self._value
