"""What becomes of one library's names in another: facts about both, read from their documentation.

A name that stands in no table is not known to have a counterpart: the place is listed, never guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Library:
    """How to replace `old` by `new`. Dotted names start with the module."""

    old: str
    new: str
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    """Dotted name of the old library -> of the new one, or of the standard library."""
    by_hand: Mapping[str, str] = field(default_factory=dict[str, str])
    """Dotted name -> why it has no counterpart."""
    requirement: str = ""
    """How the new one stands in a list of dependencies; '' for a module of the standard library."""
    mocks: frozenset[str] = frozenset()
    """Test libraries that stand in for the old one."""


_EXCEPTIONS = {
    "RequestException": "HTTPError", "HTTPError": "HTTPStatusError", "ConnectionError": "NetworkError",
    "Timeout": "TimeoutException", "ConnectTimeout": "ConnectTimeout", "ReadTimeout": "ReadTimeout",
    "TooManyRedirects": "TooManyRedirects", "SSLError": "ConnectError", "ProxyError": "ProxyError",
    "InvalidURL": "InvalidURL", "MissingSchema": "UnsupportedProtocol", "InvalidSchema": "UnsupportedProtocol",
    "ChunkedEncodingError": "RemoteProtocolError", "ContentDecodingError": "DecodingError",
    "StreamConsumedError": "StreamConsumed",
}  # fmt: skip
_TOP_LEVEL = (
    "RequestException", "HTTPError", "ConnectionError", "Timeout", "ConnectTimeout", "ReadTimeout",
    "TooManyRedirects",
)  # fmt: skip
VERBS = frozenset({"get", "options", "head", "post", "put", "patch", "delete", "request"})

REQUESTS_TO_HTTPX = Library(
    old="requests",
    new="httpx",
    names={
        **{f"requests.{verb}": f"httpx.{verb}" for verb in VERBS},
        **{f"requests.{name}": f"httpx.{_EXCEPTIONS[name]}" for name in _TOP_LEVEL},
        **{f"requests.exceptions.{name}": f"httpx.{new}" for name, new in _EXCEPTIONS.items()},
        "requests.exceptions.JSONDecodeError": "ValueError",
        "requests.JSONDecodeError": "ValueError",
        "requests.Session": "httpx.Client",
        "requests.session": "httpx.Client",
        "requests.sessions.Session": "httpx.Client",
        "requests.Response": "httpx.Response",
        "requests.models.Response": "httpx.Response",
        "requests.Request": "httpx.Request",
        "requests.auth.HTTPBasicAuth": "httpx.BasicAuth",
        "requests.auth.HTTPDigestAuth": "httpx.DigestAuth",
        "requests.codes": "httpx.codes",
    },
    by_hand={
        "requests.PreparedRequest": "a request is built by `client.build_request`",
        "requests.adapters": "transports of httpx take the place of adapters",
        "requests.auth.AuthBase": "`httpx.Auth` yields requests in `auth_flow`",
        "requests.structures.CaseInsensitiveDict": "`httpx.Headers` holds headers alone",
        "requests.utils": "httpx has no such helpers",
        "requests.packages": "httpx does not stand on urllib3",
        "requests.hooks": "`event_hooks` of a client take their place",
    },
    requirement="httpx>=0.28",
    mocks=frozenset({"responses", "requests_mock", "requests_toolbelt", "requests_cache"}),
)

# Attributes of an answer: the new name, or None for what the engine rewrites itself.
ANSWER_NAMES: Mapping[str, str] = {
    "reason": "reason_phrase",
    "iter_content": "iter_bytes",
    "next": "next_request",
    "is_redirect": "has_redirect_location",
}
ANSWER_BY_HAND: Mapping[str, str] = {
    "raw": "httpx reads answers with `iter_raw`",
    "apparent_encoding": "httpx guesses no encoding unless `default_encoding` does",
    "is_permanent_redirect": "ask `status_code`",
    "connection": "httpx shows no connection",
}
ANSWER_KEYWORDS: Mapping[str, Mapping[str, str]] = {
    "iter_bytes": {"decode_unicode": "`iter_text` decodes"},
    "iter_lines": {"decode_unicode": "lines are text in httpx", "chunk_size": "httpx chooses the size", "delimiter": "httpx splits at line breaks alone"},
}  # fmt: skip
CLIENT_BY_HAND: Mapping[str, str] = {
    "mount": "transports go into `httpx.Client(mounts=…)`",
    "get_adapter": "transports of httpx take the place of adapters",
    "adapters": "transports of httpx take the place of adapters",
    "verify": "goes into `httpx.Client(verify=…)`",
    "cert": "goes into `httpx.Client(cert=…)`",
    "proxies": "goes into `httpx.Client(proxy=…)` or `mounts=`",
    "stream": "each call says whether it streams: `client.stream(…)`",
    "hooks": "goes into `httpx.Client(event_hooks=…)`",
    "trust_env": "goes into `httpx.Client(trust_env=…)`",
    "send": "takes a request of `client.build_request`",
    "prepare_request": "`client.build_request` takes its place",
    "merge_environment_settings": "httpx does so itself",
}


def _same(old: str, new: str, *names: str) -> dict[str, str]:
    return {f"{old}.{name}": f"{new}.{name}" for name in names}


_JSON = ("load", "loads", "dump", "dumps", "JSONDecodeError", "JSONEncoder", "JSONDecoder")
_MOCK = (
    "Mock", "MagicMock", "AsyncMock", "NonCallableMock", "NonCallableMagicMock", "PropertyMock", "patch",
    "call", "sentinel", "ANY", "DEFAULT", "create_autospec", "mock_open", "seal",
)  # fmt: skip

LIBRARIES: tuple[Library, ...] = (
    REQUESTS_TO_HTTPX,
    Library("simplejson", "json", _same("simplejson", "json", *_JSON)),
    Library("mock", "unittest.mock", _same("mock", "unittest.mock", *_MOCK)),
    Library(
        "toml", "tomllib",
        {"toml.loads": "tomllib.loads", "toml.TomlDecodeError": "tomllib.TOMLDecodeError"},
        {
            "toml.load": "`tomllib.load` takes a file that is open for bytes, and no path",
            "toml.dump": "`tomllib` does not write", "toml.dumps": "`tomllib` does not write",
        },
    ),
    Library("tomli", "tomllib", _same("tomli", "tomllib", "load", "loads", "TOMLDecodeError")),
    Library(
        "pytz", "zoneinfo",
        {
            "pytz.timezone": "zoneinfo.ZoneInfo", "pytz.utc": "datetime.timezone.utc", "pytz.UTC": "datetime.timezone.utc",
            "pytz.UnknownTimeZoneError": "zoneinfo.ZoneInfoNotFoundError",
            "pytz.exceptions.UnknownTimeZoneError": "zoneinfo.ZoneInfoNotFoundError",
        },
        {
            "pytz.all_timezones": "`zoneinfo.available_timezones()` is a set",
            "pytz.common_timezones": "zoneinfo has no such list", "pytz.country_timezones": "zoneinfo knows no countries",
            "pytz.FixedOffset": "`datetime.timezone(timedelta(minutes=…))` takes its place",
        },
    ),
    Library(
        "backports.zoneinfo", "zoneinfo",
        _same("backports.zoneinfo", "zoneinfo", "ZoneInfo", "ZoneInfoNotFoundError", "available_timezones"),
    ),
    Library("unittest2", "unittest", _same("unittest2", "unittest", "TestCase", "TestSuite", "TestLoader", "TextTestRunner", "main", "skip", "skipIf", "skipUnless", "expectedFailure")),
)  # fmt: skip


def library(old: str, new: str) -> Library | None:
    return next((row for row in LIBRARIES if (row.old, row.new) == (old, new)), None)
