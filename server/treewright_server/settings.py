"""Settings: one frozen struct per layer, defaults in the class, built once at the boundary.

Precedence: the client (`workspace/configuration`, then `initializationOptions`) > environment
> `.env` in the first workspace folder > defaults. A key that is unknown or ill typed is named
in a problem for the user, and its default is kept; the other keys stay in force.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, NamedTuple, cast

import msgspec

from treewright_server.features import Switch
from treewright_server.homes import home_folder as home_folder

if TYPE_CHECKING:
    from treewright_indexer.encoders.shelf import ModelSettings
    from treewright_indexer.settings import IndexSettings

Json = Mapping[str, Any]
MAX_DOTENV_CHARACTERS: Final = 1_000_000


class IndexLayer(msgspec.Struct, frozen=True, rename="camel"):
    """What is indexed and where the index lives."""

    max_file_bytes: int = 1_500_000
    """Larger files are skipped, with the reason in `treewright index --json`."""
    exclude: tuple[str, ...] = ()
    """Further patterns in the syntax of `.gitignore`."""
    workers: int | None = None
    """Processes that read files; None takes what the machine has."""
    cache_dir: str | None = None
    """None: the user's cache folder, or `$TREEWRIGHT_HOME`."""
    watch: bool = True
    """See changes made outside the editor."""

    def domain(self) -> IndexSettings:
        """The same as the indexer knows it."""
        from treewright_indexer.settings import IndexSettings

        given = Path(self.cache_dir).expanduser() if self.cache_dir else None
        return IndexSettings(
            max_file_bytes=self.max_file_bytes,
            exclude=self.exclude,
            workers=self.workers,
            cache_dir=given or home_folder("cache"),
            watch=self.watch,
        )


class SearchLayer(msgspec.Struct, frozen=True, rename="camel"):
    """Finding code by meaning. Everything runs on this machine unless `remoteUrl` is set."""

    semantic: bool = True
    """Embed the code behind the index; without it words alone are searched."""
    embedder: str | None = None
    """Path of a model manifest; None takes the model that ships."""
    reranker: str | None = None
    """`treewright-code-rerank` or path of a cross-encoder's manifest; None takes the embedder's own tokens, "none" reorders nothing."""
    device: Literal["auto", "cpu", "cuda", "tensorrt", "coreml", "directml"] = "auto"
    threads: int = 0
    """Processor threads of a model; 0 takes what the machine has."""
    gpu_memory_mb: int = 2048
    remote_url: str | None = None
    """An OpenAI-compatible embeddings endpoint. It is sent your code: needs `remoteConsent`."""
    remote_model: str = ""
    remote_dimensions: int = 0
    remote_key: str | None = None
    remote_consent: bool = False

    def __repr__(self) -> str:
        return f"SearchLayer(semantic={self.semantic}, embedder={self.embedder!r}, …)"

    def domain(self, *, background: bool = False) -> ModelSettings:
        """The same as the indexer knows it; in the `background` embedding gives way."""
        from treewright_indexer.encoders.providers import EncoderSettings
        from treewright_indexer.encoders.shelf import (
            DEFAULT_EMBEDDER,
            DEFAULT_RERANKER,
            ModelSettings,
        )

        remote = None
        if self.remote_url:  # its client loads half of HTTP
            from treewright_indexer.encoders.remote import RemoteSettings

            remote = RemoteSettings(
                self.remote_url,
                self.remote_model,
                self.remote_dimensions,
                self.remote_key or "",
                self.remote_consent,
            )
        run = EncoderSettings(self.device, self.threads, self.gpu_memory_mb, background=background)
        reranker = DEFAULT_RERANKER if self.reranker is None else self.reranker
        if reranker == "none":
            reranker = ""
        return ModelSettings(self.embedder or DEFAULT_EMBEDDER, reranker, remote, run)


class LintLayer(msgspec.Struct, frozen=True, rename="camel"):
    """treewright's own linter run on open Python documents."""

    enable: bool = True
    delay_ms: int = 300
    """Quiet time after the last keystroke before the linter runs."""
    unresolved_import: bool = True
    """Imports from a package of the workspace that has no such module or name."""
    import_cycle: bool = True
    """Imports at the top of a file that lead back to it, as hints."""
    unused_symbol: bool = True
    """Definitions that no file of the workspace names, as hints."""

    def checks(self) -> tuple[str, ...]:
        """The codes of treewright's own checks that are on."""
        switches = {
            "unresolved-import": self.unresolved_import,
            "import-cycle": self.import_cycle,
            "unused-symbol": self.unused_symbol,
        }
        return tuple(code for code, on in switches.items() if on)


