"""remove_import: what goes with an import, and who would miss it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.operations import check_operation, check_refused

CASES = [
    pytest.param("import os\nimport sys\n", {"module": "os"}, "import sys\n", id="a statement"),
    pytest.param("import os\nimport sys", {"module": "sys"}, "import os\n", id="the last line, without a break"),
    pytest.param("import os  # why\nx = 1\n", {"module": "os"}, "x = 1\n", id="with its comment"),
    pytest.param("import os, sys\n", {"module": "os"}, "import sys\n", id="the first of two"),
    pytest.param("import os, sys\n", {"module": "sys"}, "import os\n", id="the second of two"),
    pytest.param("from a import b, c, d\n", {"module": "a", "name": "c"}, "from a import b, d\n", id="a name in the middle"),
    pytest.param("from a import (b, c)\n", {"module": "a", "name": "c"}, "from a import (b)\n", id="a name in parentheses"),
    pytest.param("from a import (\n    b,\n    c,  # why\n    d,\n)\n", {"module": "a", "name": "c"}, "from a import (\n    b,\n    d,\n)\n", id="a line of its own"),
    pytest.param("from a import (\n    b,\n    c\n)\n", {"module": "a", "name": "c"}, "from a import (\n    b,\n)\n", id="the last line of its own"),
    pytest.param("from a import (b,\n               c,\n               d)\n", {"module": "a", "name": "c"}, "from a import (b,\n               d)\n", id="a hanging line"),
    pytest.param("from a import (b,\n               c,\n               d)\n", {"module": "a", "name": "d"}, "from a import (b,\n               c)\n", id="the last hanging line"),
    pytest.param("from a import b, \\\n    c\n", {"module": "a", "name": "c"}, "from a import b\n", id="behind a backslash"),
    pytest.param("from a import b as c, d\n", {"module": "a", "name": "b", "alias": "c"}, "from a import d\n", id="an alias"),
    pytest.param("from .a import b\nx = 1\n", {"module": ".a", "name": "b"}, "x = 1\n", id="a relative one"),
    pytest.param("from a import b, c\n", {"module": "a", "name": "b"}, "from a import c\n", id="the first name"),
    pytest.param("from a import b\nx = 1\n", {"offset": 0}, "x = 1\n", id="by a byte of the statement"),
    pytest.param("from a import b, c\n", {"offset": 17}, "from a import b\n", id="by a byte of the name"),
    pytest.param("import a; x = 1\n", {"module": "a"}, "x = 1\n", id="before a semicolon"),
    pytest.param("x = 1; import a\n", {"module": "a"}, "x = 1\n", id="behind a semicolon"),
    pytest.param("x = 1; import a; y = 2\n", {"module": "a"}, "x = 1; y = 2\n", id="between semicolons"),
    pytest.param("def f():\n    import a\n", {"module": "a"}, "def f():\n    pass\n", id="the only statement of a block"),
    pytest.param("def f():\n    import a\n    return 1\n", {"module": "a"}, "def f():\n    return 1\n", id="one statement of a block"),
    pytest.param("if TYPE_CHECKING:\n    import a\n\nx = 1\n", {"module": "a"}, "x = 1\n", id="an empty TYPE_CHECKING block goes"),
    pytest.param("try:\n    import a\nexcept ImportError:\n    b = 1\n", {"module": "a"}, "try:\n    pass\nexcept ImportError:\n    b = 1\n", id="in a try"),
    # ---- blank lines
    pytest.param("import os\n\nimport numpy\n\n\ndef f(): ...\n", {"module": "numpy"}, "import os\n\n\ndef f(): ...\n", id="a group of one"),
    pytest.param("import os\n\n\ndef f(): ...\n", {"module": "os"}, "def f(): ...\n", id="the only import"),
    pytest.param('"""Doc."""\n\nimport os\n\n\ndef f(): ...\n', {"module": "os"}, '"""Doc."""\n\n\ndef f(): ...\n', id="the only import below a docstring"),
    pytest.param("import os\n\nimport numpy\nx = numpy.a\n", {"module": "os"}, "import numpy\nx = numpy.a\n", id="the first group"),
    pytest.param("x = 1\n\nimport os\n", {"module": "os"}, "x = 1\n", id="at the end"),
    # ---- what is used otherwise
    pytest.param("import os\nimport os\nos.name\n", {"module": "os", "offset": 12}, "import os\nos.name\n", id="one of two"),
    pytest.param("import os\ndef f(os):\n    return os.name\n", {"module": "os"}, "def f(os):\n    return os.name\n", id="hidden by a parameter"),
    pytest.param("import os\nx.os\nf(os=1)\n'os'\n", {"module": "os"}, "x.os\nf(os=1)\n'os'\n", id="attributes, keywords and strings are no uses"),
    pytest.param("import a.b\nimport a.c\na.c.d\n", {"module": "a.b"}, "import a.c\na.c.d\n", id="another module of the package"),
    pytest.param("import os.path\nimport os\nos.name\n", {"module": "os.path"}, "import os\nos.name\n", id="a submodule beside its package"),
]  # fmt: skip


@pytest.mark.parametrize(("before", "arguments", "after"), CASES)
def test_remove_import(tmp_path: Path, before: str, arguments: dict[str, Any], after: str) -> None:
    check_operation(
        tmp_path, "remove_import", {"m.py": before}, {"m.py": after}, path="m.py", **arguments
    )


@pytest.mark.parametrize(
    ("files", "arguments", "reason"),
    [
        pytest.param({"m.py": "import os\n\nos.name\n"}, {"module": "os"}, r"`os` is still used: m\.py:3", id="used"),
        pytest.param({"m.py": "from a import b\n__all__ = ['b']\n"}, {"module": "a", "name": "b"}, r"still used: m\.py:2", id="exported"),
        pytest.param({"m.py": "from a import B\nx: 'B | None' = None\n"}, {"module": "a", "name": "B"}, r"still used: m\.py:2", id="a quoted annotation"),
        pytest.param({"m.py": "import a.b\nimport a.c\na.b.d\n"}, {"module": "a.b"}, r"`a` is still used: m\.py:3", id="the submodule itself"),
        pytest.param({"m.py": "from a import b\n", "n.py": "from m import b\n"}, {"module": "a", "name": "b"}, r"`b` is still used: n\.py:1", id="imported through this file"),
        pytest.param({"m.py": "from a import b\n", "n.py": "import m\nm.b()\n"}, {"module": "a", "name": "b"}, r"`b` is still used: n\.py:2", id="used through this module"),
        pytest.param({"m.py": "import os\nimport os\nos.name\n"}, {"module": "os"}, r"2 such imports \(lines 1, 2\): give offset", id="two alike"),
        pytest.param({"m.py": "import os\n"}, {"module": "sys"}, r"m\.py has no such import: sys", id="none"),
    ],
)  # fmt: skip
def test_refused(
    tmp_path: Path, files: dict[str, str], arguments: dict[str, Any], reason: str
) -> None:
    check_refused(tmp_path, "remove_import", files, reason, path="m.py", **arguments)
