"""Which standard-library modules export a name, from the data file beside this module.

`python -m treewright_agent.recipes.stdlib` writes `data/stdlib_names.json` anew from the
public names of the running Python's standard library; the file says which Python that was.
A name's modules stand in the order a reader would expect: well-known ones first.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import sys
import warnings
from functools import cache
from importlib.resources import files
from pathlib import Path
from types import ModuleType

# Best first; a name that several modules export is most often wanted from the earlier one.
_WELL_KNOWN = """
    collections.abc typing collections dataclasses pathlib functools itertools os os.path sys
    re json datetime time math enum abc logging contextlib copy operator random string textwrap
    subprocess shutil tempfile io threading queue asyncio concurrent.futures multiprocessing
    unittest unittest.mock types inspect decimal fractions statistics hashlib hmac secrets uuid
    base64 struct csv argparse glob fnmatch pickle sqlite3 socket ssl urllib.parse
    urllib.request urllib.error http http.client http.server email.message
    xml.etree.ElementTree html traceback warnings weakref bisect heapq array calendar zoneinfo
    locale signal select selectors platform getpass gettext zipfile tarfile gzip zlib bz2 lzma
    configparser tomllib importlib importlib.metadata importlib.resources importlib.util pkgutil
    ast dis tokenize token keyword code codecs unicodedata stat errno ctypes mmap pprint reprlib
    timeit cProfile pstats tracemalloc gc atexit contextvars graphlib difflib cmath numbers
    ipaddress mimetypes webbrowser smtplib ftplib socketserver shlex cmd curses readline
""".split()

# Not for import by name: the interpreter's own tests and tools, easter eggs, aliases that
# exist per platform, and modules gone from the newest Python.
_LEFT_OUT = frozenset(
    """
    antigravity distutils idlelib lib2to3 ntpath nturl2path posixpath test this turtledemo
    ensurepip sre_compile sre_constants sre_parse pydoc_data asynchat asyncore imp smtpd
    nt posix
    """.split()
)


@cache
def _data() -> dict[str, list[str]]:
    resource = files("treewright_agent.recipes").joinpath("data", "stdlib_names.json")
    loaded: dict[str, list[str]] = json.loads(resource.read_text("utf-8"))["names"]
    return loaded


@cache
def _places() -> dict[str, int]:
    return {module: place for place, module in enumerate(_WELL_KNOWN)}


def modules_exporting(name: str) -> list[str]:
    """Standard-library modules with the public name, the most usual first."""
    exporting = _data().get(name, ())
    return [m for m in exporting if m.partition(".")[0] in sys.stdlib_module_names]


def exports(module: str, name: str) -> bool:
    """True when `module` has the public name, or a submodule of that name."""
    return module in _data().get(name, ()) or f"{module}.{name}" in _modules()


@cache
def names_in(module: str) -> frozenset[str]:
    """The public names of a standard-library module; none for another one."""
    return frozenset(name for name, modules in _data().items() if module in modules)


@cache
def _modules() -> frozenset[str]:
    return frozenset(module for modules in _data().values() for module in modules)


def place_of(module: str) -> int:
    """0 for the module that readers expect first; every other module comes last."""
    return _places().get(module, len(_WELL_KNOWN))


def is_module(name: str) -> bool:
    """True for a public top-level module of the standard library."""
    return name in sys.stdlib_module_names and name[0] != "_" and name not in _LEFT_OUT


def is_well_known(module: str) -> bool:
    return module in _places()


def _order(module: str) -> tuple[int, int, str]:
    return _places().get(module, len(_WELL_KNOWN)), module.count("."), module


def _standard_modules() -> list[str]:
    found: list[str] = []
    for top in sorted(sys.stdlib_module_names):
        if not is_module(top):
            continue
        found.append(top)
        try:
            package = importlib.import_module(top)
        except Exception:  # a module of another platform, or one built without its library
            continue
        for info in pkgutil.iter_modules(getattr(package, "__path__", ())):
            if not info.name.startswith("_") and info.name not in ("test", "tests"):
                found.append(f"{top}.{info.name}")
    found += ["os.path", "unittest.mock", "xml.etree.ElementTree", "email.mime.text"]
    found += ["email.mime.multipart", "email.mime.base", "importlib.metadata"]
    return sorted(set(found))


def _public_names(name: str, module: ModuleType) -> list[str]:
    declared = getattr(module, "__all__", None)
    if declared is not None:
        return [n for n in declared if not n.startswith("_") and hasattr(module, n)]
    names: list[str] = []
    for attribute, value in vars(module).items():
        if attribute.startswith("_") or isinstance(value, ModuleType):
            continue
        origin = getattr(value, "__module__", None)
        if inspect.isclass(value) or callable(value):
            # Imported helpers belong to the module they come from.
            if origin not in (None, name, f"_{name}", "builtins"):
                continue
        elif not isinstance(value, (int, float, str, bytes, tuple, frozenset)) and not is_module(
            name
        ):
            continue
        names.append(attribute)
    return names


def collect() -> dict[str, list[str]]:
    """Public name -> modules of the running Python's standard library that export it."""
    exported: dict[str, list[str]] = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in _standard_modules():
            if name.endswith("__main__"):
                continue
            try:
                module = importlib.import_module(name)
            except BaseException:  # platform modules raise more than ImportError
                continue
            package = sys.modules.get(name.rpartition(".")[0])
            for public in _public_names(name, module):
                # What the package exports itself is imported from the package.
                if vars(package or object).get(public) is not vars(module).get(public, module):
                    exported.setdefault(public, []).append(name)
    return {name: sorted(exported[name], key=_order) for name in sorted(exported)}


def main() -> None:
    names = collect()
    version = f"{sys.version_info[0]}.{sys.version_info[1]}"
    rows = ",\n".join(f"{json.dumps(name)}: {json.dumps(names[name])}" for name in names)
    text = f'{{"python": "{version}", "names": {{\n{rows}\n}}}}\n'
    (Path(__file__).parent / "data" / "stdlib_names.json").write_text(text, "utf-8")
    print(f"{len(names)} names of Python {version}", file=sys.stderr)


if __name__ == "__main__":
    main()
