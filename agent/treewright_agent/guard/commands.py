"""Which commands may run unasked: an allow-list of programs and their arguments.

A command is a program with arguments, never a shell. Text is parsed as a shell would (with
tree-sitter's grammar of bash) and refused when it is more than one plain command; so nothing
hides in quotes, substitutions or redirections. The sandbox holds what runs all the same.
"""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import NamedTuple

from treewright_indexer.errors import ArgumentsError


class Trust(StrEnum):
    """Of a workspace."""

    NONE = "untrusted"
    """Nothing runs and nothing is written."""
    DEFAULT = "trusted"
    """The allow-list runs in the sandbox; the rest asks."""
    FULL = "full"
    """Whatever is not destructive runs in the sandbox."""


class Decision(StrEnum):
    ALLOW = "allow"
    ASK = "ask"
    DENY = "deny"


class Verdict(NamedTuple):
    decision: Decision
    reason: str = ""


_ALLOWED = Verdict(Decision.ALLOW)


# -------------------------------------------------------------------- text to arguments


@lru_cache(maxsize=1)
def _parser() -> object:
    import tree_sitter
    import tree_sitter_bash

    return tree_sitter.Parser(tree_sitter.Language(tree_sitter_bash.language()))


_PLAIN = frozenset(
    ("program", "command", "command_name", "word", "string", "string_content", "raw_string",
     "number", "concatenation", '"')
)  # fmt: skip
_NAMES = {
    "pipeline": "a pipe", "list": "several commands", "redirected_statement": "a redirection",
    "command_substitution": "a command substitution", "variable_assignment": "an assignment",
    "simple_expansion": "a variable", "expansion": "a variable", "subshell": "a subshell",
    "process_substitution": "a process substitution", "&": "a background job", ";": "several commands",
    "function_definition": "a function", "heredoc_redirect": "a here-document",
}  # fmt: skip


def split(command: str) -> list[str]:
    """The program and its arguments. Raises ArgumentsError when the text is anything but one
    plain command, with what it is instead."""
    import tree_sitter

    parser = _parser()
    assert isinstance(parser, tree_sitter.Parser)
    tree = parser.parse(command.encode("utf-8", "replace"))
    n_commands = 0
    pending = [tree.root_node]
    while pending:
        node = pending.pop()
        if node.type == "command":
            n_commands += 1
        if node.type == "ERROR" or node.is_missing:
            raise ArgumentsError("the command cannot be read: check its quotes")
        if node.type not in _PLAIN:
            what = _NAMES.get(node.type, "more than a program with its arguments")
            raise ArgumentsError(f"one program is run, without a shell; this holds {what}")
        pending += node.children
    if n_commands != 1 or "\n" in command.strip():
        raise ArgumentsError("one program is run, without a shell; this holds several commands")
    try:
        argv = shlex.split(command)
    except ValueError as error:
        raise ArgumentsError(f"the command cannot be read: {error}") from error
    if not argv or any("\0" in part for part in argv):
        raise ArgumentsError("the command is empty")
    return argv


# -------------------------------------------------------------------- arguments to a verdict

_MODULES = frozenset(
    ("pytest", "unittest", "doctest", "compileall", "mypy", "pyright", "basedpyright", "ruff",
     "flake8", "pylint", "black", "isort", "coverage", "tabnanny", "py_compile", "tox", "nox", "trial", "ast")
)  # fmt: skip
_SHELLS = frozenset(
    ("sh", "bash", "zsh", "dash", "fish", "ksh", "csh", "tcsh", "busybox", "cmd", "cmd.exe",
     "powershell", "pwsh", "eval", "exec", "source", "env", "xargs", "nohup", "setsid", "script", "watch", "time")
)  # fmt: skip
_DESTRUCTIVE = frozenset(
    ("rm", "rmdir", "mv", "dd", "mkfs", "shred", "truncate", "chmod", "chown", "chattr", "ln",
     "mount", "umount", "sudo", "su", "doas", "pkexec", "kill", "killall", "pkill", "reboot",
     "shutdown", "systemctl", "service", "crontab", "at", "iptables", "nft", "useradd", "passwd",
     "apt", "apt-get", "dnf", "yum", "pacman", "apk", "brew", "snap", "pip", "pip3", "pipx", "uv",
     "poetry", "conda", "mamba", "npx", "pnpx", "bunx", "gem", "curl", "wget", "nc", "ncat",
     "netcat", "socat", "telnet", "ssh", "scp", "sftp", "rsync", "ftp", "docker", "podman",
     "kubectl", "helm", "terraform", "aws", "gcloud", "az", "gh", "glab", "heroku", "gpg", "openssl",
     "base64", "xxd", "tee", "install", "cp", "touch", "mkdir", "osascript", "open", "xdg-open")
)  # fmt: skip
_GIT_READS = frozenset(
    ("status", "diff", "log", "show", "blame", "ls-files", "ls-tree", "rev-parse", "rev-list",
     "describe", "shortlog", "cat-file", "grep", "name-rev", "merge-base", "diff-tree", "for-each-ref")
)  # fmt: skip
_LISTS = frozenset(("branch", "tag", "remote", "stash", "worktree", "config"))
_READERS = frozenset(
    ("ls", "cat", "head", "tail", "wc", "sort", "uniq", "cut", "tr", "diff", "cmp", "file", "stat",
     "du", "tree", "pwd", "echo", "printf", "true", "false", "test", "basename", "dirname",
     "realpath", "date", "grep", "egrep", "fgrep", "rg", "ag", "jq", "column", "nl", "rev", "seq")
)  # fmt: skip
_CHECKERS = frozenset(
    ("pytest", "py.test", "mypy", "pyright", "basedpyright", "ruff", "flake8", "pylint", "black",
     "isort", "tsc", "eslint", "jest", "vitest", "mocha", "ava", "stylelint", "prettier",
     "golangci-lint", "staticcheck", "gofmt", "rustfmt", "clang-format", "clang-tidy", "shellcheck",
     "phpunit", "rspec", "ctest", "bandit", "coverage")
)  # fmt: skip

