"""A tiny router of paths to handlers."""

from benchmarks.agent_cases import Project, Task, create, done, edit, read, swapped, tool

ROUTES = '''"""Paths with parameters."""

import re


class NotFound(Exception):
    pass


def compiled(path):
    pattern = re.sub(r"<(\\w+)>", r"(?P<\\1>[^/]+)", path)
    return re.compile(pattern)


class Router:
    def __init__(self):
        self.routes = []

    def add(self, method, path, handler):
        self.routes.append((method, compiled(path), handler))

    def dispatch(self, method, path):
        for known, pattern, handler in self.routes:
            match = pattern.match(path)
            if match and known == method:
                return handler(**match.groupdict())
        raise NotFound(path)
'''
APP = '''"""An application."""

from web.routes import Router

router = Router()


def show_user(name):
    return f"user {name}"


def index():
    return "index"


router.add("GET", "/", index)
router.add("GET", "/users/<name>", show_user)
'''
TESTS = """import pytest

from web.app import router
from web.routes import NotFound, Router


def test_index():
    assert router.dispatch("GET", "/") == "index"


def test_parameter():
    assert router.dispatch("GET", "/users/ann") == "user ann"


def test_not_found():
    with pytest.raises(NotFound):
        router.dispatch("GET", "/nothing")
"""
FULL = swapped(ROUTES, ("match = pattern.match(path)", "match = pattern.fullmatch(path)"))
GET = '''
    def get(self, path):
        """A decorator that adds a handler of GET."""

        def keep(handler):
            self.add("GET", path, handler)
            return handler

        return keep
'''
GET_TESTS = """from web.routes import Router


def test_decorator():
    router = Router()

    @router.get("/a/<b>")
    def show(b):
        return b

    assert router.dispatch("GET", "/a/x") == "x"
    assert show("y") == "y"
"""
POST_TESTS = """import pytest

from web.routes import NotFound, Router


def test_methods_are_told_apart():
    router = Router()
    router.add("POST", "/a", lambda: "made")
    assert router.dispatch("POST", "/a") == "made"
    with pytest.raises(NotFound):
        router.dispatch("GET", "/a")
"""

PROJECT = Project(
    "router",
    {
        "web/__init__.py": "",
        "web/routes.py": ROUTES,
        "web/app.py": APP,
        "tests/test_web.py": TESTS,
    },
    (
        Task(
            "prefix",
            "bug",
            "A path that only begins like a route is dispatched to it, /nothing should not be found",
            (
                tool("search_text", pattern="match"),
                (edit("web/routes.py", "pattern.match(path)", "pattern.fullmatch(path)"),),
                tool("test"),
                done("whole paths are matched"),
            ),
            {"web/routes.py": FULL},
        ),
        Task(
            "decorator",
            "feature",
            "Handlers should be addable by a decorator router.get(path); write a test for it too",
            (
                read("web/routes.py"),
                (
                    edit(
                        "web/routes.py",
                        "    def dispatch(self, method, path):",
                        GET.lstrip("\n").replace(
                            "            return handler\n", "            pass\n", 1
                        )
                        + "\n    def dispatch(self, method, path):",
                    ),
                    create("tests/test_get.py", GET_TESTS),
                ),
                tool("test", selection=["tests/test_get.py"]),
                (edit("web/routes.py", "            pass\n", "            return handler\n"),),
                done("router.get adds and hands back the handler"),
            ),
            {
                "web/routes.py": swapped(
                    ROUTES,
                    (
                        "    def dispatch(self, method, path):",
                        GET.lstrip("\n") + "\n    def dispatch(self, method, path):",
                    ),
                ),
                "tests/test_get.py": GET_TESTS,
            },
        ),
        Task(
            "signature",
            "refactor",
            "Router.add should take the handler before the path, at every call",
            (
                tool("symbols", file_path="web/routes.py"),
                tool(
                    "change_signature",
                    path="web/routes.py",
                    line=19,
                    code="add",
                    parameters=[{"name": "method"}, {"name": "handler"}, {"name": "path"}],
                ),
                done("the handler comes second"),
            ),
            {
                "web/routes.py": swapped(
                    ROUTES, ("method, path, handler):", "method, handler, path):")
                ),
                "web/app.py": swapped(
                    APP,
                    ('("GET", "/", index)', '("GET", index, "/")'),
                    ('("GET", "/users/<name>", show_user)', '("GET", show_user, "/users/<name>")'),
                ),
            },
        ),
        Task(
            "methods",
            "tests",
            "We have no test that methods are told apart",
            (
                read("web/routes.py"),
                (create("tests/test_methods.py", POST_TESTS),),
                done("methods are covered"),
            ),
            {"tests/test_methods.py": POST_TESTS},
        ),
    ),
)
