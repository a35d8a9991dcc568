"""DenseIndex: the vectors of one folder's chunks in memory, searched exactly or nearly so.

Up to `_EXACT_ROWS` rows every vector is compared. Above, one bit per dimension selects candidates
by Hamming distance and their stored bytes decide; what that loses is measured in
`benchmarks/search_scale.py`. Rows belong to chunk numbers, which never name another text.
"""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Matrix = NDArray[np.float32]

_EXACT_ROWS: Final = 24_000
CANDIDATES = 4000
CANDIDATE_SHARE = 0.02


def pack(vectors: Matrix) -> list[bytes]:
    """Each row as signed bytes and a float32 scale."""
    import numpy as np

    scales = np.maximum(np.abs(vectors).max(axis=1), 1e-12) / 127.0
    codes = cast("Matrix", np.round(vectors / scales[:, None])).astype(np.int8)
    return [
        code.tobytes() + scale.tobytes()
        for code, scale in zip(codes, scales.astype("<f4"), strict=True)
    ]


class DenseIndex:
    """See the module. One writer; readers see whole states."""

    def __init__(self, dimensions: int) -> None:
        self.dimensions = dimensions
        self._lock = threading.Lock()
        self._state: _State | None = None

    def __len__(self) -> int:
        state = self._state
        return 0 if state is None else len(state.ids)

    def update(self, alive: NDArray[np.int64], new: Sequence[tuple[int, bytes]]) -> None:
        """Keep the rows whose number is in `alive` (ascending), and add packed rows."""
        import numpy as np

        with self._lock:
            state = self._state
            if state is None:
                ids = np.empty(0, np.int64)
                codes = np.empty((0, self.dimensions), np.int8)
                scales = np.empty(0, np.float32)
            else:
                keep = np.isin(state.ids, alive, assume_unique=True)
                if keep.all():
                    ids, codes, scales = state.ids, state.codes, state.scales
                    if not new:
                        return
                else:
                    ids, codes, scales = state.ids[keep], state.codes[keep], state.scales[keep]
            if new:
                raw = np.frombuffer(b"".join(data for _, data in new), np.uint8)
                raw = raw.reshape(len(new), self.dimensions + 4)
                ids = np.concatenate([ids, np.array([number for number, _ in new], np.int64)])
                codes = np.concatenate([codes, raw[:, : self.dimensions].view(np.int8)])
                added = np.ascontiguousarray(raw[:, self.dimensions :]).view("<f4")[:, 0]
                scales = np.concatenate([scales, added])
            self._state = _State(ids, codes, scales)

    def search(self, vector: Matrix, limit: int) -> list[tuple[int, float]]:
        """(chunk number, cosine) of the `limit` nearest rows, nearest first."""
        state = self._state
        if state is None or not len(state.ids) or limit < 1:
            return []
        rows, scores = state.nearest(vector, limit)
        return list(zip(state.ids[rows].tolist(), scores.tolist(), strict=True))

    def scores(self, vector: Matrix, ids: Sequence[int]) -> dict[int, float]:
        """Cosines of those chunk numbers that have a vector."""
        import numpy as np

        state = self._state
        if state is None or not ids or not len(state.ids):
            return {}
        wanted = np.array(sorted(ids), np.int64)
        order = state.order
        at = np.searchsorted(state.ids, wanted, sorter=order)
        at = np.minimum(at, len(state.ids) - 1)
        rows = order[at]
        there = state.ids[rows] == wanted
        rows = rows[there]
        return dict(
            zip(state.ids[rows].tolist(), state.cosines(vector, rows).tolist(), strict=True)
        )


class _State:
    """Rows that do not change any more."""

    def __init__(self, ids: NDArray[Any], codes: NDArray[Any], scales: NDArray[Any]) -> None:
        self.ids, self.codes, self.scales = ids, codes, scales
        self._floats: Matrix | None = None
        self._bits: NDArray[Any] | None = None
        self._order: NDArray[Any] | None = None
        self._center: Matrix | None = None

    @property
    def order(self) -> NDArray[Any]:
        import numpy as np

        if self._order is None:
            self._order = np.argsort(self.ids)
        return self._order

    def nearest(self, vector: Matrix, limit: int) -> tuple[NDArray[Any], Matrix]:
        import numpy as np

        if len(self.ids) <= _EXACT_ROWS:
            if self._floats is None:
                self._floats = self.codes.astype(np.float32) * self.scales[:, None]
            rows = np.arange(len(self.ids))
            scores = self._floats @ vector
        else:
            rows = self._candidates(vector, limit)
            scores = self.cosines(vector, rows)
        if limit < len(rows):
            best = np.argpartition(-scores, limit)[:limit]
            rows, scores = rows[best], scores[best]
        best = np.lexsort((self.ids[rows], -scores))
        return rows[best], scores[best]

    def cosines(self, vector: Matrix, rows: NDArray[Any]) -> Matrix:
        import numpy as np

        return (self.codes[rows].astype(np.float32) @ vector) * self.scales[rows]

    def _candidates(self, vector: Matrix, limit: int) -> NDArray[Any]:
        """Rows whose signs, seen from the middle of all vectors, differ least from the query's."""
        import numpy as np

        if self._bits is None:
            sample = self.codes[:: max(1, len(self.codes) // 20_000)]
            self._center = sample.astype(np.float32).mean(axis=0)
            width = -(-self.codes.shape[1] // 64) * 8
            bits = np.zeros((len(self.codes), width), np.uint8)
            for start in range(0, len(self.codes), 65_536):
                part = self.codes[start : start + 65_536]
                packed = np.packbits(part > self._center, axis=1)
                bits[start : start + len(part), : packed.shape[1]] = packed
            self._bits = bits.view(np.uint64)
        center = self._center
        assert center is not None
        mine = np.zeros(self._bits.shape[1] * 8, np.uint8)
        mean_scale = float(self.scales[:1000].mean())
        packed = np.packbits(vector > center * mean_scale)
        mine[: len(packed)] = packed
        distance = np.bitwise_count(self._bits ^ mine.view(np.uint64)).sum(axis=1, dtype=np.uint16)
        n = min(len(distance) - 1, max(limit, CANDIDATES, int(CANDIDATE_SHARE * len(distance))))
        return np.argpartition(distance, n)[:n]
