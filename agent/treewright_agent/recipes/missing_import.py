"""Missing import: offer the imports that would define an undefined name, likeliest first.

    return json$0.dumps(Path("x"))
    ->
    import json
    …
    return json.dumps(Path("x"))

Candidates are how other files of the workspace import this very name, definitions and
re-exports in the workspace, its modules, the standard library, and well-known aliases.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple, TypedDict, cast

from treewright_agent.calls import Call
from treewright_agent.recipes import stdlib
from treewright_agent.recipes.model import Offer, Recipe, RecipeContext
from treewright_agent.recipes.places import identifier_at
from treewright_agent.recipes.wordings import Problem, understand
from treewright_indexer.errors import TreewrightError
from treewright_indexer.graph.imports import module_name
from treewright_indexer.model import FileFacts, Import, Role
from treewright_indexer.snapshot import Snapshot

MAX_OFFERS = 5
_MAX_IMPORTING_FILES = 300
_MAX_DEFINITIONS = 60

# Scores only order candidates; a lead of `_CLEARLY` makes the first one preferred.
_USED, _PER_USE, _MAX_USES = 1000, 20, 40
_SAME_PACKAGE, _WORKSPACE, _STANDARD, _ALIAS, _OTHER = 700, 600, 500, 480, 420
_OBSCURE, _PRIVATE, _TESTS, _CIRCULAR, _PER_DOT = -150, -250, -250, -300, -4
_FITS, _MAY_FIT, _BARE_MODULE, _LACKS_ATTRIBUTE = 100, 60, -150, -250
_CLEARLY, _GOOD_ENOUGH = 80, 380

_IMPORTED = frozenset({Role.IMPORT, Role.WRITE, Role.DEFINITION})
_NESTED_KINDS = frozenset({"method", "constructor", "property", "field", "enum_member", "module"})


class Candidate(NamedTuple):
    """`from module import name as alias`, or `import module as alias` without a name.

    `alias` is '' when the import binds its own last part.
    """

    module: str
    name: str
    alias: str


class Use(NamedTuple):
    """The undefined name as it stands in the file."""

    name: str
    attribute: str
    """What follows behind a dot, or ''."""
    dotted: str
    """The whole chain: `os.path.join`."""


class _Place(NamedTuple):
    """The file that lacks the import."""

    snapshot: Snapshot
    path: str
    module: str
    facts: FileFacts

    @property
    def package(self) -> list[str]:
        parts = self.module.split(".") if self.module else []
        return parts if _is_package(self.path) else parts[:-1]


def _offer(ctx: RecipeContext) -> list[Offer]:
    language = ctx.snapshot.language(ctx.path)
    if language is None or language.id != "python":
        return []
    text = ctx.snapshot.text(ctx.path)
    facts = ctx.snapshot.facts(ctx.path)
    place = _Place(ctx.snapshot, ctx.path, module_name(ctx.snapshot, ctx.path) or "", facts)
    offers: list[Offer] = []
    for diagnostic in ctx.diagnostics:
        ctx.token.check()
        match = understand(diagnostic)
        if match is None or match.problem not in (
            Problem.UNDEFINED_NAME,
            Problem.MAYBE_UNDEFINED_NAME,
        ):
            continue
        span = identifier_at(text, diagnostic, match.name)
        if span is None:
            continue
        chain = re.compile(rb"[\w\x80-\xff]+(?:\.[\w\x80-\xff]+)*").match(text.data, span.start)
        dotted = chain.group().decode("utf-8", "replace") if chain else text.slice(span)
        name, _, rest = dotted.partition(".")
        if name in facts.scopes[0].bindings:  # bound since the tool looked
            continue
        ranked = _ranked(place, Use(name, rest.partition(".")[0], dotted), ctx)
        certain = match.problem is Problem.UNDEFINED_NAME and _is_clear(ranked, name)
        offers += [
            Offer(
                title=_title(spelled),
                kind="quickfix",
                calls=(_call(ctx.path, spelled),),
                diagnostic=diagnostic,
                preferred=certain and index == 0,
            )
            for index, (_, candidate) in enumerate(ranked[:MAX_OFFERS])
            for spelled in (_in_the_files_style(place, candidate),)
        ]
    return offers


def _call(path: str, candidate: Candidate) -> Call:
    arguments = {"path": path, "module": candidate.module}
    if candidate.name:
        arguments["name"] = candidate.name
    if candidate.alias:
        arguments["alias"] = candidate.alias
    return Call("add_import", arguments)


def _title(candidate: Candidate) -> str:
    alias = f" as `{candidate.alias}`" if candidate.alias else ""
    if candidate.name:
        return f"Import `{candidate.name}`{alias} from `{candidate.module}`"
    return f"Import `{candidate.module}`{alias}"


def _is_clear(ranked: list[tuple[int, Candidate]], name: str) -> bool:
    if not ranked or ranked[0][0] < _GOOD_ENOUGH or (len(name) < 3 and ranked[0][0] < _ALIAS):
        return False
    return len(ranked) == 1 or ranked[0][0] - ranked[1][0] >= _CLEARLY


# -------------------------------------------------------------------- ranking


def _ranked(place: _Place, use: Use, ctx: RecipeContext) -> list[tuple[int, Candidate]]:
    """(score, candidate), best first; never the file itself."""
    used, reexports = _imports_elsewhere(place, use, ctx)
    scores: dict[Candidate, int] = {}

    def add(candidate: Candidate, score: int) -> None:
        if not _is_self(place, candidate):
            scores[candidate] = max(score, scores.get(candidate, score))

    for candidate, score in _definitions(place, use, reexports, used):
        add(candidate, score)
    for candidate, score in _workspace_modules(place, use):
        add(candidate, score)
    for candidate, score in _standard(use):
        add(candidate, score)
    for candidate, score in _well_known(use):
        add(candidate, score)
    for candidate, count in used.items():
        add(candidate, _used_score(count) + _PER_DOT * candidate.module.count("."))
    for candidate in scores:
        scores[candidate] += _blemishes(place, candidate)
    return sorted(
        ((score, candidate) for candidate, score in scores.items()),
        key=lambda row: (-row[0], row[1].module.count("."), row[1]),
    )


def _used_score(count: int) -> int:
    return _USED + _PER_USE * min(count, _MAX_USES)


def _blemishes(place: _Place, candidate: Candidate) -> int:
    parts = candidate.module.split(".")
    own = bool(place.package) and parts[: len(place.package)] == place.package
    score = 0
    if not own and any(part.startswith("_") for part in (*parts, candidate.name)):
        score += _PRIVATE
    if _is_test_module(parts) and not _is_test_module(place.module.split(".")):
        score += _TESTS
    return score


def _is_test_module(parts: list[str]) -> bool:
    return parts[-1].startswith("test_") or any(p in ("tests", "test", "conftest") for p in parts)


def _is_self(place: _Place, candidate: Candidate) -> bool:
    if not place.module:
        return False
    whole = f"{candidate.module}.{candidate.name}" if candidate.name else candidate.module
    return place.module in (whole, candidate.module)


def _fit(use: Use, exports: bool | None) -> int:
    """How well a module fits the way the name is used; `exports`: it has the attribute."""
    if not use.attribute:
        return _BARE_MODULE
    return _MAY_FIT if exports is None else _FITS if exports else _LACKS_ATTRIBUTE


# -------------------------------------------------------------------- sources of candidates


def _imports_elsewhere(
    place: _Place, use: Use, ctx: RecipeContext
) -> tuple[Counter[Candidate], dict[str, set[str]]]:
    """How other files import the name: the count per candidate, and the packages that
    re-export it, each with the modules it takes it from."""
    importing = [
        path
        for path, references in place.snapshot.uses(use.name)
        if path != place.path
        and path.endswith((".py", ".pyi"))
        and any(reference.role in _IMPORTED for reference in references)
    ]
    # By characters, not components: `views_admin.py` is nearer to `views.py` than `urls.py`.
    importing.sort(key=lambda path: (-len(os.path.commonprefix((path, place.path))), path))  # noqa: RUF071
    used: Counter[Candidate] = Counter()
    reexports: dict[str, set[str]] = {}
    for path in importing[:_MAX_IMPORTING_FILES]:
        ctx.token.check()
        try:
            imports = place.snapshot.facts(path).imports
        except TreewrightError:
            continue
        own = module_name(place.snapshot, path) or ""
        for item in imports:
            if item.alias != use.name:
                continue
            module = absolute_module(own, _is_package(path), item)
            if not module:
                continue
            candidate = _as_candidate(item, module, use)
            if _is_package(path) and own and module.startswith(f"{own}."):
                reexports.setdefault(own, set()).add(module)
            else:
                used[candidate] += 1
    return used, reexports


def _as_candidate(item: Import, module: str, use: Use) -> Candidate:
    if item.name:
        return Candidate(module, item.name, "" if item.name == item.alias else item.alias)
    if item.alias == module:
        return Candidate(module, "", "")
    if module.split(".")[0] == item.alias:  # `import a.b` binds `a`
        needed = use.dotted == module or use.dotted.startswith(f"{module}.")
        return Candidate(module if needed else item.alias, "", "")
    return Candidate(module, "", item.alias)


def absolute_module(own: str, is_package: bool, item: Import) -> str:
    """The dotted module of an import in module `own`; '' when it leaves the package root."""
    if not item.level:
        return item.module
    parts = own.split(".") if own else []
    drop = item.level - 1 if is_package else item.level
    if drop > len(parts):
        return ""
    kept = parts[: len(parts) - drop]
    return ".".join((*kept, item.module) if item.module else kept)


def _definitions(
    place: _Place, use: Use, reexports: dict[str, set[str]], used: Counter[Candidate]
) -> Iterator[tuple[Candidate, int]]:
    """Top-level definitions in the workspace, each by its most usual or shortest public path."""
    hits = [
        hit
        for hit in place.snapshot.symbols_named(use.name)
        if not hit.container
        and hit.kind not in _NESTED_KINDS
        and hit.path != place.path
        and hit.path.endswith((".py", ".pyi"))
    ]
    seen: set[str] = set()
    for hit in hits[:_MAX_DEFINITIONS]:
        module = module_name(place.snapshot, hit.path)
        if not module or module in seen:
            continue
        seen.add(module)
        paths = [module, *_public_paths(place, use.name, module, hit.path, reexports)]
        chosen = min(
            paths,
            key=lambda path: (
                -used[Candidate(path, use.name, "")],
                _would_circle(place, path),
                any(part.startswith("_") for part in path.split(".")),
                path.count("."),
                path,
            ),
        )
        score = _SAME_PACKAGE if _same_package(place, module) else _WORKSPACE
        if _imports_module(place, hit.path):
            score += _CIRCULAR
        candidate = Candidate(chosen, use.name, "")
        if used[candidate]:
            score += _used_score(used[candidate])
        yield candidate, score + _PER_DOT * chosen.count(".")
        for other in paths:  # the same thing by another path is no second offer
            if other != chosen:
                used.pop(Candidate(other, use.name, ""), None)


def _public_paths(
    place: _Place, name: str, module: str, path: str, reexports: dict[str, set[str]]
) -> Iterator[str]:
    """Packages above `module` whose `__init__` exports `name`."""
    parts = module.split(".")
    folder = path if not _is_package(path) else os.path.dirname(path)
    known = {module}
    for length in range(len(parts) - 1, 0, -1):
        package = ".".join(parts[:length])
        folder = os.path.dirname(folder)
        sources = reexports.get(package, set())
        if sources & known or (not sources and _star_exports(place, folder, package, name, known)):
            known.add(package)
            yield package


def _star_exports(place: _Place, folder: str, package: str, name: str, known: set[str]) -> bool:
    init = os.path.join(folder, "__init__.py")
    if name.startswith("_") or not place.snapshot.exists(init):
        return False
    try:
        imports = place.snapshot.facts(init).imports
    except TreewrightError:
        return False
    return any(
        item.name == "*" and absolute_module(package, True, item) in known for item in imports
    )


def _workspace_modules(place: _Place, use: Use) -> Iterator[tuple[Candidate, int]]:
    tails = tuple(f"{os.sep}{use.name}{tail}" for tail in (".py", f"{os.sep}__init__.py"))
    for path in place.snapshot.files():
        if not path.endswith(tails) or path == place.path:
            continue
        module = module_name(place.snapshot, path)
        if not module or module.rpartition(".")[2] != use.name:
            continue
        try:
            exports = use.attribute in place.snapshot.facts(path).scopes[0].bindings
        except TreewrightError:
            continue
        package, _, name = module.rpartition(".")
        score = _SAME_PACKAGE if _same_package(place, module) else _WORKSPACE
        score += _fit(use, exports) + _PER_DOT * module.count(".")
        yield (Candidate(package, name, "") if package else Candidate(module, "", "")), score


def _standard(use: Use) -> Iterator[tuple[Candidate, int]]:
    modules = stdlib.modules_exporting(use.name)
    for place, module in enumerate(modules):
        score = _STANDARD - stdlib.place_of(module)
        if not stdlib.is_well_known(module):
            score += _OBSCURE
        if module == "typing" and "collections.abc" in modules:
            score -= _CLEARLY  # deprecated aliases
        yield Candidate(module, use.name, ""), score - place
    if stdlib.is_module(use.name):
        exports = stdlib.exports(use.name, use.attribute)
        score = _STANDARD if stdlib.is_well_known(use.name) else _STANDARD + _OBSCURE
        yield Candidate(use.name, "", ""), score + _fit(use, exports)


def _well_known(use: Use) -> Iterator[tuple[Candidate, int]]:
    known = _known()
    if module := known["aliases"].get(use.name):
        yield Candidate(module, "", use.name), _ALIAS
    for module, name in known["members"].get(use.name, ()):
        yield Candidate(module, name, ""), _OTHER
    if use.name in known["modules"]:
        yield Candidate(use.name, "", ""), _OTHER + _fit(use, None)


class _Known(TypedDict):
    """`data/well_known.json`: names by which everybody knows what is no standard library."""

    aliases: dict[str, str]
    members: dict[str, list[tuple[str, str]]]
    modules: list[str]


@cache
def _known() -> _Known:
    resource = files("treewright_agent.recipes").joinpath("data", "well_known.json")
    return cast(_Known, json.loads(resource.read_text("utf-8")))


# -------------------------------------------------------------------- the file's own place


def _is_package(path: str) -> bool:
    return os.path.basename(path).startswith("__init__.")


def _same_package(place: _Place, module: str) -> bool:
    return bool(place.package) and module.split(".")[:-1] == place.package


def _would_circle(place: _Place, path: str) -> bool:
    """A package's `__init__` usually imports the modules below it."""
    return place.module == path or place.module.startswith(f"{path}.")