class EditsLayer(msgspec.Struct, frozen=True, rename="camel"):
    """How edits are put before the user."""

    confirm: Literal["uncertain", "always", "never"] = "uncertain"
    """Which edits ask for confirmation where the editor can show a preview."""


class FeedbackLayer(msgspec.Struct, frozen=True, rename="camel"):
    """What is kept of proposals and their outcomes. Without `forwardTo` nothing leaves the machine."""

    level: Literal["off", "outcomes", "local"] = "local"
    """`off`: nothing is recorded; `outcomes`: what became of proposals, without any code; `local`: with code, on this machine."""
    workspaces: dict[str, Literal["off", "outcomes", "local"]] = {}
    """A narrower level for a workspace: its folder, or one above it -> level."""
    redact_paths: list[str] = []
    """Patterns of files, as `secrets/*`: of changes to them only the outcome is recorded."""
    redact_names: list[str] = []
    """Words that are taken out of everything before it is recorded."""
    expire_minutes: float = 10.0
    """A proposal that shows no effect within this time counts as expired."""
    forward_to: str = ""
    """`folder:/…`, `https://…`, `s3://…` or `postgresql://…`: where a team collects feedback."""
    forward_code: bool = False
    """Also send code, titles and arguments of what was recorded at level `local`."""
    forward_minutes: float = 10.0


class EndpointLayer(msgspec.Struct, frozen=True, rename="camel"):
    """One model at one address. Keys come from the environment, by the name in `apiKeyEnv`."""

    id: str
    base_url: str
    model: str
    dialect: str = "openai"
    api_key_env: str | None = None
    call_style: Literal["native", "schema", "text"] | None = None
    """None: learned from what it answers."""
    streams: bool = True
    context_tokens: int = 32_768
    max_output_tokens: int = 4_096
    price_in: float = 0.0
    """Per million tokens."""
    price_out: float = 0.0
    quality: int = 1
    first_byte_s: float = 60.0
    stall_s: float = 30.0
    calls_per_minute: int | None = None
    headers: dict[str, str] = {}
    query: dict[str, str] = {}
    share: float = 1.0


class AgentLayer(msgspec.Struct, frozen=True, rename="camel"):
    """Limits of tasks, and the addresses and names of models the user gave."""

    max_iterations: int = 7
    max_tool_calls: int = 100
    max_tokens: int = 400_000
    max_seconds: float = 600.0
    max_cost: float | None = None
    """In the currency of the endpoints' prices; None: no cap."""
    repair_rounds: int = 5
    repair_s: float = 60.0
    """How long the search for a repair without a model may take."""
    plan: Literal["auto", "always", "never"] = "auto"
    require_deterministic: bool = False
    """Rules only; no model is asked."""
    command_timeout_s: float = 20.0
    command_max_output_bytes: int = 20_000
    mcp_server_url: str | None = None
    """A server of the step protocol; None: none is asked."""
    openai_api_key: str | None = None
    openai_base_url: str | None = None
    """Nothing is sent anywhere before an address is named here or in `endpoints`."""
    model: str | None = None
    finetuned_model: str | None = None
    critique_model: str | None = None
    endpoints: tuple[EndpointLayer, ...] = ()
    roles: dict[str, tuple[str, ...]] = {}
    """Role (main, fast, critique, router) to ids of endpoints, best first."""
    prompt_folder: str | None = None
    memory: bool = True
    sandbox_minimum: Literal["landlock", "bubblewrap"] = "landlock"
    """Nothing is run under a weaker sandbox than this; `treewright doctor` says which is active."""
    trusted: bool = True
    """False: the editor does not trust the workspace; nothing is changed or run."""
    ci: bool = False

    def __repr__(self) -> str:
        key = "set" if self.openai_api_key else "not set"
        return f"AgentLayer(max_iterations={self.max_iterations}, openai_api_key={key}, …)"


