"""What an edit reaches beyond the task: places that need the user's consent, each with why.

Looks at the finished change, not at what anybody said about it. Editing code is the work, so
code is not judged by its words; what is held is what acts outside the editor, cannot be seen
in a review, or is much more than was asked.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections.abc import Callable, Collection
from typing import NamedTuple, cast

from treewright_agent.changes import SourceChange
from treewright_agent.guard.secrets import find as find_secrets
from treewright_agent.guard.text import has_hidden
from treewright_indexer.errors import TreewrightError
from treewright_indexer.text import SourceText


class Concern(NamedTuple):
    """`hunk` indexes the edits of the file's FileChange; FILE (-1) is the file itself."""

    path: str
    hunk: int
    reason: str
    holds: bool
    """It needs consent; else it is only pointed out."""


FILE = -1
MAX_FILES = 40
MAX_DELETED_LINES = 400

_SENSITIVE: tuple[tuple[str, str], ...] = (
    (
        r"(^|/)\.github/(workflows|actions)/|(^|/)\.gitlab-ci|(^|/)\.circleci/|(^|/)azure-pipelines|(^|/)Jenkinsfile$|(^|/)\.travis\.yml$|(^|/)\.buildkite/|(^|/)bitbucket-pipelines\.yml$|(^|/)\.woodpecker|(^|/)\.drone\.yml$|(^|/)appveyor\.yml$|(^|/)cloudbuild\.ya?ml$",
        "runs on the build server",
    ),
    (
        r"(^|/)\.git(/|$)|(^|/)\.husky/|(^|/)\.githooks/|(^|/)\.pre-commit-config\.yaml$|(^|/)lefthook\.ya?ml$|(^|/)\.gitmodules$|(^|/)\.gitattributes$",
        "runs with git",
    ),
    (
        r"(^|/)(poetry\.lock|uv\.lock|pdm\.lock|Pipfile\.lock|package-lock\.json|npm-shrinkwrap\.json|yarn\.lock|pnpm-lock\.yaml|bun\.lockb?|Cargo\.lock|go\.sum|Gemfile\.lock|composer\.lock|constraints[^/]*\.txt|pylock[^/]*\.toml)$",
        "is a lock file",
    ),
    (
        r"(^|/)(\.env([.-][^/]*)?|\.netrc|\.npmrc|\.pypirc|\.htpasswd|\.pgpass|credentials(\.json)?|secrets?\.(ya?ml|json|toml|ini)|id_(rsa|dsa|ecdsa|ed25519)(\.pub)?|[^/]*\.(pem|key|p12|pfx|jks|keystore|kdbx|asc|gpg))$|(^|/)\.(ssh|aws|gnupg|kube|docker)/",
        "may hold secrets",
    ),
    (
        r"(^|/)\.(vscode|idea|zed|fleet|vs|devcontainer|nvim|vim)/|(^|/)\.(vimrc|nvimrc|exrc|editorconfig|envrc|tool-versions)$|(^|/)[^/]+\.code-workspace$|(^|/)\.nvim\.lua$",
        "is read by an editor",
    ),
    (
        r"(^|/)\.(claude|codex|cursor|windsurf|continue|gemini|aider|treewright|roo|cline|kiro|amazonq)([/.]|$)|(^|/)\.?(cursorrules|windsurfrules|clinerules|mcp\.json|aider\.conf\.yml)$|(^|/)(AGENTS|CLAUDE|GEMINI|copilot-instructions)\.md$",
        "tells agents what to do",
    ),
    (
        r"(^|/)\.(bashrc|bash_profile|bash_login|bash_logout|profile|zshrc|zshenv|zprofile|zlogin|inputrc|kshrc|cshrc|tcshrc|login|xinitrc|xprofile)$|(^|/)\.config/(fish|systemd|autostart)/",
        "is read by a shell",
    ),
    (r"(^|/)(sitecustomize|usercustomize)\.py$|\.pth$", "runs whenever Python starts"),
    (
        r"(^|/)(setup\.py|setup\.cfg|package\.json|Makefile|GNUmakefile|makefile|justfile|Justfile|Taskfile\.ya?ml|Rakefile|build\.gradle(\.kts)?|pom\.xml|CMakeLists\.txt|noxfile\.py|tox\.ini|Dockerfile[^/]*|docker-compose[^/]*\.ya?ml|Vagrantfile|Procfile|build\.rs|binding\.gyp|\.dockerignore)$",
        "is run by build tools",
    ),
    (
        r"(^|/)((eslint|prettier|babel|jest|vite|vitest|webpack|rollup|postcss|tailwind|svelte|next|nuxt|karma|metro|stylelint|commitlint)\.config\.[cm]?[jt]s|gulpfile\.[cm]?js|Gruntfile\.[cm]?js|Gemfile|[^/]+\.gemspec|settings\.gradle(\.kts)?|gradle\.properties|gradle-wrapper\.properties|bunfig\.toml|compile_commands\.json|rust-project\.json|pylintrc|mypy\.ini|pytest\.ini|Directory\.Build\.(props|targets)|meson\.build|WORKSPACE|MODULE\.bazel|Pipfile)$",
        "is run or obeyed by tools that editors start",
    ),
    (r"(^|/)\.[^/.][^/]*(/|$)", "is a hidden file or folder"),
)
_RULES = [(re.compile(pattern, re.IGNORECASE), reason) for pattern, reason in _SENSITIVE]

