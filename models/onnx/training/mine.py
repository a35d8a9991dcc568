"""Mine (words, code) pairs from unpacked source packages.

    python mine.py SOURCES OUT.jsonl [--exclude held_out.txt]

SOURCES holds one folder per project. One JSON line per definition that has a documentation text,
a telling name or a comment inside:

    {"project", "language", "path", "symbol", "doc", "code", "code_plain"}

`code` is the definition as it stands, `code_plain` the same without its documentation. Vendored
copies, generated files and tests' data are left out.
"""

from __future__ import annotations

import argparse
import importlib
import json
import re
import sys
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tree_sitter import Language, Node, Parser

LANGUAGES: dict[str, tuple[str, str, str]] = {
    ".py": ("python", "tree_sitter_python", "language"),
    ".go": ("go", "tree_sitter_go", "language"),
    ".java": ("java", "tree_sitter_java", "language"),
    ".js": ("javascript", "tree_sitter_javascript", "language"),
    ".mjs": ("javascript", "tree_sitter_javascript", "language"),
    ".cjs": ("javascript", "tree_sitter_javascript", "language"),
    ".ts": ("typescript", "tree_sitter_typescript", "language_typescript"),
    ".tsx": ("typescript", "tree_sitter_typescript", "language_tsx"),
    ".rs": ("rust", "tree_sitter_rust", "language"),
    ".c": ("c", "tree_sitter_c", "language"),
    ".h": ("cpp", "tree_sitter_cpp", "language"),
    ".cc": ("cpp", "tree_sitter_cpp", "language"),
    ".cpp": ("cpp", "tree_sitter_cpp", "language"),
    ".hpp": ("cpp", "tree_sitter_cpp", "language"),
    ".rb": ("ruby", "tree_sitter_ruby", "language"),
    ".php": ("php", "tree_sitter_php", "language_php"),
    ".kt": ("kotlin", "tree_sitter_kotlin", "language"),
    ".swift": ("swift", "tree_sitter_swift", "language"),
    ".lua": ("lua", "tree_sitter_lua", "language"),
}
FUNCTIONS = {
    "function_definition", "function_declaration", "method_declaration", "method_definition",
    "function_item", "method", "singleton_method", "constructor_declaration", "generator_function_declaration",
    "init_declaration",
}  # fmt: skip
CLASSES = {
    "class_definition", "class_declaration", "class", "module", "interface_declaration", "struct_item",
    "impl_item", "trait_item", "type_declaration", "class_specifier", "struct_specifier", "trait_declaration",
    "object_declaration", "protocol_declaration", "enum_item", "enum_declaration",
}  # fmt: skip
WRAPPERS = {"decorated_definition", "export_statement", "template_declaration"}
SKIPPED_PARTS = {
    "_vendor", "vendor", "vendored", "_vendored_packages", "externals", "node_modules", "third_party",
    "dist", "umd", "esm", "esm5", "esm2015", "build", "locale", "generated", "fesm2022", "_internal_vendor",
}  # fmt: skip
COMMENT_MARK = re.compile(r"^[ \t]*(?:/\*+!?|\*/|\*|///?!?|#+|--+)[ \t]?", re.M)


def definitions(node: Node, source: bytes, container: str = "") -> Iterator[tuple[str, Node, Node]]:
    """(qualified name, whole node, definition node), outermost first."""
    for child in node.named_children:
        inner = child
        if child.type in WRAPPERS:
            inner = next((c for c in child.named_children if c.type in FUNCTIONS | CLASSES), child)
        if inner.type in FUNCTIONS or inner.type in CLASSES:
            name = _name(inner, source)
            qualified = f"{container}.{name}" if container and name else name or container
            if name:
                yield qualified, child, inner
            if inner.type in CLASSES or inner.type == "class":
                yield from definitions(inner, source, qualified)
        elif child.named_child_count and child.type not in {"block_comment", "string", "comment"}:
            yield from definitions(child, source, container)


def _name(node: Node, source: bytes) -> str:
    found = node.child_by_field_name("name")
    if found is None and node.type == "impl_item":
        found = node.child_by_field_name("type")
    if found is None:
        declarator = node.child_by_field_name("declarator")
        while declarator is not None:
            found, declarator = declarator, declarator.child_by_field_name("declarator")
    if found is None:
        found = next((c for c in node.named_children if c.type in {"type_spec", "simple_identifier", "type_identifier"}), None)
        if found is not None and found.type == "type_spec":
            found = found.child_by_field_name("name")
    return source[found.start_byte : found.end_byte].decode("utf-8", "replace")[:80] if found is not None else ""


