"""To f-string: write `%` formatting, `str.format` and joined strings as one f-string.

What would print something else is refused: a `%s` of one value that may be a tuple, `%d` of what
may not be a whole number, arguments that are evaluated in another order, once more or not at all.
Where only the type of a value decides, the change is marked for confirmation.

    def f(name, n):
        return "%s$0 has %5.2f" % (name, n)
    -> {}
    def f(name, n):
        return f"{name} has {n:5.2f}"
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from treewright_agent.changes import ChangeBuilder, SourceChange
from treewright_agent.operations.blocks import PythonFile, has_effects, walk
from treewright_agent.operations.model import Operation
from treewright_agent.operations.shapes import (
    Place,
    chain_at,
    field,
    kept,
    python_at,
    require_sound,
)
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import RefusedError
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_PERCENT = re.compile(
    r"%(?:\((?P<key>[^()]*)\))?(?P<flags>[#0\- +]*)(?P<width>\*|\d+)?"
    r"(?:\.(?P<precision>\*|\d+)?)?[hlL]?(?P<type>.)",
    re.DOTALL,
)
_FIELD = re.compile(r"(?P<name>[^!:{}]*)(?:!(?P<conversion>[rsa]))?(?::(?P<spec>.*))?", re.DOTALL)
_STRING_CALLS = frozenset({"str", "repr", "ascii", "format", "chr", "hex", "oct", "bin"})
_INT_CALLS = frozenset({"len", "int", "ord", "hash", "id", "round"})
_STRING_METHODS = frozenset(
    {"join", "strip", "lstrip", "rstrip", "lower", "upper", "title", "replace", "format", "decode"}
)


class Piece(NamedTuple):
    """One string token of the template: prefix letters, quotes, and its raw content."""

    node: Node
    prefix: str
    quote: str
    content: str


def _plan(snapshot: Snapshot, arguments: Place, token: CancelToken) -> SourceChange:
    file, span = python_at(snapshot, arguments, "to_f_string")
    node = _meant(file, span)
    require_sound(node)
    maker = _Maker(file)
    if node.type == "call":
        text = maker.of_format(node)
    elif field(node, "operator").type == "%":
        text = maker.of_percent(node)
    else:
        text = maker.of_sum(node)
    _require_parses(text)
    build = ChangeBuilder(snapshot)
    build.file(file.path).replace(Span(*node.byte_range), text, doubt=maker.doubt)
    return kept(file, build)


def _meant(file: PythonFile, span: Span) -> Node:
    """The formatting expression at the cursor; of a sum the whole of it."""
    found: Node | None = None
    for node in chain_at(file.root, span):
        if node.type == "binary_operator":
            operator = field(node, "operator").type
            if operator == "%" and _is_string(field(node, "left")):
                return node
            if operator == "+" and any(_is_string(part) for part in _summands(node)):
                found = node
        elif node.type == "call" and _formats(node):
            return node
        if node.type.endswith("_statement") or node.type in ("block", "module"):
            break
    if found is None:
        raise RefusedError("there is no formatted string here")
    return found


def _is_string(node: Node) -> bool:
    if node.type == "parenthesized_expression" and len(node.named_children) == 1:
        node = node.named_children[0]
    return node.type in ("string", "concatenated_string")


def _formats(call: Node) -> bool:
    function = call.child_by_field_name("function")
    if function is None or function.type != "attribute":
        return False
    name = function.child_by_field_name("attribute")
    value = function.child_by_field_name("object")
    return name is not None and name.text == b"format" and value is not None and _is_string(value)


def _summands(node: Node) -> list[Node]:
    found: list[Node] = []
    while node.type == "binary_operator" and field(node, "operator").type == "+":
        found.append(field(node, "right"))
        node = field(node, "left")
    found.append(node)
    return found[::-1]


def _require_parses(text: str) -> None:
    try:
        ast.parse(f"({text})", mode="eval")
    except (SyntaxError, ValueError) as error:
        raise RefusedError("its values do not fit into an f-string") from error


class _Maker:
    def __init__(self, file: PythonFile) -> None:
        self.file = file
        self.doubt = ""

    # ---------------------------------------------------------------- templates

    def pieces(self, template: Node) -> list[Piece]:
        """The string tokens of a template. Raises RefusedError for bytes and f-strings."""
        if template.type == "parenthesized_expression":
            template = template.named_children[0]
        strings = (
            [template]
            if template.type == "string"
            else [c for c in template.named_children if c.type != "comment"]
        )
        found: list[Piece] = []
        for node in strings:
            text = self.file.text_of(node)
            match = re.match(r"([A-Za-z]*)('''|\"\"\"|'|\")", text)
            if match is None:
                raise RefusedError("the string is not whole")
            prefix, quote = match[1].lower().replace("u", ""), match[2]
            if "b" in prefix or "f" in prefix or "t" in prefix:
                raise RefusedError("it is no plain text")
            content = text[match.end() : -len(quote)].replace("\r\n", "\n")
            self._require_plain(prefix, content, text)
            found.append(Piece(node, prefix, quote, content))
        return found

    def _require_plain(self, prefix: str, content: str, text: str) -> None:
        """No escape may stand for a character that templates give a meaning."""
        if "r" in prefix:
            return
        if "\\N{" in content:
            raise RefusedError(
                "it names a character by \\N{…}, whose braces an f-string would read"
            )
        try:
            value = str(ast.literal_eval(text))
        except (SyntaxError, ValueError) as error:
            raise RefusedError("the string cannot be read") from error
        if any(value.count(char) != content.count(char) for char in "%{}"):
            raise RefusedError("it writes a brace or a percent sign as an escape")

    def whole(self, template: Node, parts: Sequence[tuple[Piece, str, bool]]) -> str:
        """The template with new contents: (piece, content, whether it holds a value)."""
        inner = template
        if template.type == "parenthesized_expression":
            inner = template.named_children[0]
        text = self.file.text_of(template)
        offset = template.start_byte
        data = text.encode()
        out: list[str] = []
        position = 0
        quotes = {piece.quote for piece, _, _ in parts}
        for piece, content, has_value in parts:
            start, end = piece.node.start_byte - offset, piece.node.end_byte - offset
            out.append(data[position:start].decode())
            prefix = piece.prefix + ("f" if has_value else "")
            out.append(f"{prefix}{piece.quote}{content}{piece.quote}")
            position = end
        out.append(data[position:].decode())
        whole = "".join(out).replace("\r\n", "\n")
        if inner is not template and "\n" not in whole and len(quotes) == 1 and len(parts) == 1:
            return whole[1:-1].strip()
        return whole

    # ---------------------------------------------------------------- values

    def value(self, node: Node, quote: str, *, suffix: str = "") -> str:
        """An expression as it stands between the braces of an f-string with that quote."""
        text = self.file.text_of(node)
        if "\n" in text or any(each.type == "comment" for each in walk(node)):
            raise RefusedError("a value runs over several lines")
        if "await" in text and any(each.type == "await" for each in walk(node)):
            pass  # allowed where the f-string is
        used = quote[0]
        if "\\" in text:
            raise RefusedError("a value holds a backslash, which f-strings before 3.12 do not take")
        if used in text:
            text = self._requoted(node, used)
        if node.type in ("lambda", "named_expression", "yield", "conditional_expression"):
            text = f"({text})" if node.type != "conditional_expression" else text
        if text.startswith("{"):
            text = " " + text
        if text.endswith("}") and not suffix:
            text += " "
        return text

    def _requoted(self, node: Node, used: str) -> str:
        """The expression's text with its strings in the other quotes. Raises RefusedError."""
        other = "'" if used == '"' else '"'
        text = self.file.text_of(node).encode()
        offset = node.start_byte
        strings = [each for each in walk(node) if each.type == "string"]
        for string in sorted(strings, key=lambda each: -each.start_byte):
            start, end = string.start_byte - offset, string.end_byte - offset
            token = text[start:end].decode()
            match = re.fullmatch(r"([rRuUbB]*)(['\"])([^'\"\\]*)\2", token)
            if match is None:
                raise RefusedError("a value holds quotes that the f-string itself uses")
            text = text[:start] + f"{match[1]}{other}{match[3]}{other}".encode() + text[end:]
        result = text.decode()
        if used in result:
            raise RefusedError("a value holds quotes that the f-string itself uses")
        return result

    def builtin(self, call: Node, names: frozenset[str]) -> bool:
        function = call.child_by_field_name("function")
        if call.type != "call" or function is None or function.type != "identifier":
            return False
        name = self.file.text_of(function)
        return name in names and self.file.home_of(name, function.start_byte) == -1

    def is_text(self, node: Node) -> bool:
        """Whether the value is proven to be a str."""
        if _is_string(node):
            return not self.file.text_of(node).lstrip("(rR").lower().startswith("b")
        if self.builtin(node, _STRING_CALLS):
            return True
        function = node.child_by_field_name("function") if node.type == "call" else None
        if function is not None and function.type == "attribute":
            name = self.file.text_of(field(function, "attribute"))
            return name in _STRING_METHODS and self.is_text(field(function, "object"))
        return False

    def is_whole(self, node: Node) -> bool:
        """Whether the value is proven to be an int."""
        if node.type == "integer" or self.builtin(node, _INT_CALLS):
            return True
        if node.type == "binary_operator":
            known = field(node, "operator").type in ("+", "-", "*", "//", "%")
            return known and all(self.is_whole(field(node, name)) for name in ("left", "right"))
        return False

    def is_single(self, node: Node) -> bool:
        """Whether the value is proven not to be a tuple or a mapping."""
        return (
            self.is_text(node)
            or self.is_whole(node)
            or node.type in ("float", "true", "false", "none", "list", "list_comprehension",
                             "comparison_operator", "not_operator")
        )  # fmt: skip

    # ---------------------------------------------------------------- the three forms

    def of_percent(self, node: Node) -> str:
        template, values = field(node, "left"), field(node, "right")
        pieces = self.pieces(template)
        named: dict[str, Node] = {}
        given: list[Node] = []
        if values.type == "dictionary":
            for pair in values.named_children:
                key = pair.child_by_field_name("key") if pair.type == "pair" else None
                if key is None or key.type != "string":
                    raise RefusedError("its mapping is not written out")
                named[str(ast.literal_eval(self.file.text_of(key)))] = field(pair, "value")
        elif values.type == "tuple":
            given = [c for c in values.named_children if c.type != "comment"]
        else:
            given = [values]
            if not self.is_single(values):
                self.doubt = "prints something else when the value is a tuple"
        if any(each.type in ("list_splat", "dictionary_splat") for each in given):
            raise RefusedError("its values are unpacked")
        used: list[Node] = []
        parts: list[tuple[Piece, str, bool]] = []
        for piece in pieces:
            out: list[str] = []
            position, has_value = 0, False
            for match in _PERCENT.finditer(piece.content):
                out.append(_doubled(piece.content[position : match.start()]))
                position = match.end()
                if match["type"] == "%":
                    if match.group() != "%%":
                        raise RefusedError(f"`{match.group()}` has no counterpart")
                    out.append("%")
                    continue
                value = self._percent_value(match, named, given, used)
                used.append(value)
                out.append(self._percent_field(match, value, piece.quote))
                has_value = True
            out.append(_doubled(piece.content[position:]))
            if "%" in re.sub(_PERCENT, "", piece.content):
                raise RefusedError("its template is not whole")
            content = "".join(out)
            if not has_value:
                content = content.replace("{{", "{").replace("}}", "}")
            parts.append((piece, content, has_value))
        self._require_all_used(list(named.values()) or given, used)
        if not used:
            raise RefusedError("its template names no value")
        return self.whole(template, parts)

    def _percent_value(
        self, match: re.Match[str], named: dict[str, Node], given: list[Node], used: list[Node]
    ) -> Node:
        if match["key"] is not None:
            if match["key"] not in named:
                raise RefusedError(f"there is no value {match['key']!r}")
            return named[match["key"]]
        if named:
            raise RefusedError("its template takes the whole mapping")
        if len(used) >= len(given):
            raise RefusedError("its template names more values than it is given")
        return given[len(used)]

    def _percent_field(self, match: re.Match[str], value: Node, quote: str) -> str:
        flags, width, precision = match["flags"], match["width"] or "", match["precision"]
        kind = match["type"]
        if "*" in (width, precision or ""):
            raise RefusedError("its width is a value")
        precise = f".{precision or 0}" if "." in match.group() else ""
        if kind in "sra":
            if set(flags) - {"-"}:
                raise RefusedError(f"`{match.group()}` has no counterpart")
            conversion = "" if kind == "s" else f"!{kind}"
            spec = ""
            if width or precise:
                conversion = conversion or ("" if self.is_text(value) else "!s")
                spec = f":{'' if '-' in flags or not width else '>'}{width}{precise}"
            text = self.value(value, quote, suffix=conversion + spec)
            return f"{{{text}{conversion}{spec}}}"
        if kind not in "diuxXofFeEgG":
            raise RefusedError(f"`{match.group()}` has no counterpart")
        if kind in "diu":
            if not self.is_whole(value):
                self.doubt = self.doubt or "`%d` cuts a fraction off, which an f-string refuses to"
            kind = "d"
            if precise:
                raise RefusedError(f"`{match.group()}` has no counterpart")
        elif kind in "xXo" and precise:
            raise RefusedError(f"`{match.group()}` has no counterpart")
        sign = "+" if "+" in flags else " " if " " in flags else ""
        sharp = "#" if "#" in flags else ""
        if sharp and kind not in "xo":
            raise RefusedError(f"`{match.group()}` has no counterpart")
        align = "<" if "-" in flags and width else ""
        zero = "0" if "0" in flags and "-" not in flags and width else ""
        spec = f"{align}{sign}{sharp}{zero}{width}{precise}{kind}"
        if spec == "d" and self.is_whole(value):
            spec = ""
        suffix = f":{spec}" if spec else ""
        return f"{{{self.value(value, quote, suffix=suffix)}{suffix}}}"

    def of_format(self, call: Node) -> str:
        function, listed = field(call, "function"), field(call, "arguments")
        if listed.type != "argument_list":
            raise RefusedError("its values are not written out")
        template = field(function, "object")
        given: list[Node] = []
        named: dict[str, Node] = {}
        for child in listed.named_children:
            if child.type == "comment":
                raise RefusedError("a comment stands between its values")
            if child.type == "keyword_argument":
                named[self.file.text_of(field(child, "name"))] = field(child, "value")
            elif child.type in ("list_splat", "dictionary_splat"):
                raise RefusedError("its values are unpacked")
            else:
                given.append(child)
        reader = _FormatReader(self, given, named)
        parts: list[tuple[Piece, str, bool]] = []
        for piece in self.pieces(template):
            content, has_value = reader.read(piece)
            if not has_value:
                content = content.replace("{{", "{").replace("}}", "}")
            parts.append((piece, content, has_value))
        self._require_all_used([*given, *named.values()], reader.used)
        if not reader.used:
            raise RefusedError("its template names no value")
        return self.whole(template, parts)

    def _require_all_used(self, given: list[Node], used: list[Node]) -> None:
        if any(node not in used for node in given):
            raise RefusedError("a value is given that the template does not print")
        active = [node for node in used if has_effects(node)]
        if len({node.id for node in active}) < len(active):
            raise RefusedError("a value that calls something is printed more than once")
        if active and [n.id for n in active] != [n.id for n in given if has_effects(n)]:
            raise RefusedError("its values would be computed in another order")

    def of_sum(self, node: Node) -> str:
        parts = _summands(node)
        strings = [part for part in parts if _is_string(part)]
        if len(strings) == len(parts):
            raise RefusedError("it joins nothing but strings")
        quotes: list[str] = []
        prefixes: set[str] = set()
        for part in strings:
            text = self.file.text_of(part)
            match = re.match(r"([A-Za-z]*)('''|\"\"\"|'|\")", text)
            if part.type != "string" or match is None:
                raise RefusedError("one of its strings is made of several")
            prefixes.add(match[1].lower().replace("u", "").replace("f", ""))
            quotes.append(match[2])
        if prefixes - {""}:
            raise RefusedError("its strings are of different kinds")
        quote = max(('"', "'"), key=quotes.count)
        if set(quotes) - {'"', "'"}:
            raise RefusedError("one of its strings runs over several lines")
        out: list[str] = []
        for part in parts:
            if any(each.type == "comment" for each in walk(part)):
                raise RefusedError("a comment stands in it")
            if _is_string(part):
                text = self.file.text_of(part)
                match = re.match(r"([A-Za-z]*)(['\"])", text)
                assert match is not None
                content = text[match.end() : -1]
                if "\\N{" in content:
                    raise RefusedError("it names a character by \\N{…}")
                is_f = "f" in match[1].lower()
                if match[2] != quote and (quote in content or (is_f and "{" in content)):
                    raise RefusedError("its strings use different quotes")
                out.append(content if is_f else _doubled(content))
                continue
            if not self.is_text(part):
                self.doubt = "fails, before, when a value is no text; prints it, after"
            shown = part
            if self.builtin(part, frozenset({"str"})):
                arguments = list(field(part, "arguments").named_children)
                if len(arguments) == 1 and arguments[0].type not in (
                    "keyword_argument",
                    "list_splat",
                ):
                    shown = arguments[0]
            out.append(f"{{{self.value(shown, quote)}}}")
        return f"f{quote}{''.join(out)}{quote}"


