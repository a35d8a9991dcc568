"""Requests that take code out or swap imports, from the sentence to the changed files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fixtures import split_fixture, workspace_of
from treewright_agent.draft import texts_after
from treewright_agent.intents import understand
from treewright_agent.planning import plan_intent
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError

DECORATED = "//- a.py\nfrom functools import cache\n\n@cache\ndef f(): ...\n//- b.py\nimport functools\n\n@functools.cache\ndef g(): ...\n"
BARE = "//- a.py\ndef f(): ...\n//- b.py\ndef g(): ...\n"
FLAGGED = "//- a.py\nNEW_UI = True\nSIZE = 1\n//- b.py\nfrom a import NEW_UI\n\nif NEW_UI:\n    f()\nelse:\n    g()\n"
UNFLAGGED = "//- a.py\nSIZE = 1\n//- b.py\nf()\n"
FLAGGED_OFF = "//- a.py\nSIZE = 1\n//- b.py\ng()\n"
IMPORTED = "//- a.py\nimport old.api\n\nold.api.get()\n"
SWAPPED = "//- a.py\nimport new.api\n\nnew.api.get()\n"
UNUSED = "//- a.py\ndef used(): ...\n\n\ndef lonely(): ...\n\n\nused()\n"
DELETED = "//- a.py\ndef used(): ...\n\n\nused()\n"

DONE = [
    ("remove the decorator @cache everywhere", DECORATED, BARE),
    ("remove all @cache decorators from the project", DECORATED, BARE),
    ("Please strip every @functools.cache in the whole workspace", DECORATED, BARE),
    ("删除所有 @cache 装饰器", DECORATED, BARE),
    ("在整个项目中移除所有装饰器 @cache", DECORATED, BARE),
    ("把装饰器 @cache 从整个项目中删除", DECORATED, BARE),
    ("remove decorator @cache from f", DECORATED, "//- a.py\ndef f(): ...\n//- b.py\nimport functools\n\n@functools.cache\ndef g(): ...\n"),
    ("删除函数 f 的装饰器 @cache", DECORATED, "//- a.py\ndef f(): ...\n//- b.py\nimport functools\n\n@functools.cache\ndef g(): ...\n"),
    ("remove feature flag NEW_UI as true", FLAGGED, UNFLAGGED),
    ("remove the flag NEW_UI (always on)", FLAGGED, UNFLAGGED),
    ("inline the flag NEW_UI as false", FLAGGED, FLAGGED_OFF),
    ("移除功能开关 NEW_UI 保留 true 分支", FLAGGED, UNFLAGGED),
    ("replace import old.api by new.api", IMPORTED, SWAPPED),
    ("change all imports of old.api to new.api everywhere", IMPORTED, SWAPPED),
    ("把导入 old.api 替换为 new.api", IMPORTED, SWAPPED),
    ("delete the function lonely", UNUSED, DELETED),
    ("remove the unused function lonely from a.py", UNUSED, DELETED),
    ("删除函数 lonely", UNUSED, DELETED),
]  # fmt: skip


@pytest.mark.parametrize(("sentence", "before", "after"), DONE)
def test_a_request_is_carried_out(tmp_path: Path, sentence: str, before: str, after: str) -> None:
    intent = understand(sentence)
    assert intent is not None
    with workspace_of(tmp_path, before) as fixture:
        planned = plan_intent(
            intent, fixture.snapshot, fixture.root, lambda question, choices: None, CancelToken()
        )
        files = split_fixture(before)
        for path, text in texts_after(planned.draft).items():
            assert text is not None
            files[fixture.snapshot.display_path(path)] = text.string
    assert files == split_fixture(after)


def test_a_symbol_in_use_is_not_deleted(tmp_path: Path) -> None:
    intent = understand("delete the function used")
    assert intent is not None
    with (
        workspace_of(tmp_path, UNUSED) as fixture,
        pytest.raises(RefusedError, match=r"`used` is used: a.py:7"),
    ):
        plan_intent(
            intent, fixture.snapshot, fixture.root, lambda question, choices: None, CancelToken()
        )


@pytest.mark.parametrize(
    "sentence",
    [
        "do not remove the decorator @cache everywhere",
        "why remove the decorator @cache everywhere?",
        "remove decorators everywhere",
        "不要删除所有 @cache 装饰器",
    ],
)
def test_what_only_looks_like_one(sentence: str) -> None:
    assert understand(sentence) is None