def documentation(whole: Node, inner: Node, source: bytes) -> tuple[str, tuple[int, int] | None]:
    """The docstring inside, or the comment block right above; (text, bytes to cut from the code)."""
    body = inner.child_by_field_name("body")
    if inner.type in {"function_definition", "class_definition"} and body is not None and body.named_children:
        first = body.named_children[0]
        string = first.named_children[0] if first.type == "expression_statement" and first.named_children else first
        if string.type == "string":
            raw = source[string.start_byte : string.end_byte].decode("utf-8", "replace")
            raw = re.sub(r'^[rRuUbB]*("""|\'\'\'|"|\')', "", raw).rstrip("\"'")
            return textwrap.dedent("    " + raw if "\n" in raw else raw), (string.start_byte, string.end_byte)
    parts: list[str] = []
    above, row = whole.prev_named_sibling, whole.start_point[0]
    while above is not None and "comment" in above.type and above.end_point[0] >= row - 1 - (above.type == "line_comment"):
        parts.insert(0, source[above.start_byte : above.end_byte].decode("utf-8", "replace").rstrip())
        row, above = above.start_point[0], above.prev_named_sibling
    return COMMENT_MARK.sub("", "\n".join(parts)).strip(" */\n"), None


def first_paragraph(doc: str) -> str:
    """The summary: up to the first blank line, section or directive, markup removed."""
    lines: list[str] = []
    for line in doc.strip().split("\n"):
        line = line.strip()
        if not line or re.match(r"(@\w+|:\w+|\.\. |>>>|Args|Param|Return[s]?:|Example|[-=~]{3,}|\\param|```)", line):
            if lines:
                break
            line = re.sub(r"^@(?:brief|description|summary)\s*", "", line)
            if line.startswith(("@", ":", "..", ">>>")):
                continue
        lines.append(line)
    text = " ".join(lines)
    text = re.sub(r":\w+:`~?([^`<]*)[^`]*`|``?([^`]*)``?|\{@\w+ ([^}]*)\}|</?\w+[^>]*>|\[([^\]]*)\]\([^)]*\)", lambda m: next((g for g in m.groups() if g), ""), text)
    return re.sub(r"\s+", " ", text).strip()


def usable(doc: str) -> bool:
    words = re.findall(r"[A-Za-z]{2,}", doc)
    return 4 <= len(words) <= 80 and not re.search(r"copyright|license|eslint|noqa|type: ignore|generated|deprecated|TODO|see also", doc, re.I)


def mine_file(project: str, path: Path, relative: str, parsers: dict[str, Parser]) -> Iterator[dict[str, Any]]:
    entry = LANGUAGES.get(path.suffix)
    source = path.read_bytes()
    if entry is None or len(source) > 400_000 or b"DO NOT EDIT" in source[:600] or b"@generated" in source[:600]:
        return
    language, module, function = entry
    parser = parsers.get(module + function)
    if parser is None:
        parser = parsers[module + function] = Parser(Language(getattr(importlib.import_module(module), function)()))
    for symbol, whole, inner in definitions(parser.parse(source).root_node, source):
        size = whole.end_byte - whole.start_byte
        if size < 60 or size > 12_000:
            continue
        raw_doc, cut = documentation(whole, inner, source)
        doc = first_paragraph(raw_doc)
        code = source[whole.start_byte : whole.end_byte][:3000]
        plain = code
        if cut is not None:
            begin, end = cut[0] - whole.start_byte, cut[1] - whole.start_byte
            plain = (source[whole.start_byte : whole.end_byte][:begin] + source[whole.start_byte : whole.end_byte][end:])[:3000]
        if len(plain) - len(inner.type) < 50 or (inner.type in CLASSES and len(plain) < 80):
            continue
        yield {
            "project": project,
            "language": language,
            "path": relative,
            "symbol": symbol,
            "kind": "class" if inner.type in CLASSES else "function",
            "doc": doc if usable(doc) else "",
            "code": code.decode("utf-8", "replace"),
            "code_plain": plain.decode("utf-8", "replace"),
        }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("sources", type=Path)
    arguments.add_argument("out", type=Path)
    given = arguments.parse_args()
    sys.setrecursionlimit(5000)
    parsers: dict[str, Parser] = {}
    counts: dict[str, int] = {}
    seen: set[int] = set()
    with given.out.open("w") as out:
        for project in sorted(p for p in given.sources.iterdir() if p.is_dir()):
            n = 0
            for path in sorted(project.rglob("*")):
                if not path.is_file() or SKIPPED_PARTS & set(path.relative_to(project).parts):
                    continue
                relative = str(path.relative_to(project))
                try:
                    for row in mine_file(project.name, path, relative, parsers):
                        key = hash(row["code_plain"])
                        if key in seen:
                            continue
                        seen.add(key)
                        out.write(json.dumps(row) + "\n")
                        n += 1
                except (RecursionError, OSError) as error:
                    print(path, type(error).__name__, file=sys.stderr)
            counts[project.name] = n
            print(project.name, n, flush=True)


if __name__ == "__main__":
    main()
