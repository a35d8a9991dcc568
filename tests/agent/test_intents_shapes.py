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

CLIENT = """//- src/net/__init__.py
//- src/net/client.py
def add_up(rows):
    total = 0
    return total


class Client:
    def fetch(self):
        return add_up(rows)

    def _send(self):
        return 1
"""
SWAP = '//- a.py\ndef put(key, value):\n    return key, value\n\n\nput("a", 1)\n'
POINT = "//- a.py\nclass Point:\n    def __init__(self, x: int, y: int = 0):\n        self.x = x\n        self.y = y\n"
POINT_DATA = "//- a.py\nfrom dataclasses import dataclass\n\n\n@dataclass(eq=False)\nclass Point:\n    x: int\n    y: int = 0\n"
PAIR = "//- a.py\ndef second():\n    return 2\n\n\ndef first():\n    return second()\n//- other.py\nx = 1\n//- c.py\nfrom a import first\n"
PAIR_MOVED = "//- a.py\n//- other.py\nx = 1\n\n\ndef second():\n    return 2\n\n\ndef first():\n    return second()\n//- c.py\nfrom other import first\n"
RELATIVE = (
    "//- pkg/__init__.py\n//- pkg/a.py\nx = 1\n//- pkg/b.py\nfrom pkg.a import x\n\nprint(x)\n"
)
STAR = "//- a.py\none = 1\ntwo = 2\n//- b.py\nfrom a import *\n\nprint(one)\n"
LIBRARY = (
    "//- a.py\nimport requests\n\nrequests.get(1)\n//- b.py\nfrom requests import get\n\nget(2)\n"
)
HTTPX = LIBRARY.replace("requests", "httpx")
HTTPX = HTTPX.replace("get(1)", "get(1, follow_redirects=True)").replace("get(2)", "get(2, follow_redirects=True)")  # fmt: skip
CYCLE = "//- a.py\nfrom b import f\n\n\ndef g():\n    return f()\n//- b.py\nfrom a import g\n\n\ndef f():\n    return g()\n"
CYCLE_BROKEN = "//- a.py\ndef g():\n    from b import f\n    return f()\n//- b.py\nfrom a import g\n\n\ndef f():\n    return g()\n"
DEAD = "//- a.py\ndef f():\n    return 1\n    print()\n"
DEEP = "//- a.py\ndef walk(x, deep):\n    return x, deep\n\n\nwalk(1, True)\nwalk(2, True)\n"

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
    ("make fetch of class Client private", CLIENT, CLIENT.replace("fetch", "_fetch")),
    ("把 Client.fetch 设为私有", CLIENT, CLIENT.replace("fetch", "_fetch")),
    ("make Client._send public", CLIENT, CLIENT.replace("_send", "send")),
    ("rename the variable total in function add_up to result", CLIENT, CLIENT.replace("total", "result")),
    ("rename fetch in src/net/client.py to load", CLIENT, CLIENT.replace("fetch", "load")),
    ("rename fetch in module net.client to load", CLIENT, CLIENT.replace("fetch", "load")),
    ("add parameter start=0 to add_up in net/client.py", CLIENT, CLIENT.replace("add_up(rows)", "add_up(rows, start=0)", 1)),
    ("add parameter start=0 to add_up of net.client and pass it", CLIENT, CLIENT.replace("def add_up(rows)", "def add_up(rows, start=0)").replace("return add_up(rows)", "return add_up(rows, 0)")),
    ("make add_up async with its callers", CLIENT, CLIENT.replace("def add_up", "async def add_up").replace("def fetch", "async def fetch").replace("return add_up", "return await add_up")),
    ("swap the parameters key and value of put", SWAP, SWAP.replace("(key, value)", "(value, key)").replace('("a", 1)', '(1, "a")')),
    ("convert class Point to a dataclass", POINT, POINT_DATA),
    ("turn Point into a dataclass", POINT, POINT_DATA),
    ("把类 Point 改为 dataclass", POINT, POINT_DATA),
    ("move first and second to other", PAIR, PAIR_MOVED),
    ("把 first 和 second 移动到 other", PAIR, PAIR_MOVED),
    ("use relative imports in pkg", RELATIVE, RELATIVE.replace("from pkg.a", "from .a")),
    ("convert relative imports to absolute", RELATIVE.replace("from pkg.a", "from .a"), RELATIVE),
    ("expand star imports in b.py", STAR, STAR.replace("*", "one")),
    ("replace the star imports by explicit imports", STAR, STAR.replace("*", "one")),
    ("replace requests by httpx in the whole repo", LIBRARY, HTTPX),
    ("switch from requests to httpx", LIBRARY, HTTPX),
    ("use httpx instead of requests everywhere", LIBRARY, HTTPX),
    ("把 requests 全部换成 httpx", LIBRARY, HTTPX),
    ("break the import cycle between a and b", CYCLE, CYCLE_BROKEN),
    ("remove dead code", DEAD, DEAD.replace("    print()\n", "")),
    ("inline parameter deep of walk", DEEP, "//- a.py\ndef walk(x):\n    return x, True\n\n\nwalk(1)\nwalk(2)\n"),
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