Rule = Callable[[Sequence[str]], Verdict]


def classify(argv: Sequence[str], root: str, trust: Trust = Trust.DEFAULT) -> Verdict:
    """What may be done with the command, which runs below `root`. Never runs anything."""
    if trust == Trust.NONE:
        return Verdict(Decision.DENY, "the workspace is not trusted: nothing is run in it")
    if not argv:
        return Verdict(Decision.DENY, "the command is empty")
    program, arguments = os.path.basename(argv[0]), list(argv[1:])
    name = program.removesuffix(".exe").lower()
    if outside := _outside(argv, root):
        return Verdict(Decision.DENY, f"{outside} lies outside the workspace")
    if name in _SHELLS:
        return Verdict(Decision.DENY, f"{name} runs other commands; name the program itself")
    if name in _DESTRUCTIVE:
        return Verdict(
            Decision.DENY,
            f"{name} is not run by the agent: edit through the tools, or run it yourself",
        )
    rule = _rule(name)
    if _is_own_program(argv[0]):
        verdict = Verdict(Decision.ASK, f"{argv[0]} is a program of the workspace's own")
    elif rule is not None:
        verdict = rule(arguments)
    else:
        verdict = Verdict(Decision.ASK, f"{name} is not in the list of programs that run unasked")
    if verdict.decision == Decision.ASK and trust == Trust.FULL:
        return _ALLOWED
    return verdict


def _is_own_program(given: str) -> bool:
    """Named by a path that is neither the system's nor where tools are installed. What its base
    name says proves nothing."""
    path = os.path.normpath(given.replace("\\", "/"))
    if "/" not in given and "\\" not in given:
        return False
    if re.fullmatch(r"/(?:usr/(?:local/)?)?s?bin/[^/]+", path):
        return False
    return not re.fullmatch(
        r"(?:.*/)?(?:\.venv|venv|env)/(?:bin|Scripts)/[^/]+|(?:.*/)?node_modules/\.bin/[^/]+", path
    )


def _outside(argv: Sequence[str], root: str) -> str:
    """The first argument that names a place outside the folder, or ''."""
    real = os.path.realpath(root)
    patterns = os.path.basename(argv[0]) in ("sed", "grep", "egrep", "fgrep", "rg", "ag", "jq")
    for position, word in enumerate(argv):
        parts = {word, word.partition("=")[2]}
        if re.match(r"-[A-Za-z]", word):  # a value may be glued to a short option
            parts.add(word[2:])
        for part in sorted(parts):
            if part.lower().startswith("file:"):
                return part
            if "://" in part or not part:
                continue
            if part.startswith("~"):
                return part
            if position == 0 and os.path.isabs(part):
                continue  # where a program lives is the sandbox's matter
            if patterns and part.startswith("/") and not os.path.lexists(f"/{part.split('/')[1]}"):
                continue  # an expression between slashes
            if os.path.isabs(part) or ".." in part.split("/"):
                place = os.path.realpath(os.path.join(real, part))
                if place != real and not place.startswith(real + os.sep) and part != "/dev/null":
                    return part
            elif "/" in part or os.path.islink(os.path.join(real, part)):
                place = os.path.realpath(os.path.join(real, part))  # a link may lead out
                if place != real and not place.startswith(real + os.sep):
                    return part
    return ""