# Newly added calls that a reviewer should see: (pattern, what it does).
_RISKY: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<![\w.])(?:eval|exec)\s*\("), "runs text as code"),
    (re.compile(r"\bos\.(?:system|popen|exec\w*|spawn\w*)\s*\(|\bsubprocess\.\w+\([^)]*shell\s*=\s*True|\bchild_process\b"), "runs a shell command"),
    (re.compile(r"\b(?:pickle|marshal|dill|shelve|joblib)\.loads?\s*\(|\byaml\.(?:unsafe_)?load\s*\((?![^)]*Safe)"), "loads objects from data"),
    (re.compile(r"\bverify\s*=\s*False\b|\b_create_unverified_context\b|rejectUnauthorized\s*:\s*false|InsecureSkipVerify\s*:\s*true"), "does not check certificates"),
    (re.compile(r"\b(?:socket\.socket|urllib\.request\.urlopen|requests\.(?:get|post|put)|httpx\.\w+|fetch|XMLHttpRequest|urlopen)\s*\("), "talks to the network"),
    (re.compile(r"\b(?:shutil\.rmtree|os\.(?:remove|unlink|rmdir|removedirs)|fs\.(?:rm|unlink|rmdir)(?:Sync)?)\s*\("), "deletes files"),
    (re.compile(r"\b(?:base64\.b(?:64|85|32)decode|atob|bytes\.fromhex|codecs\.decode)\s*\("), "decodes hidden data"),
    (re.compile(r"(?<![\w.])__import__\s*\(|\bimportlib\.import_module\s*\("), "imports what is decided at run time"),
    (re.compile(r"\bos\.environ\b|\bprocess\.env\b|\bos\.getenv\s*\("), "reads the environment"),
)  # fmt: skip


def sensitive(shown: str) -> str:
    """Why a file (by its path in the workspace, with /) needs consent to be edited, or ''."""
    name = _canonical(shown)
    for pattern, reason in _RULES:
        if pattern.search(name):
            return reason
    return ""


def _canonical(shown: str) -> str:
    """The name that a file system makes of it: some fold case and width, skip invisible
    characters, and drop dots, blanks and stream names at the end."""
    parts: list[str] = []
    for part in unicodedata.normalize("NFKC", shown).replace("\\", "/").split("/"):
        plain = "".join(c for c in part if not has_hidden(c)).partition(":")[0].rstrip(" ")
        plain = plain if plain in (".", "..") else plain.rstrip(". ")
        parts.append(re.sub(r"(?i)^git~\d$", ".git", plain))
    return "/".join(part for part in parts if part not in ("", "."))


def concerns(
    change: SourceChange,
    text_of: Callable[[str], SourceText],
    shown: Callable[[str], str],
    *,
    wanted: Collection[str] | None = None,
    roots: Collection[str] = (),
) -> list[Concern]:
    """What the user should see of `change` before it is applied; held parts need consent.

    `wanted`: files (as shown) that the request or the accepted plan names; editing one of them
    is what was asked, also where it is sensitive. `roots`: where files must lie.
    """
    found: list[Concern] = []
    for path in sorted(change.paths()):
        name = shown(path)
        named = wanted is not None and name in wanted
        if roots and not _inside(path, roots):
            found.append(Concern(path, FILE, "lies outside the workspace", True))
        if (why := sensitive(name)) and not named:
            found.append(Concern(path, FILE, f"{name} {why}", True))
        elif (leads := _leads_to(path, roots)) and (why := sensitive(leads)):
            found.append(Concern(path, FILE, f"{name} leads to {leads}, which {why}", True))
        elif not named and (why := _changes_tools(change, path, text_of)):
            found.append(Concern(path, FILE, f"{name}: {why}", True))
        if "\\" in name or re.match(r"[A-Za-z]:", name):
            found.append(Concern(path, FILE, "its name means another place on Windows", True))
        if re.search(r"(?i)%(?:2e|2f|5c|00)|(?:^|/)\.\.", name):
            found.append(
                Concern(path, FILE, "its name means another place once it is decoded", True)
            )
        if has_hidden(name):
            found.append(Concern(path, FILE, "its name holds invisible characters", True))
    for delete in change.deletes:
        if wanted is None or shown(delete.path) not in wanted:
            found.append(Concern(delete.path, FILE, "the file is deleted", True))
    found += _mass(change, text_of)
    for file in change.files:
        for index, edit in enumerate(file.edits):
            before = _old_text(text_of, file.path, edit.span)
            found += _of_text(file.path, index, edit.new_text, before)
    for create in change.creates:
        found += _of_text(create.path, FILE, create.text, "")
    return found