class _FormatReader:
    """Reads the fields of `str.format` templates; counts those without a number."""

    def __init__(self, maker: _Maker, given: list[Node], named: dict[str, Node]) -> None:
        self.maker, self.given, self.named = maker, given, named
        self.used: list[Node] = []
        self.automatic = 0

    def read(self, piece: Piece) -> tuple[str, bool]:
        """The content as an f-string has it, and whether it prints a value."""
        text, out, index, has_value = piece.content, list[str](), 0, False
        while index < len(text):
            two = text[index : index + 2]
            if two in ("{{", "}}"):
                out.append(two)
                index += 2
            elif text[index] == "{":
                end = _closing(text, index)
                out.append(self._field(text[index + 1 : end], piece.quote))
                has_value = True
                index = end + 1
            elif text[index] == "}":
                raise RefusedError("its template is not whole")
            else:
                out.append(text[index])
                index += 1
        return "".join(out), has_value

    def _field(self, inner: str, quote: str) -> str:
        match = _FIELD.fullmatch(inner)
        if match is None:
            raise RefusedError(f"the field {{{inner}}} cannot be read")
        node, rest = self._named(match["name"])
        self.used.append(node)
        conversion = f"!{match['conversion']}" if match["conversion"] else ""
        spec = match["spec"]
        if spec is not None:
            if "{" in spec:
                spec = re.sub(r"\{([^{}]*)\}", lambda m: self._field(m[1], quote), spec)
            spec = f":{spec}"
        suffix = conversion + (spec or "")
        value = self.maker.value(node, quote, suffix=suffix or rest)
        if rest:
            atomic = node.type in ("identifier", "attribute", "call", "subscript", "string", "list")
            value = value if atomic else f"({value.strip()})"
            value += self._accessors(rest, quote)
        return f"{{{value}{suffix}}}"

    def _named(self, name: str) -> tuple[Node, str]:
        match = re.match(r"[^.\[]*", name)
        first = match.group() if match is not None else ""
        rest = name[len(first) :]
        if not first:
            number = self.automatic
            self.automatic += 1
        elif first.isdigit():
            number = int(first)
        else:
            if first not in self.named:
                raise RefusedError(f"there is no value {first!r}")
            return self.named[first], rest
        if number >= len(self.given):
            raise RefusedError("its template names more values than it is given")
        return self.given[number], rest

    def _accessors(self, rest: str, quote: str) -> str:
        other = "'" if quote[0] == '"' else '"'
        out: list[str] = []
        position = 0
        for match in re.finditer(r"\.(?P<name>[^\W\d]\w*)|\[(?P<key>[^\[\]]+)\]", rest):
            if match.start() != position:
                break
            position = match.end()
            key = match["key"]
            if key is None:
                out.append(f".{match['name']}")
            elif key.isdigit():
                out.append(f"[{int(key)}]")
            elif re.fullmatch(r"[\w .-]+", key):
                out.append(f"[{other}{key}{other}]")
            else:
                break
        if position != len(rest):
            raise RefusedError(f"the field name {rest!r} cannot be read")
        return "".join(out)


def _closing(text: str, start: int) -> int:
    depth = 0
    for index in range(start, len(text)):
        if text[index] == "{":
            depth += 1
        elif text[index] == "}":
            depth -= 1
            if not depth:
                return index
    raise RefusedError("its template is not whole")


def _doubled(text: str) -> str:
    return text.replace("{", "{{").replace("}", "}}")


TO_F_STRING = Operation(
    name="to_f_string",
    title="Convert to an f-string",
    arguments=Place,
    plan=_plan,
    document=__doc__ or "",
    kind="refactor.rewrite",
)