def _imports_module(place: _Place, path: str) -> bool:
    """True when the file at `path` itself imports the file that lacks the import."""
    if not place.module:
        return False
    own = module_name(place.snapshot, path) or ""
    try:
        imports = place.snapshot.facts(path).imports
    except TreewrightError:
        return False
    for item in imports:
        module = absolute_module(own, _is_package(path), item)
        if place.module in (module, f"{module}.{item.name}"):
            return True
    return False


def _in_the_files_style(place: _Place, candidate: Candidate) -> Candidate:
    """`from .sibling import x` where the file imports its own package that way."""
    package = place.package
    if not package or not candidate.name:
        return candidate
    relative = [item for item in place.facts.imports if item.level]
    absolute = [
        item
        for item in place.facts.imports
        if not item.level and item.module.split(".")[0] == package[0]
    ]
    if len(relative) <= len(absolute):
        return candidate
    parts = candidate.module.split(".")
    common = 0
    while common < min(len(parts), len(package)) and parts[common] == package[common]:
        common += 1
    level = len(package) - common + 1
    if not common or level > max(item.level for item in relative):
        return candidate
    return candidate._replace(module="." * level + ".".join(parts[common:]))


MISSING_IMPORT = Recipe(id="missing_import", title="Import the undefined name", offer=_offer)