def _leads_to(path: str, roots: Collection[str]) -> str:
    """The place in the workspace that a link leads to; '' when `path` is no link."""
    real = os.path.realpath(path)
    for root in roots:
        base = os.path.realpath(root).rstrip(os.sep) + os.sep
        if real.startswith(base):
            inner = real[len(base) :].replace(os.sep, "/")
            own = os.path.relpath(path, root).replace(os.sep, "/")
            return inner if inner != own else ""
    return ""


# Keys of pyproject.toml that name code or programs which build tools, test runners and editors run.
_TOOL_KEYS = (
    "build-system", "project.entry-points", "tool.pytest.ini_options.addopts",
    "tool.pytest.ini_options.pythonpath", "tool.pytest.ini_options.plugins", "tool.mypy.plugins",
    "tool.pylint", "tool.hatch.build.hooks", "tool.hatch.envs", "tool.setuptools.cmdclass",
    "tool.pdm.scripts", "tool.poe", "tool.taskipy", "tool.poetry.build", "tool.poetry.plugins",
    "tool.cibuildwheel", "tool.coverage.run.plugins", "tool.uv.sources", "tool.uv.index",
    "tool.poetry.source", "tool.pdm.source",
)  # fmt: skip


def _changes_tools(change: SourceChange, path: str, text_of: Callable[[str], SourceText]) -> str:
    """Why a change of a settings file that also holds harmless things needs consent, or ''."""
    if os.path.basename(path).lower() != "pyproject.toml":
        return ""
    import tomllib

    try:
        text = change.apply(text_of).get(path)
        new = tomllib.loads(text.string) if text is not None else {}
    except (TreewrightError, ValueError):
        return "cannot be read afterwards"
    try:
        old = tomllib.loads(text_of(path).string)
    except (TreewrightError, ValueError):
        old = {}
    for key in _TOOL_KEYS:
        if _at(new, key) != _at(old, key) and _at(new, key) is not None:
            return f"changes [{key}], which names what tools run"
    return ""


def _at(table: object, key: str) -> object:
    for part in key.split("."):
        if not isinstance(table, dict):
            return None
        table = cast("dict[str, object]", table).get(part)
    return table


def _inside(path: str, roots: Collection[str]) -> bool:
    real = os.path.realpath(path)
    return any(real.startswith(os.path.realpath(root).rstrip(os.sep) + os.sep) for root in roots)


def _old_text(text_of: Callable[[str], SourceText], path: str, span: tuple[int, int]) -> str:
    try:
        return text_of(path).data[span[0] : span[1]].decode("utf-8", "replace")
    except TreewrightError:
        return ""


def _mass(change: SourceChange, text_of: Callable[[str], SourceText]) -> list[Concern]:
    found: list[Concern] = []
    paths = sorted(change.paths())
    if len(paths) > MAX_FILES:
        found.append(Concern(paths[0], FILE, f"{len(paths)} files are changed at once", True))
    for file in change.files:
        try:
            text = text_of(file.path)
        except TreewrightError:
            continue
        removed = sum(text.data[e.span[0] : e.span[1]].count(b"\n") for e in file.edits)
        added = sum(e.new_text.count("\n") for e in file.edits)
        gone = sum(e.span[1] - e.span[0] for e in file.edits)
        left = len(text.data) - gone + sum(len(e.new_text) for e in file.edits)
        if text.data.strip() and left <= 1:
            found.append(Concern(file.path, FILE, "the file is emptied", True))
        elif removed - added > MAX_DELETED_LINES:
            found.append(Concern(file.path, FILE, f"{removed - added} lines are deleted", True))
    return found


def _of_text(path: str, hunk: int, new: str, old: str) -> list[Concern]:
    found: list[Concern] = []
    if has_hidden(new) and not has_hidden(old):
        found.append(Concern(path, hunk, "adds invisible or direction-changing characters", True))
    known = {old[s.start : s.end] for s in find_secrets(old)}
    if any(new[s.start : s.end] not in known for s in find_secrets(new) if s.kind != "random text"):
        found.append(Concern(path, hunk, "adds what looks like a secret", True))
    for pattern, what in _RISKY:
        if len(pattern.findall(new)) > len(pattern.findall(old)):
            found.append(Concern(path, hunk, f"adds code that {what}", False))
    return found