def _rule(name: str) -> Rule | None:
    if re.fullmatch(r"python(?:3(?:\.\d+)?)?|py|pypy3?", name):
        return _python
    if name in _CHECKERS:
        return _checker
    if name in _READERS:
        return _reader
    return _RULES.get(name)


def _python(arguments: Sequence[str]) -> Verdict:
    rest = [
        a for a in arguments if a not in ("-B", "-u", "-I", "-E", "-s", "-O", "-OO", "-v", "-q")
    ]
    while rest[:1] in (["-W"], ["-X"]):
        rest = rest[2:]
    if not rest:
        return Verdict(Decision.DENY, "python alone waits for input")
    if rest[0] in ("--version", "-V"):
        return _ALLOWED
    if rest[0] == "-m":
        module = rest[1].split(".")[0] if len(rest) > 1 else ""
        if module in _MODULES:
            return _checker(rest[2:])
        return Verdict(Decision.ASK, f"python -m {module} is not in the list of what runs unasked")
    if rest[0].startswith("-"):
        return Verdict(Decision.ASK, f"python {rest[0]} runs code that no file holds")
    if not rest[0].endswith(".py"):
        return Verdict(Decision.ASK, f"{rest[0]} is no Python file")
    return _ALLOWED


# Options of checkers that hold code or the name of a program. Prefixes count: many tools take
# any unambiguous one.
_RUNS = re.compile(
    r"--?(?:init-hook|toolexec|vettool|exec|pdbcls|rulesdir|global-?setup|script-shell|node-options"
    r"|compress-prog\w*|eval|config-setting\w*|import-mode-hook)(?:=|$)|--config=\w+\.[\w-]+="
)


def _checker(arguments: Sequence[str]) -> Verdict:
    for word in arguments:
        if _RUNS.match(word):
            return Verdict(Decision.ASK, f"{word} names a program or code to run")
        if re.match(
            r"--?(?:p|plugins?|load-plugins|rcfile|resolve-plugins-relative-to|require|loader|import)(?:=|$)",
            word,
        ) and ("/" in word or "\\" in word):
            return Verdict(Decision.ASK, f"{word} loads code from a path")
        if re.match(
            r"--(?:basetemp|junit-?xml|junitxml|report-log|output-file|outfile|outDir)=/", word
        ):
            return Verdict(Decision.DENY, f"{word} writes outside the workspace")
    return _ALLOWED


def _reader(arguments: Sequence[str]) -> Verdict:
    for word in arguments:
        if re.match(
            r"(?:-o|--out\w*(?:-file)?)(?:=|$)|-o.|--pre(?:=|$)|--hostname-bin|--compress|--pager|-C$",
            word,
        ):
            return Verdict(Decision.ASK, f"{word} writes, or runs something")
    return _ALLOWED


_GIT_RUNS = ("--output", "--ext-diff", "--textconv", "--open-files-in-pager", "--upload-pack",
             "--exec", "--show-signature", "--contents")  # fmt: skip


def _git_runs(word: str) -> bool:
    """An option that writes a file or runs a helper; git takes any unambiguous prefix."""
    name = word.partition("=")[0]
    if re.match(r"-[^-]*O", word):
        return True
    return len(name) > 3 and any(option.startswith(name) for option in _GIT_RUNS)


def _git(arguments: Sequence[str]) -> Verdict:
    words = list(arguments)
    while words and words[0].startswith("-"):
        if words[0] in ("--no-pager", "--no-optional-locks", "--literal-pathspecs"):
            words.pop(0)
            continue
        return Verdict(Decision.DENY, f"git {words[0]} changes what git does or where")
    verb = words[0] if words else ""
    rest = words[1:]
    if any(_git_runs(w) for w in rest):
        return Verdict(Decision.DENY, "git is only used for reading, without helper programs")
    if verb in _GIT_READS:
        return _ALLOWED
    reading = {
        "branch": all(
            w in ("-a", "-r", "-v", "-vv", "--list", "--show-current", "--all") for w in rest
        ),
        "tag": all(w in ("-l", "--list", "-n") for w in rest),
        "remote": rest in ([], ["-v"]),
        "stash": rest[:1] in (["list"], ["show"]),
        "worktree": rest[:1] == ["list"],
        "config": rest[:1] in (["--get"], ["--list"], ["-l"], ["--get-all"]),
    }
    if verb in _LISTS and reading[verb]:
        return _ALLOWED
    return Verdict(Decision.DENY, f"git {verb} changes the repository; that is left to you")