class FeaturesLayer(msgspec.Struct, frozen=True, rename="camel"):
    """Which requests are answered: `on`, `off`, or `auto`: unless a server beside us is better."""

    beside: tuple[str, ...] = ()
    """Names of the other servers that the editor runs; editor plugins fill it in."""
    call_hierarchy: Switch = "auto"
    code_action: Switch = "auto"
    code_lens: Switch = "auto"
    completion: Switch = "auto"
    declaration: Switch = "auto"
    definition: Switch = "auto"
    diagnostics: Switch = "auto"
    document_highlight: Switch = "auto"
    document_link: Switch = "auto"
    document_symbol: Switch = "auto"
    file_operations: Switch = "auto"
    folding_range: Switch = "auto"
    hover: Switch = "auto"
    implementation: Switch = "auto"
    inlay_hint: Switch = "auto"
    references: Switch = "auto"
    rename: Switch = "auto"
    selection_range: Switch = "auto"
    semantic_tokens: Switch = "auto"
    signature_help: Switch = "auto"
    type_definition: Switch = "auto"
    type_hierarchy: Switch = "auto"
    workspace_symbol: Switch = "auto"

    def switches(self) -> dict[str, Switch]:
        """feature -> its switch, for those that are not `auto`."""
        given: dict[str, Switch] = {}
        for field in msgspec.structs.fields(self):
            value: Any = getattr(self, field.name)
            if field.name != "beside" and value != "auto":
                given[field.encode_name] = value
        return given


class SemanticsLayer(msgspec.Struct, frozen=True, rename="camel"):
    """What is asked where names alone do not decide."""

    python: Literal["auto", "ty", "basedpyright", "pyright", "pyrefly", "zuban", "jedi", "off"] = (
        "auto"
    )
    """Who is asked about types in Python; `auto` is ty, which comes with treewright, then jedi."""
    jedi: bool = True
    """Ask jedi, in a process of its own, when the one above is not installed or does not answer."""
    others: bool = True
    """Ask an installed server (gopls, rust-analyzer, clangd …) about other languages."""


class LogLayer(msgspec.Struct, frozen=True, rename="camel"):
    """What the editor's log panel gets; the file and stderr follow `--log-level`."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    otlp_endpoint: str | None = None
    """Where OpenTelemetry spans of tasks go (OTLP over HTTP); None: nowhere. Names and times, no code."""


class ServerSettings(msgspec.Struct, frozen=True, rename="camel"):
    """Everything a user can set, by layer: `treewright.<layer>.<key>`."""

    index: IndexLayer = IndexLayer()
    search: SearchLayer = SearchLayer()
    lint: LintLayer = LintLayer()
    edits: EditsLayer = EditsLayer()
    feedback: FeedbackLayer = FeedbackLayer()
    agent: AgentLayer = AgentLayer()
    log: LogLayer = LogLayer()
    features: FeaturesLayer = FeaturesLayer()
    semantics: SemanticsLayer = SemanticsLayer()


class Problem(NamedTuple):
    """A setting that was not taken: where it stands and why."""

    key: str
    reason: str

    def __str__(self) -> str:
        return f"setting {self.key}: {self.reason}"


ENVIRONMENT: Final[dict[str, tuple[str, str]]] = {
    "MAX_MCP_ITERATIONS": ("agent", "maxIterations"),
    "CMD_TIMEOUT": ("agent", "commandTimeoutS"),
    "CMD_MAX_OUTPUT": ("agent", "commandMaxOutputBytes"),
    "MCP_SERVER_URL": ("agent", "mcpServerUrl"),
    "OPENAI_API_KEY": ("agent", "openaiApiKey"),
    "OPENAI_BASE_URL": ("agent", "openaiBaseUrl"),
    "OPENAI_MODEL": ("agent", "model"),
    "OPENAI_FINETUNED_MODEL_ID": ("agent", "finetunedModel"),
    "OPENAI_CRITIQUE_MODEL_ID": ("agent", "critiqueModel"),
    "CI": ("agent", "ci"),
    "TREEWRIGHT_TRUSTED": ("agent", "trusted"),
}
"""Accepted environment names and the setting each of them gives."""

FILE_NAMES: Final = frozenset(ENVIRONMENT) - {"TREEWRIGHT_TRUSTED"}
"""Those that a `.env` may give: a folder does not say itself whether it is trusted."""


def build(
    client: Json,
    environ: Mapping[str, str] | None = None,
    dotenv: Mapping[str, str] | None = None,
) -> tuple[ServerSettings, list[Problem]]:
    """The settings in force, and what could not be taken.

    `client` is what the editor gave, with or without the outer `treewright` key.
    """
    problems: list[Problem] = []
    given: dict[str, dict[str, Any]] = {}
    file = {name: value for name, value in (dotenv or {}).items() if name in FILE_NAMES}
    outer = dict(environ or {})
    if file.get("OPENAI_BASE_URL") and not outer.get("OPENAI_BASE_URL"):
        outer.pop("OPENAI_API_KEY", None)  # the user's key is not for an address of a file
    for source in (file, outer):
        for name, (layer, key) in ENVIRONMENT.items():
            if source.get(name):
                kind = _keys(_layers()[layer])[key]
                value = _from_environment(name, source[name], kind, problems)
                if value is not None:
                    given.setdefault(layer, {})[key] = value
    for layer, keys in _checked(_unwrapped(client), problems).items():
        given.setdefault(layer, {}).update(keys)
    return msgspec.convert(given, ServerSettings), problems


def merged(lower: Json, upper: Json) -> dict[str, Any]:
    """`upper` over `lower`, layer by layer; both with or without the outer key."""
    result: dict[str, Any] = dict(_unwrapped(lower))
    for name, value in _unwrapped(upper).items():
        below = result.get(name)
        if isinstance(value, Mapping) and isinstance(below, Mapping):
            over = {key: v for key, v in cast(Json, value).items() if v is not None}
            result[name] = {**cast(Json, below), **over}
        elif value is not None:
            result[name] = value
    return result


def read_dotenv(path: str | Path) -> dict[str, str]:
    """`NAME=value` lines of a `.env` file; quotes and `export` are taken off; {} without one."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:  # noqa: PTH123
            lines = file.read(MAX_DOTENV_CHARACTERS).split("\n")
    except (OSError, ValueError):
        return {}
    values: dict[str, str] = {}
    for line in lines:
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        name, value = name.strip(), value.strip()
        if not equals or name.startswith("#") or name not in ENVIRONMENT:
            continue
        if len(value) >= 2 and value[0] == value[-1] and value[0] in "\"'":
            value = value[1:-1]
        else:
            value = value.split(" #", 1)[0].rstrip()
        values[name] = value
    return values


