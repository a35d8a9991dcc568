"""Replace pattern: structural search and replace over a file, a folder or the workspace.

`$X` in the pattern stands for one node, `$$$ARGS` for any number of them; the rewrite puts them
back. Matching is by syntax, so spacing, line breaks and comments between tokens do not matter,
and nothing inside strings or comments is touched.

    x = requests.get(url, verify=False)$0
    -> {"pattern": "requests.get($URL, verify=False)", "rewrite": "fetch($URL)"}
    x = fetch(url)
"""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import msgspec

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.model import Arguments, Operation
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import ArgumentsError, RefusedError, TreewrightError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText, Span

if TYPE_CHECKING:
    from ast_grep_py import SgNode

_METAVARIABLE = re.compile(r"\$\$\$(?P<many>[A-Z_][A-Z0-9_]*)|\$(?P<one>[A-Z_][A-Z0-9_]*)")
_WORD = re.compile(r"[^\W\d]\w+")
_ENGINE = {"c_sharp": "csharp", "typescriptreact": "tsx", "javascriptreact": "javascript"}
_LOOSE = re.compile(
    r"binary_|boolean_|comparison_|conditional_|ternary|lambda|assignment|unary_|not_operator|"
    r"await|arrow_function|sequence_expression|generator_expression|expression_list"
)
"""Kinds of nodes that bind less tightly than a call."""
_TIGHT = re.compile(
    r"attribute|member_|subscript|call|binary_|boolean_|comparison_|unary_|not_|await"
)
"""Kinds of nodes whose operands must not be loose."""
_OPENS, _CLOSES = "([{,=:;", ")]},:;"
_KEYWORDS = frozenset("return yield in if else and or not await import from as with".split())


class ReplacePattern(Arguments, frozen=True):
    pattern: Annotated[str, msgspec.Meta(description="code with $X for one node, $$$X for several")]
    rewrite: Annotated[str, msgspec.Meta(description="code to put there, with the same $X")]
    path: Annotated[
        str, msgspec.Meta(description="a file or folder; the whole workspace when empty")
    ] = ""
    language: Annotated[
        str, msgspec.Meta(description="of the pattern; taken from the file when there is one")
    ] = ""
    offset: Annotated[int, msgspec.Meta(description="ignored; where an editor stood")] = -1
    include: Annotated[
        str, msgspec.Meta(description="only files whose path matches, as `tests/*.py`")
    ] = ""


def _plan(snapshot: Snapshot, arguments: ReplacePattern, token: CancelToken) -> SourceChange:
    language = _language(snapshot, arguments)
    wanted = {name for match in _METAVARIABLE.finditer(arguments.rewrite) for name in _names(match)}
    known = {name for match in _METAVARIABLE.finditer(arguments.pattern) for name in _names(match)}
    unknown = wanted - known
    if unknown:
        raise ArgumentsError(f"rewrite: ${sorted(unknown)[0]} is not in the pattern")
    if not arguments.pattern.strip():
        raise ArgumentsError("pattern: it is empty")
    build = ChangeBuilder(snapshot)
    n_found = 0
    for path in _candidates(snapshot, arguments, language):
        token.check()
        n_found += _replace_in(snapshot, build, path, language, arguments)
    if not n_found:
        raise RefusedError(f"nothing in {arguments.path or 'the workspace'} matches the pattern")
    return build.build()


def _names(match: re.Match[str]) -> list[str]:
    name = match["many"] or match["one"]
    return [] if name.startswith("_") else [name]


def _language(snapshot: Snapshot, arguments: ReplacePattern) -> str:
    if arguments.language:
        return arguments.language
    if arguments.path and os.path.splitext(arguments.path)[1]:
        language = snapshot.language(arguments.path)
        if language is not None:
            return language.id
    return "python"


def _candidates(snapshot: Snapshot, arguments: ReplacePattern, language: str) -> Iterator[str]:
    """Files of the language that hold the pattern's rarest word, by the index."""
    words = [
        w for w in _WORD.findall(_METAVARIABLE.sub(" ", arguments.pattern)) if w not in _KEYWORDS
    ]
    scope = arguments.path
    if scope and snapshot.exists(scope):
        paths = [scope]
    elif words:
        lists = [snapshot.files_naming(word) for word in dict.fromkeys(words)]
        shortest = min((found for found in lists if found), key=len, default=list[str]())
        paths = sorted(shortest)
        paths = paths or sorted(snapshot.files())
    else:
        paths = sorted(snapshot.files())
    for path in paths:
        found = snapshot.language(path)
        inside = not scope or path == scope or path.startswith(scope.rstrip(os.sep) + os.sep)
        if found is None or found.id != language or not inside:
            continue
        if arguments.include and not fnmatch.fnmatch(
            snapshot.display_path(path), arguments.include
        ):
            continue
        yield path


