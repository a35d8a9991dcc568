"""Bulk embedding in a process of its own gives the vectors that this process would."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import numpy as np
import pytest

from treewright_indexer.encoders.apart import FEW, ApartEncoder
from treewright_indexer.encoders.codetext import document_of
from treewright_indexer.encoders.manifest import ModelError
from treewright_indexer.encoders.providers import EncoderSettings
from treewright_indexer.encoders.shelf import (
    DEFAULT_QUICK,
    Models,
    ModelSettings,
    encoder_of,
    manifest_of,
)

CHUNKS = [(f"shop/pay{n}.py", f"Client.retry{n}", f"def retry{n}(self): pass") for n in range(40)]


@pytest.fixture
def apart() -> ApartEncoder:
    return ApartEncoder(manifest_of(DEFAULT_QUICK), EncoderSettings(), encoder_of)


def child_of(encoder: ApartEncoder) -> int:
    child = encoder._process._child  # pyright: ignore[reportPrivateUsage]
    assert child is not None
    return child.pid


def test_vectors_are_those_of_the_model_here(apart: ApartEncoder) -> None:
    here = encoder_of(apart.manifest, EncoderSettings())
    try:
        found = apart.chunks(CHUNKS)
        assert np.allclose(found, here.documents([document_of(here, *each) for each in CHUNKS]))
        assert np.allclose(apart.query("retry"), here.query("retry"))
        assert apart.chunks([]).shape == (0, apart.dimensions)
    finally:
        apart.rest()


def test_the_process_ends_and_comes_back(apart: ApartEncoder) -> None:
    before = apart.chunks(CHUNKS)
    first = child_of(apart)
    apart.rest()
    with pytest.raises(ProcessLookupError):
        os.kill(first, 0)
    assert np.array_equal(apart.chunks(CHUNKS), before)
    os.kill(child_of(apart), signal.SIGKILL)  # somebody else ended it
    assert np.array_equal(apart.chunks(CHUNKS), before)
    apart.rest()


def test_few_chunks_start_no_process_where_the_model_is_loaded(apart: ApartEncoder) -> None:
    apart.query("retry")
    apart.chunks(CHUNKS[:FEW])
    with pytest.raises(AssertionError):
        child_of(apart)


def test_what_is_wrong_with_a_model_is_said(apart: ApartEncoder, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="none"):
        Models(
            ModelSettings(
                embedder=str(tmp_path / "none.json"), run=EncoderSettings(background=True)
            )
        ).embedder()
    apart._process._options = (str(tmp_path), ())  # pyright: ignore[reportPrivateUsage]
    with pytest.raises(ModelError):
        apart.chunks(CHUNKS)
    apart.rest()


def test_the_server_s_models_embed_apart() -> None:
    models = Models(ModelSettings(run=EncoderSettings(background=True)))
    assert isinstance(models.embedder(), ApartEncoder)
    assert isinstance(models.quick(), ApartEncoder)
    assert not isinstance(Models().quick(), ApartEncoder)
