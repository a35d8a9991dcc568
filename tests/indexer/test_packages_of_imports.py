"""What an import means in languages whose imports name packages, not files."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.fixtures import workspace_of
from treewright_indexer.graph import definitions

JAVA = (
    "//- src/net/Proxy.java\npackage org.net;\npublic class Proxy { public static class Type {} static void of() {} }\n"
    "//- src/reflect/Proxy.java\npackage org.reflect;\npublic class Proxy {}\n"
)
CASES = [
    pytest.param(JAVA + "//- M.java\nimport org.reflect.$0Proxy;\n", ["src/reflect/Proxy.java:2"], id="the package that a file says"),
    pytest.param(JAVA + "//- M.java\nimport java.lang.$0Proxy;\n", [], id="another package is not ours"),
    pytest.param(JAVA + "//- M.java\nimport org.net.Proxy.$0Type;\n", ["src/net/Proxy.java:2"], id="a class in a class"),
    pytest.param(JAVA + "//- M.java\nimport static org.net.Proxy.$0of;\n", ["src/net/Proxy.java:2"], id="a static member"),
    pytest.param("//- a/X.kt\npackage org.lib\nclass X\n//- b/X.kt\npackage org.other\nclass X\n//- m.kt\nimport org.lib.$0X\n", ["a/X.kt:2"], id="Kotlin, wherever the file stands"),
    pytest.param("//- a/X.scala\npackage org.lib\nclass X\n//- m.scala\nimport org.lib.$0X\n", ["a/X.scala:2"], id="Scala"),
    pytest.param("//- a/X.php\n<?php\nnamespace App\\Models;\nclass X {}\n//- b/X.php\n<?php\nnamespace App\\Views;\nclass X {}\n//- m.php\n<?php\nuse App\\Views\\$0X;\n", ["b/X.php:3"], id="PHP"),
    pytest.param("//- Cargo.toml\n[package]\nname = \"x\"\n//- src/lib.rs\nmod a; mod b;\n//- src/a.rs\npub struct T;\n//- src/b.rs\npub struct T;\n//- src/c.rs\nuse crate::b::$0T;\n", ["src/b.rs:1"], id="Rust"),
    pytest.param("//- Cargo.toml\n[package]\nname = \"x\"\n//- src/lib.rs\nmod a; mod c;\n//- src/a/mod.rs\nmod b;\npub use self::b::T;\n//- src/a/b.rs\npub struct T;\n//- src/c.rs\nuse crate::a::$0T;\n", ["src/a/b.rs:1"], id="Rust, a re-export"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), CASES)
def test_definition_of_an_import(tmp_path: Path, text: str, expected: list[str]) -> None:
    with workspace_of(tmp_path, text) as fixture:
        found = definitions(fixture.snapshot, fixture.path, fixture.offset)
        assert [fixture.show(each.path, each.name_span.start) for each in found] == expected
