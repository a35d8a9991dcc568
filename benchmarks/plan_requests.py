"""Refactoring requests in a user's words on real packages: `treewright task` gets the sentence.

No plan is written for these: a rule has to understand the sentence and an operation to do it. They
were written before any of them was run, on packages that no other request uses.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Request:
    package: str
    text: str
    plan: tuple[tuple[str, dict[str, Any]], ...]
    """Operations with their arguments; none: the text itself is what the command line gets."""
    files: tuple[str, ...]
    """What is changed, relative to the package's folder; nothing else may be."""
    lines: str
    """Each changed line, without blanks around it, matches this somewhere (empty: any)."""
    has: tuple[tuple[str, str], ...] = ()
    gone: str = ""
    """A pattern that stands nowhere in the Python files afterwards."""
    tests: tuple[str, ...] = ()


IN_WORDS = (
    Request(
        "itsdangerous-2.2.0", "rename want_bytes to as_bytes everywhere", (),
        ("src/itsdangerous/__init__.py", "src/itsdangerous/encoding.py", "src/itsdangerous/serializer.py",
         "src/itsdangerous/signer.py", "src/itsdangerous/timed.py", "tests/test_itsdangerous/test_encoding.py"),
        r"want_bytes|as_bytes", gone=r"(?<![\w.])want_bytes\(", tests=("tests",),
    ),
    Request(
        "itsdangerous-2.2.0", "move base64_encode and base64_decode to src/itsdangerous/base64url.py", (),
        ("src/itsdangerous/__init__.py", "src/itsdangerous/base64url.py", "src/itsdangerous/encoding.py", "src/itsdangerous/signer.py",
         "src/itsdangerous/timed.py", "src/itsdangerous/url_safe.py", "tests/test_itsdangerous/test_encoding.py"), "",
        has=(("src/itsdangerous/base64url.py", "def base64_encode("), ("src/itsdangerous/url_safe.py", "from .base64url import base64_decode")),
        tests=("tests",),
    ),
    Request(
        "itsdangerous-2.2.0", "make get_timestamp of class TimestampSigner private", (),
        ("src/itsdangerous/timed.py", "tests/test_itsdangerous/test_timed.py"), r"get_timestamp", gone=r"self\.get_timestamp\(", tests=("tests",),
    ),
    Request(
        "humanize-4.17.0", "rename _abs_timedelta to _absolute", (),
        ("src/humanize/time.py", "tests/test_time.py"), r"_abs_timedelta|_absolute", gone=r"_abs_timedelta\b", tests=("tests/test_time.py",),
    ),
    Request(
        "humanize-4.17.0", "in src/humanize/filesize.py add a keyword parameter separator: str = ' ' to naturalsize", (),
        ("src/humanize/filesize.py",), r"separator|naturalsize|^\)|gnu|format|value|binary", has=(("src/humanize/filesize.py", "separator: str = "),), tests=("tests/test_filesize.py",),
    ),
    Request(
        "jsonpointer-3.12", "rename EndOfList to PastTheEnd", (),
        ("jsonpointer.py", "tests.py"), r"EndOfList|PastTheEnd", gone=r"\bEndOfList\b(?!\")", tests=("tests.py",),
    ),
    Request(
        "jsonpointer-3.12", "convert str.format calls to f-strings in jsonpointer.py", (),
        ("jsonpointer.py",), r"format|f[\"']|[\"')]", gone="", tests=("tests.py",),
    ),
    Request(
        "jsonpointer-3.12", "inline the function escape", (),
        ("jsonpointer.py",), r"escape|replace|^$", gone=r"^def escape", tests=("tests.py",),
    ),
    Request(
        "schema-0.7.8", "rename SchemaForbiddenKeyError to ForbiddenKeyError in the whole repo", (),
        ("schema/__init__.py", "test_schema.py"), r"ForbiddenKeyError", gone=r"SchemaForbiddenKeyError\b(?!\")", tests=("test_schema.py",),
    ),
    Request(
        "packaging-26.4", "move class InvalidMarker from packaging.markers to src/packaging/marker_errors.py", (),
        ("src/packaging/marker_errors.py", "src/packaging/markers.py", "tests/test_markers.py", "tests/test_pickle_compat.py"), "",
        has=(("src/packaging/marker_errors.py", "class InvalidMarker"),), tests=("tests/test_utils.py",),
    ),
    Request(
        "packaging-26.4", "rename the parameter strip_trailing_zero of canonicalize_version to strip_zeros", (),
        ("src/packaging/utils.py", "src/packaging/specifiers.py", "tests/test_utils.py"), r"strip_trailing_zero|strip_zeros", gone=r"strip_trailing_zero\s*=(?!=)", tests=("tests/test_utils.py",),
    ),
    Request(
        "marshmallow-4.4.0", "rename is_collection in marshmallow.utils to is_iterable_collection", (),
        ("src/marshmallow/fields.py", "src/marshmallow/schema.py", "src/marshmallow/utils.py", "tests/test_utils.py", "src/marshmallow/validate.py"),
        r"is_collection|is_iterable_collection", gone=r"utils\.is_collection\(", tests=("tests/test_utils.py",),
    ),
    Request(
        "marshmallow-4.4.0", "swap the order of the parameters key and obj of get_value in src/marshmallow/utils.py", (),
        ("src/marshmallow/utils.py", "src/marshmallow/schema.py", "src/marshmallow/fields.py", "tests/test_utils.py", "tests/test_schema.py", "tests/test_fields.py"),
        r"get_value|obj|key|default", tests=("tests/test_utils.py",),
    ),
    Request(
        "voluptuous-0.16.0", "rename class ExactSequence to FixedSequence everywhere", (),
        ("voluptuous/tests/tests.py", "voluptuous/validators.py"), r"ExactSequence|FixedSequence", gone=r"(?<![\"'.])\bExactSequence\(", tests=("voluptuous/tests/tests.py",),
    ),
    Request(
        "sortedcontainers-2.4.0", "rename the method bisect_left of SortedList to left_of", (),
        ("sortedcontainers/sortedlist.py", "sortedcontainers/sortedset.py", "sortedcontainers/sorteddict.py"), r"bisect_left|left_of",
    ),
    Request(
        "natsort-8.4.0", "rename module natsort/unicode_numbers.py to natsort/numeric_chars.py", (),
        ("*",), r"unicode_numbers|numeric_chars", gone=r"from natsort\.unicode_numbers import", tests=("tests/test_unicode_numbers.py",),
    ),
    Request(
        "inflection-0.5.1", "make the parameter uppercase_first_letter of camelize keyword-only", (),
        ("inflection/__init__.py", "test_inflection.py"), r"camelize", has=(("inflection/__init__.py", "*, uppercase_first_letter"),), tests=("test_inflection.py",),
    ),
)  # fmt: skip
