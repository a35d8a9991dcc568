"""Calls of requests and what they give back, in httpx's terms.

Differences as the compatibility guide of httpx 0.28 lists them: redirects are not followed unless
asked for, arguments of a client belong to the client, `get` and `delete` send no body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from treewright_agent.operations.blocks import PythonFile, walk
from treewright_agent.operations.library_tables import (
    ANSWER_BY_HAND,
    ANSWER_KEYWORDS,
    ANSWER_NAMES,
    CLIENT_BY_HAND,
    VERBS,
)

if TYPE_CHECKING:
    from tree_sitter import Node

_CLIENTS = frozenset({"requests.Session", "requests.session", "requests.sessions.Session"})
_ANSWERS = frozenset({"requests.Response", "requests.models.Response"})
_POSITIONS = {
    "get": ("url", "params"), "options": ("url",), "head": ("url",), "delete": ("url",),
    "post": ("url", "data", "json"), "put": ("url", "data"), "patch": ("url", "data"),
    "request": ("method", "url", "params", "data", "headers", "cookies", "files", "auth", "timeout", "allow_redirects"),
}  # fmt: skip
_BODIES = frozenset({"data", "json", "files"})
_BODILESS = frozenset({"get", "options", "head", "delete"})
_OF_CLIENTS = {
    "verify": "httpx takes `verify` for a whole client", "cert": "httpx takes `cert` for a whole client",
    "proxies": "httpx takes `proxy` for a whole client",
}  # fmt: skip
_HAND = {
    "proxies": "httpx takes one `proxy=`, or a client with `mounts=`",
    "hooks": "httpx has `event_hooks` of a client",
}

Replace = Callable[[int, int, str], None]


class HttpCalls:
    """`dotted_of` names an expression of the old library; edits go to `replace`, the rest to `by_hand`."""

    def __init__(
        self,
        file: PythonFile,
        dotted_of: Callable[[Node | None], str],
        replace: Replace,
        by_hand: Callable[[Node, str], None],
    ) -> None:
        self._file = file
        self._dotted_of = dotted_of
        self._replace = replace
        self._by_hand = by_hand
        self._nodes = list(walk(file.root))
        self._clients: set[tuple[str, int]] = set()
        self._answers: set[tuple[str, int]] = set()
        self.verbs: dict[tuple[int, int], str] = {}
        """Place of `requests.delete` -> the function of httpx that is called there instead."""

    def rewrite(self) -> None:
        self._learn(self._clients, _CLIENTS, self._is_client_made)
        self._learn(self._answers, _ANSWERS, lambda node: self._verb(node) != "")
        for node in self._nodes:
            if node.type == "call":
                self._call(node)
            elif node.type == "attribute":
                self._attribute(node)

    # ---------------------------------------------------------------- what names hold

    def _learn(
        self, known: set[tuple[str, int]], classes: frozenset[str], made: Callable[[Node], bool]
    ) -> None:
        """Names and attributes that are assigned such a value, or annotated with its class."""
        for node in self._nodes:
            target: Node | None = None
            if node.type == "assignment":
                value, typed = node.child_by_field_name("right"), node.child_by_field_name("type")
                if (value is not None and self._gives(value, made)) or self._is_typed(
                    typed, classes
                ):
                    target = node.child_by_field_name("left")
            elif node.type in ("typed_parameter", "typed_default_parameter"):
                if self._is_typed(node.child_by_field_name("type"), classes):
                    target = node.child_by_field_name("name") or node.named_children[0]
            elif node.type == "as_pattern" and made(node.named_children[0]):
                alias = node.child_by_field_name("alias")
                target = (
                    alias.named_children[0] if alias is not None and alias.named_children else alias
                )
            elif node.type == "named_expression":
                value = node.child_by_field_name("value")
                if value is not None and made(value):
                    target = node.child_by_field_name("name")
            if target is not None:
                known.add(self._key(target))

    def _gives(self, value: Node, made: Callable[[Node], bool]) -> bool:
        """Also `given or made()` and `made() if … else given`."""
        if value.type in ("boolean_operator", "conditional_expression", "parenthesized_expression"):
            return any(self._gives(child, made) for child in value.named_children)
        return made(value)

    def _key(self, node: Node) -> tuple[str, int]:
        text = self._file.text_of(node)
        if node.type != "identifier":
            return text, -2
        return text, self._file.home_of(text, node.start_byte)

    def _is_typed(self, annotation: Node | None, classes: frozenset[str]) -> bool:
        return annotation is not None and any(
            self._dotted_of(n) in classes for n in walk(annotation)
        )

    def _is_client_made(self, node: Node) -> bool:
        return (
            node.type == "call"
            and self._dotted_of(node.child_by_field_name("function")) in _CLIENTS
        )

    def _verb(self, node: Node) -> str:
        """`get` of a call `requests.get(…)` or `session.get(…)`; '' for any other expression."""
        if node.type == "await":
            return ""
        function = node.child_by_field_name("function") if node.type == "call" else None
        if function is None:
            return ""
        dotted = self._dotted_of(function)
        if dotted.startswith("requests.") and dotted.removeprefix("requests.") in VERBS:
            return dotted.removeprefix("requests.")
        if function.type == "attribute":
            name = self._file.text_of(function.child_by_field_name("attribute") or function)
            if name in VERBS and self._is_client(function.child_by_field_name("object")):
                return name
        return ""

    def _is_client(self, node: Node | None) -> bool:
        return node is not None and (self._key(node) in self._clients or self._is_client_made(node))

    def _is_answer(self, node: Node | None) -> bool:
        return node is not None and (self._key(node) in self._answers or self._verb(node) != "")

    # ---------------------------------------------------------------- calls

    def _call(self, call: Node) -> None:
        listed = call.child_by_field_name("arguments")
        function = call.child_by_field_name("function")
        if listed is None or function is None or listed.type != "argument_list":
            return
        if self._is_client_made(call):
            if listed.named_child_count == 0:
                self._replace(listed.start_byte + 1, listed.start_byte + 1, "follow_redirects=True")
            return
        verb = self._verb(call)
        if not verb:
            self._of_answer(call, function, listed)
            return
        of_client = self._dotted_of(function) == ""
        arguments = [c for c in listed.named_children if c.type != "comment"]
        names = self._named(verb, arguments)
        given = {name for name, _ in names}
        self._streaming(call, function, listed, verb, dict(names), of_client)
        for name, argument in names:
            self._argument(name, argument, verb, of_client)
        if verb in _BODILESS and given & _BODIES:
            self._as_request(function, listed, verb)
        follows = of_client or verb == "head" or "allow_redirects" in given
        if not follows and arguments:
            self._append(listed, arguments[-1], "follow_redirects=True")
        if not of_client and any(a.type == "dictionary_splat" for a in arguments):
            self._by_hand(call, "`**` may hold arguments that httpx names otherwise")

    def _named(self, verb: str, arguments: list[Node]) -> list[tuple[str, Node]]:
        """(parameter of requests, argument); positional ones behind the URL get their names."""
        found: list[tuple[str, Node]] = []
        positions = _POSITIONS[verb]
        first = 2 if verb == "request" else 1
        for position, argument in enumerate(arguments):
            if argument.type == "keyword_argument":
                name = argument.child_by_field_name("name")
                found.append((self._file.text_of(name) if name is not None else "", argument))
            elif argument.type in ("list_splat", "dictionary_splat"):
                continue
            elif position < len(positions):
                name = positions[position]
                if position >= first:
                    self._replace(
                        argument.start_byte,
                        argument.start_byte,
                        f"{self._renamed(name, argument)}=",
                    )
                found.append((name, argument))
        return found

    def _argument(self, name: str, argument: Node, verb: str, of_client: bool) -> None:
        keyword = (
            argument.child_by_field_name("name") if argument.type == "keyword_argument" else None
        )
        value = argument.child_by_field_name("value") if keyword is not None else argument
        assert value is not None
        if name in _HAND or (of_client and name in _OF_CLIENTS):
            if name == "proxies" and value.type == "none":
                self._drop(argument)
            else:
                why = _OF_CLIENTS[name] if of_client and name in _OF_CLIENTS else _HAND[name]
                self._by_hand(argument, why)
            return
        new = self._renamed(name, value)
        if keyword is not None and new != name:
            self._replace(keyword.start_byte, keyword.end_byte, new)
        parts = (
            [c for c in value.named_children if c.type != "comment"]
            if value.type == "tuple"
            else []
        )
        if name == "timeout" and len(parts) == 2:
            if all(part.type in ("integer", "float", "identifier", "none") for part in parts):
                connect, read = map(self._file.text_of, parts)
                self._replace(
                    value.start_byte, value.end_byte, f"httpx.Timeout({read}, connect={connect})"
                )
            else:
                self._by_hand(argument, "`httpx.Timeout(read, connect=…)` takes its place")

    def _renamed(self, name: str, value: Node) -> str:
        if name == "allow_redirects":
            return "follow_redirects"
        if name == "data" and self._is_text(value):
            return "content"
        return name

    def _is_text(self, value: Node) -> bool:
        """Certainly text or bytes: httpx calls a body that is no form `content`."""
        if value.type in ("string", "concatenated_string"):
            return True
        if value.type != "call":
            return False
        function = self._file.text_of(value.child_by_field_name("function") or value)
        return function.endswith((".encode", ".read", ".read_bytes", ".read_text")) or function in (
            "json.dumps",
            "dumps",
            "str",
            "bytes",
        )

    def _streaming(
        self,
        call: Node,
        function: Node,
        listed: Node,
        verb: str,
        given: dict[str, Node],
        of_client: bool,
    ) -> None:
        argument = given.get("stream")
        if argument is None:
            return
        value = argument.child_by_field_name("value")
        if value is not None and value.type == "false":
            self._drop(argument)
            return
        holder = call.parent
        if holder is not None and holder.type == "as_pattern":
            holder = holder.parent
        if (
            value is None
            or value.type != "true"
            or holder is None
            or holder.type != "with_item"
            or verb == "request"
        ):
            self._by_hand(argument, "httpx streams in a `with httpx.stream(method, url)` block")
            return
        self._drop(argument)
        self._as_request(function, listed, verb, "stream")

    def _as_request(self, function: Node, listed: Node, verb: str, name: str = "request") -> None:
        """`x.delete(url)` -> `x.request("DELETE", url)`."""
        last = function.child_by_field_name("attribute") if function.type == "attribute" else None
        if last is None:
            self._by_hand(function, f'`httpx.{name}("{verb.upper()}", …)` takes its place')
            return
        if self._dotted_of(function):  # whoever names the whole chain anew is told
            self.verbs[function.byte_range] = name
        else:
            self._replace(last.start_byte, last.end_byte, name)
        self._replace(listed.start_byte + 1, listed.start_byte + 1, f'"{verb.upper()}", ')

    def _append(self, listed: Node, last: Node, text: str) -> None:
        line = self._file.text.line_of
        own_line = line(last.start_byte) != line(listed.start_byte) and self._file.starts_its_line(
            last
        )
        indent = f"\n{self._file.indentation(last)}" if own_line else " "
        self._replace(last.end_byte, last.end_byte, f",{indent}{text}")

    def _drop(self, argument: Node) -> None:
        data = self._file.text.data
        before = argument.prev_sibling
        start, end = argument.start_byte, argument.end_byte
        if before is not None and before.type == ",":
            start = before.start_byte
        else:
            after = argument.next_sibling
            if after is not None and after.type == ",":
                end = after.end_byte
                while data[end : end + 1] in (b" ", b"\t"):
                    end += 1
        self._replace(start, end, "")

    # ---------------------------------------------------------------- answers and clients

    def _of_answer(self, call: Node, function: Node, listed: Node) -> None:
        if function.type != "attribute" or not self._is_answer(
            function.child_by_field_name("object")
        ):
            return
        name = self._file.text_of(function.child_by_field_name("attribute") or function)
        for argument, keyword in self._keywords(listed):
            why = ANSWER_KEYWORDS.get(ANSWER_NAMES.get(name, name), {}).get(keyword)
            if why is not None:
                self._by_hand(argument, why)

    def _keywords(self, listed: Node) -> Iterator[tuple[Node, str]]:
        for child in listed.named_children:
            name = child.child_by_field_name("name") if child.type == "keyword_argument" else None
            if name is not None:
                yield child, self._file.text_of(name)

    def _attribute(self, node: Node) -> None:
        value, last = node.child_by_field_name("object"), node.child_by_field_name("attribute")
        if value is None or last is None:
            return
        name = self._file.text_of(last)
        if self._is_client(value) and name in CLIENT_BY_HAND:
            self._by_hand(node, CLIENT_BY_HAND[name])
        if not self._is_answer(value):
            return
        if name in ANSWER_BY_HAND:
            self._by_hand(node, ANSWER_BY_HAND[name])
        elif name in ANSWER_NAMES:
            self._replace(last.start_byte, last.end_byte, ANSWER_NAMES[name])
        elif name == "ok":
            self._ok(node, last)
        elif name == "url" and not self._is_shown(node):
            self._replace(node.start_byte, node.start_byte, "str(")
            self._replace(node.end_byte, node.end_byte, ")")

    def _ok(self, node: Node, last: Node) -> None:
        """`x.ok` is a status below 400: `not x.is_error`."""
        self._replace(last.start_byte, last.end_byte, "is_error")
        parent = node.parent
        if parent is not None and parent.type == "not_operator":
            self._replace(parent.start_byte, node.start_byte, "")
            return
        tight = parent is not None and parent.type in ("comparison_operator", "attribute", "binary_operator", "call", "await", "unary_operator")  # fmt: skip
        self._replace(node.start_byte, node.start_byte, "(not " if tight else "not ")
        if tight:
            self._replace(node.end_byte, node.end_byte, ")")

    def _is_shown(self, node: Node) -> bool:
        """Written as text already, compared, or assigned to."""
        parent = node.parent
        if parent is None or parent.type in ("interpolation", "comparison_operator", "attribute"):
            return True
        if parent.type == "assignment" and parent.child_by_field_name("left") == node:
            return True
        call = parent.parent if parent.type == "argument_list" else None
        function = call.child_by_field_name("function") if call is not None else None
        return function is not None and self._file.text_of(function) in ("str", "print")