def _layers() -> dict[str, type[msgspec.Struct]]:
    return {field.encode_name: field.type for field in msgspec.structs.fields(ServerSettings)}


def _keys(layer: type[msgspec.Struct]) -> dict[str, Any]:
    return {field.encode_name: field.type for field in msgspec.structs.fields(layer)}


def _unwrapped(client: Json) -> Json:
    inner = client.get("treewright")
    return cast(Json, inner) if isinstance(inner, Mapping) else client


def _checked(client: Json, problems: list[Problem]) -> dict[str, dict[str, Any]]:
    """Only what is known and well typed; dotted keys (`lint.enable`) are taken too."""
    layers = _layers()
    good: dict[str, dict[str, Any]] = {}
    for name, value in _undotted(client).items():
        layer = layers.get(name)
        if layer is None:
            problems.append(Problem(f"treewright.{name}", "unknown"))
        elif value is None:
            continue
        elif not isinstance(value, Mapping):
            reason = f"expected an object, got {type(value).__name__}"
            problems.append(Problem(f"treewright.{name}", reason))
        else:
            kinds = _keys(layer)
            for key, item in cast(Json, value).items():
                place = f"treewright.{name}.{key}"
                if item is None:
                    continue  # editors send null for "not set"
                if key not in kinds:
                    problems.append(Problem(place, "unknown"))
                    continue
                try:
                    good.setdefault(name, {})[key] = _converted(item, kinds[key])
                except (msgspec.ValidationError, ValueError) as error:
                    problems.append(Problem(place, f"{error}; the default stays in force"))
    return good


def _converted(value: Any, kind: Any) -> Any:
    converted = msgspec.convert(value, kind)
    if isinstance(converted, (int, float)) and not isinstance(converted, bool) and converted < 0:
        raise ValueError(f"expected a number from 0 up, got {converted}")
    return converted


def _undotted(client: Json) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for name, value in client.items():
        layer, dot, key = name.partition(".")
        if dot:
            section = result.setdefault(layer, {})
            if isinstance(section, dict):
                cast(dict[str, Any], section)[key] = value
        elif isinstance(value, Mapping) and isinstance(result.get(name), dict):
            result[name].update(value)
        else:
            result[name] = dict(cast(Json, value)) if isinstance(value, Mapping) else value
    return result


def _from_environment(name: str, text: str, kind: Any, problems: list[Problem]) -> Any:
    if kind is bool:
        return text.strip().lower() not in ("0", "false", "no", "off")
    try:
        value = msgspec.convert(text.strip(), kind, strict=False)
        if isinstance(value, (int, float)) and value < 0:
            raise ValueError(f"expected a number from 0 up, got {value}")
        return value
    except (msgspec.ValidationError, ValueError) as error:
        problems.append(Problem(f"{name} (environment)", f"{error}; the default stays in force"))
        return None
