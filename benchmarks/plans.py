"""Refactoring requests on real packages: as plans of operations that a person wrote, and in words.

    pip download --no-deps --no-binary :all: click==8.5.1 flask==3.1.3 requests==2.34.2 \
        httpx==0.28.1 tinydb==4.9.0 boltons==26.2.0 isodate==0.7.2 -d FOLDER
    (and those of plan_requests.py)
    python benchmarks/plans.py FOLDER [--python PYTHON] [--django FOLDER] [--only WORD] [--json FILE]

No model and no code but short pieces in arguments: what is measured is whether the operations
reach. A request passes when the plan is accepted, exactly the files that have to do with it are
changed, every changed line has to do with it (`lines`, a pattern; moves: only what is moved), what
must stand there does, what must be gone is, and the package's tests pass as before with PYTHON
(which has pytest and what the packages need).
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from benchmarks.plan_requests import IN_WORDS, Request


def _p(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, **more}


REQUESTS = (
    Request(
        "click-8.5.1", "rename make_str to text_of everywhere",
        (("rename_symbol", {"symbol": "click.utils.make_str", "new_name": "text_of"}),),
        ("src/click/core.py", "src/click/utils.py"), r"\b(make_str|text_of)\b",
        gone=r"(?<![\w.])make_str\(", tests=("tests/test_utils.py", "tests/test_options.py"),
    ),
    Request(
        "click-8.5.1", "move open_file's helper class _KeepOpenFile to a module of its own",
        (("move_symbol", {"symbol": "click.utils._KeepOpenFile", "new_path": "src/click/_keep_open.py"}),),
        ("src/click/_keep_open.py", "src/click/utils.py", "tests/test_deprecations.py", "tests/test_utils/test_KeepOpenFile.py"), "",
        has=(("src/click/utils.py", "import _KeepOpenFile"), ("src/click/_keep_open.py", "class _KeepOpenFile")),
        tests=("tests/test_utils.py",),
    ),
    Request(
        "click-8.5.1", "let the short help say where it was cut: a parameter for the ellipsis, given by its caller",
        (
            ("change_signature", {"symbol": "click.utils._make_default_short_help",
             "parameters": [_p("help", annotation="str"), _p("max_length", annotation="int", default="45"), _p("ellipsis", annotation="str", default='"..."', value='"..."')]}),
            ("replace_text", {"path": "src/click/utils.py", "blocks": [
                {"old": 'if max_length < len("..."):\n        return "..."', "new": "if max_length < len(ellipsis):\n        return ellipsis"},
                {"old": 'placeholder="...", break_on_hyphens', "new": "placeholder=ellipsis, break_on_hyphens"}]}),
        ),
        ("src/click/core.py", "src/click/utils.py", "tests/test_utils/test_make_default_short_help.py"), r"ellipsis|_make_default_short_help\(|\.\.\.",
        has=(("src/click/core.py", '"..."'),), tests=("tests/test_commands.py", "tests/test_formatting.py"),
    ),
    Request(
        "flask-3.1.3", "split get_root_path out of helpers into flask/paths.py",
        (("move_symbol", {"symbol": "flask.helpers.get_root_path", "new_path": "src/flask/paths.py"}),),
        ("src/flask/helpers.py", "src/flask/paths.py", "src/flask/sansio/scaffold.py"), "",
        has=(("src/flask/sansio/scaffold.py", "from ..paths import get_root_path"), ("src/flask/paths.py", "def get_root_path")),
        tests=("tests/test_instance_config.py", "tests/test_helpers.py"),
    ),
    Request(
        "flask-3.1.3", "rename the method Config.get_namespace to Config.namespace",
        (("rename_symbol", {"symbol": "flask.config.Config.get_namespace", "new_name": "namespace", "strings": True}),),
        ("src/flask/config.py", "tests/test_config.py"), r"namespace",
        gone=r"\.get_namespace\(", tests=("tests/test_config.py",),
    ),
    Request(
        "flask-3.1.3", "use the standard library's cached_property instead of werkzeug's",
        (("replace_import", {"old": "werkzeug.utils.cached_property", "new": "functools.cached_property"}),),
        ("src/flask/sansio/app.py", "src/flask/sansio/scaffold.py"), r"cached_property|functools",
        gone=r"from werkzeug.utils import cached_property", tests=("tests/test_basic.py", "tests/test_blueprints.py"),
    ),
    Request(
        "flask-3.1.3", "take the deprecated alias of a module apart: send_from_directory only with keywords behind the path",
        (("change_signature", {"symbol": "flask.helpers.send_from_directory",
          "parameters": [_p("directory", annotation="os.PathLike[str] | str"), _p("path", annotation="os.PathLike[str] | str"), _p("*"), _p("**kwargs", annotation="t.Any")]}),),
        (), "",  # `*` with nothing behind it is no Python: it must be refused
    ),
    Request(
        "requests-2.34.2", "rename super_len to total_length everywhere",
        (("rename_symbol", {"symbol": "requests.utils.super_len", "new_name": "total_length"}),),
        ("src/requests/models.py", "src/requests/utils.py", "tests/test_utils.py"), r"super_len|total_length",
        gone=r"(?<![\w.\"'])super_len\(", tests=("tests/test_utils.py",),
    ),
    Request(
        "requests-2.34.2", "move CaseInsensitiveDict to a module of its own",
        (("move_symbol", {"symbol": "requests.structures.CaseInsensitiveDict", "new_path": "src/requests/headers.py"}),),
        ("src/requests/_types.py", "src/requests/adapters.py", "src/requests/headers.py", "src/requests/models.py",
         "src/requests/sessions.py", "src/requests/structures.py", "src/requests/utils.py", "tests/test_structures.py", "tests/test_utils.py", "tests/test_requests.py"), "",
        has=(("src/requests/models.py", "from .headers import CaseInsensitiveDict"), ("tests/test_structures.py", "from requests.headers import CaseInsensitiveDict")),
        tests=("tests/test_structures.py", "tests/test_utils.py"),
    ),
    Request(
        "requests-2.34.2", "extract a base class for credentials with the comparison of HTTPBasicAuth",
        (("extract_superclass", {"symbol": "requests.auth.HTTPBasicAuth", "members": ["__eq__", "__ne__"], "name": "Credentials"}),),
        ("src/requests/auth.py",), "",
        has=(("src/requests/auth.py", "class Credentials"), ("src/requests/auth.py", "class HTTPBasicAuth(Credentials)")),
        tests=("tests/test_utils.py", "tests/test_structures.py"),
    ),
    Request(
        "requests-2.34.2", "deprecate an alias: get_auth_from_url becomes auth_of_url, the old name warns",
        (
            ("rename_symbol", {"symbol": "requests.utils.get_auth_from_url", "new_name": "auth_of_url"}),
            ("replace_text", {"path": "src/requests/utils.py", "old": "def auth_of_url(", "new": 'def get_auth_from_url(url: str) -> tuple[str, str]:\n    """Deprecated: use auth_of_url."""\n    warnings.warn("get_auth_from_url is called auth_of_url", DeprecationWarning, stacklevel=2)\n    return auth_of_url(url)\n\n\ndef auth_of_url('}),
        ),
        ("src/requests/adapters.py", "src/requests/sessions.py", "src/requests/models.py", "src/requests/auth.py", "src/requests/utils.py", "tests/test_utils.py"), "",
        has=(("src/requests/utils.py", "def get_auth_from_url("), ("src/requests/utils.py", "def auth_of_url(")),
        tests=("tests/test_utils.py",),
    ),
    Request(
        "requests-2.34.2", "change the return type of unicode_is_ascii's sibling: get_encoding_from_headers says what it returns in one word",
        (("change_signature", {"symbol": "requests.utils.get_encoding_from_headers", "parameters": [_p("headers", annotation="CaseInsensitiveDict[str]")], "returns": "Optional[str]"}),
         ("add_import", {"path": "src/requests/utils.py", "module": "typing", "name": "Optional"})),
        ("src/requests/utils.py",), r"get_encoding_from_headers|typing|Optional",
        has=(("src/requests/utils.py", "-> Optional[str]:"),), tests=("tests/test_utils.py",),
    ),
    Request(
        "httpx-0.28.1", "inline the helper is_ipv4_hostname",
        (("inline_function", {"symbol": "httpx._utils.is_ipv4_hostname"}),),
        (), "",  # it holds a try: it cannot be proven, so it must be refused
    ),
    Request(
        "httpx-0.28.1", "rename primitive_value_to_str to text_of_primitive",
        (("rename_symbol", {"symbol": "httpx._utils.primitive_value_to_str", "new_name": "text_of_primitive"}),),
        ("httpx/_multipart.py", "httpx/_urls.py", "httpx/_content.py", "httpx/_utils.py"), r"primitive_value_to_str|text_of_primitive",
        gone=r"primitive_value_to_str", tests=("tests/models/test_url.py",),
    ),
    Request(
        "httpx-0.28.1", "make the package's imports absolute in _utils and its users in _multipart",
        (("convert_import", {"path": "httpx/_utils.py", "style": "absolute", "every": True}),
         ("convert_import", {"path": "httpx/_multipart.py", "style": "absolute", "every": True})),
        ("httpx/_multipart.py", "httpx/_utils.py"), r"^(from|import|[\w, ]+\(?$|\))", gone="",
        has=(("httpx/_utils.py", "from httpx._types import PrimitiveData"),), tests=("tests/test_multipart.py",),
    ),
    Request(
        "tinydb-4.9.0", "split storages: JSON and memory in modules of their own",
        (("move_symbol", {"symbol": "tinydb.storages.JSONStorage", "new_path": "tinydb/json_storage.py"}),
         ("move_symbol", {"symbol": "tinydb.storages.MemoryStorage", "new_path": "tinydb/memory_storage.py"})),
        ("tests/conftest.py", "tests/test_middlewares.py", "tests/test_storages.py", "tests/test_tinydb.py",
         "tinydb/__init__.py", "tinydb/json_storage.py", "tinydb/memory_storage.py", "tinydb/storages.py", "tests/test_tables.py"), "",
        has=(("tinydb/__init__.py", "from .json_storage import JSONStorage"), ("tinydb/json_storage.py", "class JSONStorage(Storage)")),
        tests=("tests/test_storages.py", "tests/test_tinydb.py"),
    ),
    Request(
        "tinydb-4.9.0", "make a package of utils and rename freeze to hashable",
        (("module_to_package", {"path": "tinydb/utils.py"}),
         ("rename_symbol", {"symbol": "freeze", "new_name": "hashable", "comments": True})),
        ("tests/test_utils.py", "tinydb/queries.py", "tinydb/utils.py", "tinydb/utils/__init__.py"), r"freeze|hashable",
        gone=r"^(?!\s*#).*(?<![\w.])freeze\(", tests=("tests/test_utils.py", "tests/test_queries.py"),
    ),
    Request(
        "tinydb-4.9.0", "name the arguments of touch at each call, then rename create_dirs to parents",
        (("change_signature", {"symbol": "tinydb.storages.touch", "parameters": [_p("path", annotation="str"), _p("*"), _p("parents", old="create_dirs", annotation="bool")]}),),
        ("tests/test_storages.py", "tinydb/storages.py"), r"touch|create_dirs|parents",
        has=(("tinydb/storages.py", "touch(path, parents=create_dirs)"),), tests=("tests/test_storages.py",),
    ),
    Request(
        "boltons-26.2.0", "make count of chunked keyword-only",
        (("change_signature", {"symbol": "boltons.iterutils.chunked", "parameters": [_p("src"), _p("size"), _p("*"), _p("count", default="None"), _p("**kw")]}),),
        ("boltons/iterutils.py",), r"chunked\(",
        has=(("boltons/iterutils.py", "def chunked(src, size, *, count=None, **kw):"),), tests=("tests/test_iterutils.py",),
    ),
    Request(
        "boltons-26.2.0", "the module mathutils becomes numbers_",
        (("rename_module", {"path": "boltons/mathutils.py", "new_name": "numbers_"}),),
        ("boltons/mathutils.py", "boltons/numbers_.py", "tests/test_mathutils.py", "boltons/tableutils.py", "boltons/statsutils.py"), r"mathutils|numbers_",
        gone=r"from boltons.mathutils import", tests=("tests/test_mathutils.py",),
    ),
    Request(
        "isodate-0.7.2", "f-strings instead of percent formatting in isodates",
        (("fix_lint", {"path": "src/isodate/isodates.py", "code": "UP031", "unsafe": True}),
         ("fix_lint", {"path": "src/isodate/isodates.py", "code": "UP032", "unsafe": True})),
        ("src/isodate/isodates.py",), "",
        tests=("tests/test_date.py",),
    ),
    Request(
        "isodate-0.7.2", "rename parse_tzinfo's helper build_tzinfo and give tzhour and tzmin by name",
        (("rename_symbol", {"symbol": "isodate.isotzinfo.build_tzinfo", "new_name": "timezone_of"}),
         ("change_signature", {"symbol": "isodate.isotzinfo.timezone_of", "parameters": [_p("tzname"), _p("tzsign", default='"+"'), _p("*"), _p("tzhour", default="0"), _p("tzmin", default="0")]})),
        ("src/isodate/isotime.py", "src/isodate/isotzinfo.py", "tests/test_time.py", "tests/test_datetime.py", "tests/test_strf.py"), "",
        gone=r"build_tzinfo", has=(("src/isodate/isotzinfo.py", "def timezone_of(tzname, tzsign=\"+\", *, tzhour=0, tzmin=0):"),),
        tests=("tests/test_time.py", "tests/test_datetime.py"),
    ),
)  # fmt: skip

DJANGO = (
    Request(
        "django", "rename capfirst of django.utils.text to first_upper; the template filter keeps its name",
        (("rename_symbol", {"symbol": "django.utils.text.capfirst", "new_name": "first_upper"}),),
        ("*",), r"capfirst|first_upper", gone=r"django\.utils\.text import (.*, )?capfirst\b",
    ),
    Request(
        "django", "move slugify to django/utils/slugs.py",
        (("move_symbol", {"symbol": "django.utils.text.slugify", "new_path": "django/utils/slugs.py"}),),
        ("*",), "", gone=r"django\.utils\.text import slugify$",
    ),
    Request(
        "django", "rename the exception EmptyPage to NoSuchPage",
        (("rename_symbol", {"symbol": "django.core.paginator.EmptyPage", "new_name": "NoSuchPage"}),),
        ("*",), r"EmptyPage|NoSuchPage", gone=r"\bEmptyPage\b(?!\")",
    ),
)  # fmt: skip


def attempt(root: Path, request: Request, python: str) -> dict[str, Any]:
    """The row of one request, carried out by the command line on a copy of its own."""
    row: dict[str, Any] = {"package": request.package, "request": request.text}
    before = _texts(root)
    tests_before = _tests(root, request.tests, python) if request.tests else True
    plan: list[dict[str, Any]] = [
        {"operation": name, "arguments": given} for name, given in request.plan
    ]
    for call in plan:
        new_path = call["arguments"].get("new_path")
        if new_path:
            call["arguments"]["new_path"] = str(root / new_path)
    started = time.monotonic()
    command = "from treewright_server.cli import main; import sys; sys.exit(main())"
    verb = (
        ["apply", str(root), "-", "--write"]
        if plan
        else ["task", str(root), request.text, "--write"]
    )
    done = subprocess.run(
        [sys.executable, "-c", command, *verb],
        input=json.dumps(plan) if plan else None, capture_output=True, text=True, timeout=600, check=False,
    )  # fmt: skip
    row["seconds"] = round(time.monotonic() - started, 2)
    after = _texts(root)
    changed = sorted(f for f in {*before, *after} if before.get(f) != after.get(f))
    row["changed"] = len(changed)
    trouble: list[str] = []
    if not request.files:
        if done.returncode == 0 or changed:
            trouble.append("it was not refused")
    elif done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if "treewright:" in line]
        trouble.append((said or [done.stderr.strip() or "refused"])[-1])
    else:
        trouble = _wrong(request, before, after, changed)
        if not trouble and tests_before and request.tests:
            trouble += [] if _tests(root, request.tests, python) else ["the package's tests fail"]
        row["tests"] = bool(request.tests and tests_before)
    row["trouble"] = trouble
    row["passed"] = not trouble
    return row


def _wrong(
    request: Request, before: dict[str, str], after: dict[str, str], changed: Sequence[str]
) -> list[str]:
    trouble: list[str] = []
    if request.files != ("*",):
        beyond = [f for f in changed if f not in request.files]
        if beyond:
            trouble.append(f"also changed: {', '.join(beyond)}")
    if request.lines:
        for file in changed:
            old, new = before.get(file), after.get(file)
            if old is None or new is None:
                continue  # moved as a whole
            for line in _changed_lines(old, new):
                if not re.search(request.lines, line.strip()):
                    trouble.append(f"{file}: unrelated line {line.strip()[:80]!r}")
    for file, text in request.has:
        if text not in after.get(file, ""):
            trouble.append(f"{file} has no {text!r}")
    if request.gone:
        left = [f for f, text in after.items() if re.search(request.gone, text, re.MULTILINE)]
        if left:
            trouble.append(f"still there: {', '.join(left[:4])}")
    for file in changed:
        try:
            compile(after.get(file, ""), file, "exec")
        except SyntaxError as error:
            trouble.append(f"{file}: {error}")
    return trouble


def _changed_lines(old: str, new: str) -> list[str]:
    """Lines that went and lines that came, wherever they stand."""
    gone, come = Counter(old.splitlines()), Counter(new.splitlines())
    return [line for line in (*(gone - come), *(come - gone)) if line.strip()]


def _texts(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): path.read_bytes().decode("utf-8", "replace")
        for path in root.rglob("*.py")
    }


def _tests(root: Path, tests: Sequence[str], python: str) -> bool:
    done = subprocess.run(
        [python, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-W", "ignore", *tests],
        cwd=root, env={"PYTHONPATH": f"{root / 'src'}:{root}", "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True, timeout=300, check=False,
    )  # fmt: skip
    return done.returncode == 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--django", default="", help="Django's source, for three requests more")
    parser.add_argument("--only", default="")
    parser.add_argument("--json", default="")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for request in (*REQUESTS, *IN_WORDS, *(DJANGO if options.django else ())):
        if options.only not in f"{request.package} {request.text}":
            continue
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder).resolve() / "work"
            if request.package == "django":
                shutil.copytree(options.django, root)
            else:
                with tarfile.open(Path(options.folder) / f"{request.package}.tar.gz") as packed:
                    packed.extractall(folder, filter="data")
                (Path(folder) / request.package).rename(root)
            row = attempt(root, request, options.python)
        rows.append(row)
        mark = "ok  " if row["passed"] else "FAIL"
        print(f"{mark} {row['seconds']:6.1f} s {row['changed']:3} files  {row['package']}: {row['request']}", flush=True)  # fmt: skip
        for line in row["trouble"][:6]:
            print(f"       {line}")
    passed = sum(row["passed"] for row in rows)
    print(f"{passed} of {len(rows)} pass ({passed / max(1, len(rows)):.0%})")
    if options.json:
        Path(options.json).write_text(json.dumps(rows, indent=1))


if __name__ == "__main__":
    main()