def _replace_in(
    snapshot: Snapshot, build: ChangeBuilder, path: str, language: str, arguments: ReplacePattern
) -> int:
    try:
        text = snapshot.text(path)
    except TreewrightError:
        return 0
    offsets = _Offsets(text)
    n_found, behind = 0, -1
    for node in _matches(text.string, language, arguments.pattern):
        span = offsets.span(node)
        if span.start < behind:  # inside a match that is replaced already
            continue
        behind = span.end
        build.file(path).replace(span, _rewritten(node, arguments.rewrite, text, span, language))
        n_found += 1
    return n_found


def rewritten(code: str, language: str, pattern: str, rewrite: str) -> str:
    """`code` with every match rewritten, outer ones only; `code` itself when nothing matches."""
    text = SourceText.of(code)
    offsets = _Offsets(text)
    data, behind = b"", 0
    try:
        found = _matches(text.string, language, pattern)
    except ArgumentsError:
        return code
    for node in found:
        span = offsets.span(node)
        if span.start >= behind:
            new = _rewritten(node, rewrite, text, span, language).encode("utf-8", "replace")
            data += text.data[behind : span.start] + new
            behind = span.end
    return (data + text.data[behind:]).decode("utf-8", "replace")


def spans(code: str, language: str, pattern: str) -> list[Span]:
    """Where the pattern matches, in bytes. [] for what cannot be read."""
    text = SourceText.of(code)
    offsets = _Offsets(text)
    try:
        return [offsets.span(node) for node in _matches(text.string, language, pattern)]
    except ArgumentsError:
        return []


def _matches(code: str, language: str, pattern: str) -> list[SgNode]:
    """Matches in order, outer ones first. Raises ArgumentsError for what cannot be read."""
    from ast_grep_py import SgRoot

    try:
        root = SgRoot(code, _ENGINE.get(language, language)).root()
        return root.find_all(pattern=pattern)
    except Exception as error:
        raise ArgumentsError(f"pattern: {str(error).splitlines()[0]}") from error


class _Offsets:
    """ast-grep counts code points; here are bytes."""

    def __init__(self, text: SourceText) -> None:
        self._ascii = text.data.isascii()
        self._text = text.string

    def span(self, node: SgNode) -> Span:
        found = node.range()
        start, end = found.start.index, found.end.index
        if self._ascii:
            return Span(start, end)
        first = len(self._text[:start].encode("utf-8", "replace"))
        return Span(first, first + len(self._text[start:end].encode("utf-8", "replace")))


def _rewritten(node: SgNode, rewrite: str, text: SourceText, span: Span, language: str) -> str:
    parts: list[str] = []
    position = 0
    for match in _METAVARIABLE.finditer(rewrite):
        parts.append(rewrite[position : match.start()])
        position = match.end()
        if match["many"]:
            nodes = node.get_multiple_matches(match["many"])
            parts.append(_joined(nodes))
            continue
        found = node.get_match(match["one"])
        value = found.text() if found is not None else ""
        if found is not None and _LOOSE.match(found.kind()) and not _is_delimited(rewrite, match):
            value = f"({value})"
        parts.append(value)
    parts.append(rewrite[position:])
    result = "".join(parts)
    if "\n" in rewrite:
        line = text.line_span(text.line_of(span.start))
        head = text.data[line.start : span.start]
        indent = head[: len(head) - len(head.lstrip(b" \t"))].decode()
        result = result.replace("\n", "\n" + indent)
    parent = node.parent()
    if parent is not None and _TIGHT.match(parent.kind()) and _is_loose(result, language):
        return f"({result})"
    return result


def _joined(nodes: list[Any]) -> str:
    """The nodes with the separators that stood between them."""
    shown: list[str] = []
    for each in nodes:
        value = each.text()
        if value == ",":
            shown.append(", ")
        else:
            shown.append(value)
    return "".join(shown).rstrip(", ") if shown and shown[-1] == ", " else "".join(shown)


def _is_delimited(rewrite: str, match: re.Match[str]) -> bool:
    """Whether brackets or commas stand on both sides, so that any expression fits."""
    before, after = rewrite[: match.start()].rstrip(), rewrite[match.end() :].lstrip()
    opened = not before or before[-1] in _OPENS or before.rpartition(" ")[2] in _KEYWORDS
    return opened and (not after or after[0] in _CLOSES)


def _is_loose(code: str, language: str) -> bool:
    from ast_grep_py import SgRoot

    try:
        node = SgRoot(code, _ENGINE.get(language, language)).root()
    except Exception:  # a fragment that does not parse alone is left as it is
        return False
    while len(node.children()) == 1:
        node = node.children()[0]
        if _LOOSE.match(node.kind()):
            return True
    return False


REPLACE_PATTERN = Operation(
    name="replace_pattern",
    title="Replace pattern",
    arguments=ReplacePattern,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
    behaviour="changed",
)