def _find(arguments: Sequence[str]) -> Verdict:
    for word in arguments:
        if re.match(r"-(?:delete|exec|execdir|ok|okdir|fls|fprint)", word):
            return Verdict(Decision.DENY, f"find {word} changes files or runs programs")
    return _ALLOWED


_ADDRESS = r"(?:\d+|\$|/(?:\\.|[^/\\])*/)"
_SED_SCRIPT = re.compile(
    rf"(?:{_ADDRESS}(?:,(?:{_ADDRESS}|\+\d+))?!?)?\s*"
    r"(?:[pdqQ=]|s([^\w\s\\])(?:\\.|(?!\1)[^\\])*\1(?:\\.|(?!\1)[^\\])*\1[gIip0-9]*|y/[^/]*/[^/]*/)?"
)


def _sed(arguments: Sequence[str]) -> Verdict:
    """Only scripts that print, delete or substitute; others can write files and run programs."""
    scripts: list[str] = []
    words = list(arguments)
    while words and words[0].startswith("-"):
        word = words.pop(0)
        if re.match(r"-[a-zA-Z]*i|--in-place", word):
            return Verdict(Decision.DENY, "sed -i writes files; use the edit tools")
        if word in ("-e", "--expression") and words:
            scripts.append(words.pop(0))
        elif word.startswith("--expression="):
            scripts.append(word.partition("=")[2])
        elif word not in ("-n", "-E", "-r", "-u", "-z", "--quiet", "--silent", "--posix"):
            return Verdict(Decision.ASK, f"sed {word} may write files or run programs")
    if not scripts and words:
        scripts.append(words.pop(0))
    if any(word.startswith("-") for word in words):
        return Verdict(Decision.ASK, "an option of sed behind a file")
    if all(_SED_SCRIPT.fullmatch(part.strip()) for s in scripts for part in s.split(";")):
        return _ALLOWED
    return Verdict(Decision.ASK, "the sed script may write files or run programs")


def _verbs(allowed: Sequence[str], what: str) -> Rule:
    def rule(arguments: Sequence[str]) -> Verdict:
        verb = next((a for a in arguments if not a.startswith("-")), "")
        if verb in allowed or (not verb and "--version" in arguments):
            return _checker(arguments)
        return Verdict(Decision.ASK, f"{what} {verb} is not in the list of what runs unasked")

    return rule


def _make(arguments: Sequence[str]) -> Verdict:
    for word in arguments:
        if "=" in word or re.match(r"-[fCIEo]|--(?:f|make|e|dir|inc)", word):
            return Verdict(Decision.ASK, f"make {word} changes what its goals run")
    return _verbs(("test", "tests", "check", "lint", "build", "all", "typecheck"), "make")(
        arguments
    )


def _npm(arguments: Sequence[str]) -> Verdict:
    words = [a for a in arguments if not a.startswith("-")]
    if (verdict := _checker(arguments)).decision != Decision.ALLOW:
        return verdict
    if words[:1] in (["test"], ["t"]):
        return _ALLOWED
    scripts = ("test", "lint", "build", "typecheck", "type-check", "check", "format:check", "unit")
    if (
        words[:1] in (["run"], ["run-script"])
        and len(words) > 1
        and words[1].split(":")[0] in scripts
    ):
        return _ALLOWED
    verb = words[0] if words else ""
    if verb in ("install", "i", "ci", "add", "publish", "exec", "x", "link", "update", "uninstall"):
        return Verdict(Decision.DENY, f"npm {verb} changes packages or runs what it fetches")
    return Verdict(Decision.ASK, f"npm {verb} is not in the list of what runs unasked")


def _node(arguments: Sequence[str]) -> Verdict:
    first = arguments[0] if arguments else ""
    if first in ("--test", "--check", "--version") or re.search(r"\.[cm]?js$", first):
        return _checker(arguments)
    return Verdict(Decision.ASK, "node runs code that no file holds")


_RULES: Mapping[str, Rule] = {
    "git": _git,
    "find": _find,
    "sed": _sed,
    "go": _verbs(("test", "vet", "build", "version", "list", "doc"), "go"),
    "cargo": _verbs(
        ("test", "check", "build", "clippy", "fmt", "doc", "bench", "version", "tree"), "cargo"
    ),
    "npm": _npm,
    "pnpm": _npm,
    "yarn": _npm,
    "bun": _npm,
    "node": _node,
    "deno": _verbs(("test", "check", "lint", "fmt"), "deno"),
    "make": _make,
    "mvn": _verbs(("test", "verify", "compile"), "mvn"),
    "gradle": _verbs(("test", "check", "build"), "gradle"),
    "dotnet": _verbs(("test", "build"), "dotnet"),
    "tox": _checker,
    "nox": _checker,
}
