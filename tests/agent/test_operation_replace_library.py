"""Replace a library: names, arguments, answers, dependencies, and what is left to a person."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.operations import case_of, check_operation, check_refused

R = "import requests\n"
H = "import httpx\n"
CALLS = [
    pytest.param(R + "requests.get(u)\n", H + "httpx.get(u, follow_redirects=True)\n", id="redirects are followed"),
    pytest.param(R + "requests.head(u)\n", H + "httpx.head(u)\n", id="those of head are not"),
    pytest.param(R + "requests.get(u, allow_redirects=x)\n", H + "httpx.get(u, follow_redirects=x)\n", id="said already"),
    pytest.param(R + "requests.post(u, d, j)\n", H + "httpx.post(u, data=d, json=j, follow_redirects=True)\n", id="by position"),
    pytest.param(R + "requests.post(u, data=json.dumps(x))\n", H + "httpx.post(u, content=json.dumps(x), follow_redirects=True)\n", id="a text is content"),
    pytest.param(R + "requests.delete(u, json=x)\n", H + 'httpx.request("DELETE", u, json=x, follow_redirects=True)\n', id="delete with a body"),
    pytest.param(R + "requests.get(u, stream=False)\n", H + "httpx.get(u, follow_redirects=True)\n", id="not streamed"),
    pytest.param(R + "with requests.get(u, stream=True) as r:\n    r.iter_content(9)\n", H + 'with httpx.stream("GET", u, follow_redirects=True) as r:\n    r.iter_bytes(9)\n', id="streamed"),
    pytest.param(R + "requests.get(u, timeout=(3, t))\n", H + "httpx.get(u, timeout=httpx.Timeout(t, connect=3), follow_redirects=True)\n", id="two timeouts"),
    pytest.param(R + "requests.get(\n    u,\n    params=p,\n)\n", H + "httpx.get(\n    u,\n    params=p,\n    follow_redirects=True,\n)\n", id="an argument a line"),
    pytest.param(R + "s = requests.Session()\ns.get(u)\n", H + "s = httpx.Client(follow_redirects=True)\ns.get(u)\n", id="a session is a client"),
    pytest.param(R + "with requests.Session() as s:\n    s.post(u, d)\n", H + "with httpx.Client(follow_redirects=True) as s:\n    s.post(u, data=d)\n", id="in a with"),
    pytest.param(R + "def f(s: requests.Session):\n    r = s.get(u)\n    return r.ok\n", H + "def f(s: httpx.Client):\n    r = s.get(u)\n    return not r.is_error\n", id="by annotation"),
    pytest.param(R + "r = requests.head(u)\nif not r.ok:\n    print(r.reason, r.url)\n    f(r.url)\n", H + "r = httpx.head(u)\nif r.is_error:\n    print(r.reason_phrase, r.url)\n    f(str(r.url))\n", id="what an answer has"),
    pytest.param("def f(r):\n    return r.ok\n" + R, "def f(r):\n    return r.ok\n" + H, id="another ok"),
    pytest.param(R + "x == requests.codes.not_found\n", H + "x == httpx.codes.NOT_FOUND\n", id="codes"),
    pytest.param(R + "try:\n    pass\nexcept (requests.ConnectionError, requests.exceptions.Timeout):\n    pass\n", H + "try:\n    pass\nexcept (httpx.NetworkError, httpx.TimeoutException):\n    pass\n", id="exceptions"),
    pytest.param("import requests as r\nr.head(u)\n", "import httpx as r\nr.head(u)\n", id="an alias"),
    pytest.param("from requests.exceptions import Timeout, HTTPError as E\nf(Timeout, E)\n", "from httpx import TimeoutException, HTTPStatusError as E\nf(TimeoutException, E)\n", id="names of it"),
    pytest.param("from requests import exceptions\nf(exceptions.Timeout)\n", H + "f(httpx.TimeoutException)\n", id="a module of it"),
    pytest.param("from requests.auth import HTTPBasicAuth\nf(HTTPBasicAuth('a', 'b'))\n", "from httpx import BasicAuth\nf(BasicAuth('a', 'b'))\n", id="authentication"),
    pytest.param("import requests\nimport requests.exceptions\nf(requests.exceptions.SSLError)\n", H + "f(httpx.ConnectError)\n", id="imported twice"),
    pytest.param("import os, requests\nrequests.head(os)\n", "import os\nimport httpx\nhttpx.head(os)\n", id="beside another"),
    pytest.param("def f():\n    import requests\n    return requests.head(u)\n", "def f():\n    import httpx\n    return httpx.head(u)\n", id="in a function"),
    pytest.param(R + "def f(requests):\n    return requests.get(u)\n", H + "def f(requests):\n    return requests.get(u)\n", id="another requests"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), CALLS)
def test_requests_becomes_httpx(tmp_path: Path, before: str, after: str) -> None:
    check_operation(tmp_path, "replace_library", before, after, old="requests", new="httpx")


OTHERS = [
    pytest.param("simplejson", "json", "import simplejson as json\njson.loads(x)\n", "import json\njson.loads(x)\n", id="simplejson"),
    pytest.param("mock", "unittest.mock", "import mock\nmock.patch('a.b')\n", "from unittest import mock\nmock.patch('a.b')\n", id="mock"),
    pytest.param("mock", "unittest.mock", "from mock import Mock, call\nMock(call)\n", "from unittest.mock import Mock, call\nMock(call)\n", id="names of mock"),
    pytest.param("toml", "tomllib", "import toml\ntoml.loads(x)\n", "import tomllib\ntomllib.loads(x)\n", id="toml"),
    pytest.param("pytz", "zoneinfo", "from pytz import timezone\ntimezone('UTC')\n", "from zoneinfo import ZoneInfo\nZoneInfo('UTC')\n", id="pytz"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "before", "after"), OTHERS)
def test_other_pairs(tmp_path: Path, old: str, new: str, before: str, after: str) -> None:
    check_operation(tmp_path, "replace_library", before, after, old=old, new=new)


BY_HAND = [
    pytest.param("requests.get(u, proxies=p)\n", "one `proxy=`", id="proxies"),
    pytest.param("s = requests.Session()\ns.get(u, verify=False)\n", "`verify` for a whole client", id="verify of a client"),
    pytest.param("s = requests.Session()\ns.mount('a', b)\n", "mounts", id="adapters"),
    pytest.param("r = requests.get(u, stream=True)\n", "with httpx.stream", id="a stream without with"),
    pytest.param("requests.utils.quote(u)\n", "no such helpers", id="helpers"),
    pytest.param("requests.packages.urllib3.x()\n", "urllib3", id="what is inside"),
    pytest.param("requests.get(u, **more)\n", "names otherwise", id="unknown arguments"),
    pytest.param("r = requests.get(u)\nr.raw.read()\n", "iter_raw", id="raw"),
]  # fmt: skip


@pytest.mark.parametrize(("body", "reason"), BY_HAND)
def test_what_has_no_counterpart_is_listed_and_its_file_waits(
    tmp_path: Path, body: str, reason: str
) -> None:
    with case_of(tmp_path, R + body, old="requests", new="httpx") as case:
        change = case.run("replace_library")
    (note,) = change.notes
    assert reason in note.text
    assert all(edit.doubt for file in change.files for edit in file.edits)


def test_what_is_left_still_imports_the_old_library(tmp_path: Path) -> None:
    before = R + "class A(requests.adapters.HTTPAdapter): ...\nrequests.head(u)\n"
    with case_of(tmp_path, before, old="requests", new="httpx") as case:
        after = case.files_after(case.run("replace_library"))
    (text,) = after.values()
    assert text == (
        "import httpx\nimport requests\nclass A(requests.adapters.HTTPAdapter): ...\nhttpx.head(u)\n"
    )


def test_dependencies_follow_unless_something_stays(tmp_path: Path) -> None:
    lists = (
        "//- requirements.txt\nflask\nrequests>=2,<3  # http\nrequests-mock\n"
        "//- pyproject.toml\n[project]\ndependencies = ['requests[socks]~=2.1', 'types-requests']\n"
    )
    with case_of(tmp_path / "a", f"//- m.py\n{R}requests.head(u)\n{lists}", old="requests", new="httpx") as case:  # fmt: skip
        change = case.run("replace_library")
        after = case.files_after(change)
    assert after["requirements.txt"] == "flask\nhttpx>=0.28  # http\nrequests-mock\n"
    assert "dependencies = ['httpx>=0.28', 'types-requests']" in after["pyproject.toml"]
    with case_of(tmp_path / "b", f"//- m.py\n{R}requests.utils.x()\n{lists}", old="requests", new="httpx") as case:  # fmt: skip
        change = case.run("replace_library")
    assert sum("still needed by" in note.text for note in change.notes) == 2
    assert [Path(file.path).name for file in change.files] == ["m.py"]


def test_a_patched_name_waits_for_confirmation(tmp_path: Path) -> None:
    text = R + "patch('requests.get')\npatch('requests')\nrequests.head(u)\n"
    with case_of(tmp_path, text, old="requests", new="httpx") as case:
        change = case.run("replace_library")
        (after,) = case.files_after(change).values()
    assert "patch('httpx.get')" in after
    (doubt,) = {edit.doubt for file in change.files for edit in file.edits} - {""}
    assert "patched" in doubt
    assert [note.text for note in change.notes] == ["a string names `requests`"]


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("requests", "aiohttp", "known are requests by httpx"),
        ("toml", "tomllib", "nothing imports"),
    ],
)
def test_it_refuses(tmp_path: Path, old: str, new: str, reason: str) -> None:
    check_refused(tmp_path, "replace_library", R, reason, old=old, new=new)
