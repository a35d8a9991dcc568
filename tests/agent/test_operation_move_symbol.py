"""move_symbol: the definition, what it needs and who needs it; and what stands in the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.operations import case_of, check_operation, check_refused
from treewright_agent.verify import verify
from treewright_indexer.cancel import CancelToken

CASES = [
    pytest.param(
        "//- a.py\ndef $0f():\n    return 1\n//- b.py\nx = 1\n",
        "//- a.py\n//- b.py\nx = 1\n\n\ndef f():\n    return 1\n",
        id="a function that nobody uses",
    ),
    pytest.param(
        "//- a.py\nimport os\nimport sys\nfrom c import d, e as g\n\n\ndef $0f():\n    return os.name, d, g\n\n\nsys.path, d\n//- b.py\nimport re\n\nre.x\n//- c.py\nd = e = 1\n",
        "//- a.py\nimport sys\nfrom c import d\n\n\nsys.path, d\n//- b.py\nimport os\nimport re\n\nfrom c import d\nfrom c import e as g\n\nre.x\n\n\ndef f():\n    return os.name, d, g\n//- c.py\nd = e = 1\n",
        id="with the imports it needs, which go where nothing else needs them",
    ),
    pytest.param(
        "//- a.py\ndef $0f(): ...\ndef g():\n    return f()\n//- b.py\n",
        "//- a.py\nfrom b import f\n\n\ndef g():\n    return f()\n//- b.py\ndef f(): ...\n",
        id="its old module imports it",
    ),
    pytest.param(
        "//- a.py\nclass $0B:\n    pass\n//- b.py\nfrom a import B\n\nx = 1\n\n\n# why\nclass C(B):\n    pass\n",
        "//- a.py\n//- b.py\nx = 1\n\n\nclass B:\n    pass\n\n\n# why\nclass C(B):\n    pass\n",
        id="in front of what needs it while the module is loaded",
    ),
    pytest.param(
        "//- a.py\nLIMIT = 1\ndef $0f():\n    return LIMIT\n//- b.py\n",
        "//- a.py\nLIMIT = 1\n//- b.py\nfrom a import LIMIT\n\n\ndef f():\n    return LIMIT\n",
        id="it imports from its old module",
    ),
    pytest.param(
        "//- a.py\ndef $0f(): ...\ndef g(): ...\n//- b.py\n//- c.py\nfrom a import f, g\nf(), g()\n//- d.py\nfrom a import f as h\nh()\n//- e.py\ndef k():\n    from a import f, g\n    f(), g()\n",
        "//- a.py\ndef g(): ...\n//- b.py\ndef f(): ...\n//- c.py\nfrom a import g\nfrom b import f\nf(), g()\n//- d.py\nfrom b import f as h\nh()\n//- e.py\ndef k():\n    from b import f\n    from a import g\n    f(), g()\n",
        id="importers follow",
    ),
    pytest.param(
        "//- a.py\ndef $0f(): ...\nx = 1\n//- b.py\n//- c.py\nimport a\n\na.f(), a.x\n",
        "//- a.py\nx = 1\n//- b.py\ndef f(): ...\n//- c.py\nimport a\nfrom b import f\n\nf(), a.x\n",
        id="attributes of its module follow",
    ),
    pytest.param(
        "//- a.py\ndef $0f(): ...\n//- b.py\n//- c.py\nimport a\n\na.f()\n",
        "//- a.py\n//- b.py\ndef f(): ...\n//- c.py\nfrom b import f\n\nf()\n",
        id="the import of its module goes where nothing else needs it",
    ),
    pytest.param(
        "//- a.py\nfrom __future__ import annotations\n\nimport os\n\n\nclass $0A:\n    def me(self) -> A:\n        return self\n\n\nos\n",
        "//- a.py\nfrom __future__ import annotations\n\nimport os\n\n\nos\n//- p/b.py\nfrom __future__ import annotations\n\n\nclass A:\n    def me(self) -> A:\n        return self\n",
        id="to a new file, where annotations stay unread",
    ),
    pytest.param(
        "//- a.py\nimport sys\n\n\ndef $0f(module):\n    return hasattr(module, '__file__') and module.__file__\n\n\nsys\n//- b.py\n",
        "//- a.py\nimport sys\n\n\nsys\n//- b.py\ndef f(module):\n    return hasattr(module, '__file__') and module.__file__\n",
        id="another module's file is not its own",
    ),
    pytest.param(
        "//- p/__init__.py\nfrom .a import f\n__all__ = ['f']\n//- p/a.py\ndef $0f(): ...\n//- p/b.py\n//- c.py\nfrom p import f\nf()\n",
        "//- p/__init__.py\nfrom .b import f\n__all__ = ['f']\n//- p/a.py\n//- p/b.py\ndef f(): ...\n//- c.py\nfrom p import f\nf()\n",
        id="a re-export follows",
    ),
    pytest.param(
        "//- a.py\n__all__ = ['f', 'g']\ndef $0f(): ...\ndef g(): ...\n//- b.py\n",
        "//- a.py\n__all__ = ['g']\ndef g(): ...\n//- b.py\ndef f(): ...\n",
        id="it leaves __all__",
    ),
    pytest.param(
        "//- a.py\ndef $0f(): ...\n//- b.py\nfrom a import f\n\n\ndef g():\n    return f()\n",
        "//- a.py\n//- b.py\ndef g():\n    return f()\n\n\ndef f(): ...\n",
        id="to a module that imported it",
    ),
    pytest.param(
        "//- a.py\n$0LIMIT = 1\n//- b.py\nx = 1\n//- c.py\nfrom a import LIMIT\nLIMIT\n",
        "//- a.py\n//- b.py\nx = 1\n\nLIMIT = 1\n//- c.py\nfrom b import LIMIT\nLIMIT\n",
        id="a variable",
    ),
    pytest.param(
        "//- a.py\n//- p/__init__.py\n//- p/x.py\ny = 1\n//- p/a.py\nfrom .x import y\ndef $0f():\n    return y\n//- b.py\n",
        "//- a.py\n//- p/__init__.py\n//- p/x.py\ny = 1\n//- p/a.py\n//- b.py\nfrom p.x import y\n\n\ndef f():\n    return y\n",
        id="relative imports get their whole name",
    ),
    pytest.param(
        "//- a.py\nfrom typing import overload\n@overload\ndef $0f(x: int): ...\n@overload\ndef f(x: str): ...\ndef f(x): ...\n//- b.py\n",
        "//- a.py\n//- b.py\nfrom typing import overload\n\n\n@overload\ndef f(x: int): ...\n\n\n@overload\ndef f(x: str): ...\n\n\ndef f(x): ...\n",
        id="with its overloads",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("before", "after"), CASES)
def test_a_definition_moves(tmp_path: Path, before: str, after: str) -> None:
    change = check_operation(
        tmp_path,
        "move_symbol",
        before,
        after,
        new_path="b.py" if "//- b.py" in before else "p/b.py",
    )
    assert change.files


@pytest.mark.parametrize("before", [case.values[0] for case in CASES])
def test_what_moved_is_verified(tmp_path: Path, before: object) -> None:
    text = str(before)
    new_path = "b.py" if "//- b.py" in text else "p/b.py"
    with case_of(tmp_path, text, new_path=new_path) as case:
        change = case.run("move_symbol")
        report = verify(case.fixture.snapshot, change, CancelToken())
        assert all(check.ok is not False for check in report.checks if check.name != "lint"), report


def test_a_new_module_is_made(tmp_path: Path) -> None:
    check_operation(
        tmp_path,
        "move_symbol",
        "//- a.py\nimport os\n\n\ndef $0f():\n    return os.name\n//- c.py\nfrom a import f\n",
        "//- a.py\n//- c.py\nfrom n import f\n//- n.py\nimport os\n\n\ndef f():\n    return os.name\n",
        new_path="n.py",
    )


def test_comments_and_decorators_go_along(tmp_path: Path) -> None:
    check_operation(
        tmp_path,
        "move_symbol",
        "//- a.py\nfrom d import deco\n\nx = 1\n\n\n# About A.\n@deco\nclass $0A:\n    y = 2\n\n\nz = 3\n//- b.py\n//- d.py\ndef deco(c): ...\n",
        "//- a.py\nx = 1\n\n\nz = 3\n//- b.py\nfrom d import deco\n\n\n# About A.\n@deco\nclass A:\n    y = 2\n//- d.py\ndef deco(c): ...\n",
        new_path="b.py",
    )


REFUSED = [
    pytest.param("//- a.py\ndef $0f(): ...\n//- b.py\nf = 1\n", r"`f` is a variable in b.py already", id="taken"),
    pytest.param("//- a.py\nL = 1\ndef $0f():\n    return L\ndef g():\n    return f()\n//- b.py\n", "they would import each other", id="needed both ways"),
    pytest.param("//- a.py\nfrom b import x\nL = x\ndef $0f():\n    return L\n//- b.py\nx = 1\n", "they would import each other", id="a cycle through its old module"),
    pytest.param("//- a.py\ndef $0f(): ...\nf()\n//- c.py\nimport a\n//- b.py\nimport c\n", "they would import each other", id="a cycle over a third one"),
    pytest.param("//- a.py\nimport json\ndef $0f():\n    return json\n//- b.py\njson = 1\n", "needs `json`, which is another variable in b.py", id="what it needs means something else"),
    pytest.param("//- a.py\n$0x = 1\ndef g():\n    global x\n    x = 2\n//- b.py\n", "is written elsewhere too|is bound 2 times", id="a variable that a function writes"),
    pytest.param("//- a.py\n$0x = 1\n//- b.py\n//- c.py\nimport a\na.x = 2\n", "written through its module", id="a variable that another module writes"),
    pytest.param("//- a.py\n$0x, y = 1, 2\n//- b.py\n", "inside a larger", id="part of an unpacking"),
    pytest.param("//- a.py\ndef f():\n    $0x = 1\n//- b.py\n", "no function, class or variable of a module", id="a local"),
    pytest.param("//- a.py\nclass A:\n    def $0m(self): ...\n//- b.py\n", "no function, class or variable of a module", id="a method"),
    pytest.param("//- a.py\ndef $0f(): ...\n//- b.py\n//- c.py\nimport a\nf = 1\na.f()\n", "means something else in c.py", id="an attribute whose bare name is taken"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "reason"), REFUSED)
def test_refused(tmp_path: Path, text: str, reason: str) -> None:
    check_refused(tmp_path, "move_symbol", text, reason, new_path="b.py")


def test_to_where_it_is_already(tmp_path: Path) -> None:
    check_refused(tmp_path, "move_symbol", "//- a.py\ndef $0f(): ...\n", "already", new_path="a.py")
