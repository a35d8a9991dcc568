"""Session: the one mutable thing. Open documents, settings, folders, running work of one client.

**Invariant.** Text changes on the intake thread alone; settings and folders change in the folders
lane, one job after the other. Work runs on the Snapshot it was given.

The order at start: `initialize` is answered; then the intake thread loads the Workspace, before
it reads the next message; then, after `initialized`, the client's configuration is asked for and
the folders open. Requests that need them wait; text and outlines of open documents do not.
"""

from __future__ import annotations

import gc
import logging
import os
import threading
from collections.abc import Callable, Collection, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from treewright_server.chats import Chats
from treewright_server.client import ClientFeatures
from treewright_server.errors import REQUEST_FAILED, RpcError
from treewright_server.features import Features
from treewright_server.lanes import Lane, Lanes
from treewright_server.plain import field, is_object, items
from treewright_server.semantic import TokenMemory
from treewright_server.services import AgentServices
from treewright_server.status import StatusFeed
from treewright_server.tasks import Tasks

if TYPE_CHECKING:
    from treewright_agent.workqueue import WorkQueue
    from treewright_indexer.semantics.providers import Providers
    from treewright_indexer.workspace import Folder, Workspace
    from treewright_server.app import TreewrightServer
    from treewright_server.clock import Clock
    from treewright_server.documents import Documents
    from treewright_server.feedback import Feedback
    from treewright_server.linting import Linting
    from treewright_server.progress import Progress
    from treewright_server.reviews import Reviews
    from treewright_server.settings import ServerSettings
    from treewright_server.shelf import Shelf
    from treewright_server.turns import Turns
    from treewright_server.upkeep import Upkeep
    from treewright_server.warm import Warm

logger = logging.getLogger("treewright")

_loading = threading.Lock()

CONFIGURATION_S = 0.5
"""How long the folders wait for the client's configuration; a later answer is taken too."""


class Session:
    documents: Documents
    settings: ServerSettings
    shelf: Shelf
    reviews: Reviews
    feedback: Feedback
    linting: Linting
    clock: Clock
    turns: Turns
    upkeep: Upkeep
    warm: Warm

    def __init__(self, ls: TreewrightServer) -> None:
        self.ls = ls
        self.client = ClientFeatures()
        self.features = Features()
        self.lanes = Lanes()
        self.progresses: dict[str, Progress] = {}
        self.tokens = TokenMemory()
        self.services = AgentServices(self)
        self.tasks = Tasks()
        self.chats = Chats()
        self.status = StatusFeed(ls)
        self.load_error: Exception | None = None
        self._semantics: Providers | None = None
        self._queue: WorkQueue | None = None
        self._workspace: Workspace | None = None
        self._roots: list[str] = []
        self._options: Mapping[str, Any] = {}
        self._configuration: Mapping[str, Any] = {}
        self._told: set[str] = set()
        self._lock = threading.Lock()
        self._opened = False
        self._started = False
        self._parked: list[Callable[[], None]] = []
        self._log_handler: logging.Handler | None = None
        self._closed = False

    @property
    def workspace(self) -> Workspace:
        """Raises what kept it from loading."""
        if self._workspace is None:
            raise self.load_error or RuntimeError("the workspace is not loaded")
        return self._workspace

    @property
    def roots(self) -> list[str]:
        return list(self._roots)

    # ------------------------------------------------------------------ start

    def begin(self, params: dict[str, Any]) -> None:
        """What `initialize` says. Nothing is opened yet."""
        from treewright_server.convert import to_path, to_uri

        self.client = ClientFeatures.of(params.get("capabilities"))
        uris = [field(folder, "uri") for folder in items(params.get("workspaceFolders"))]
        if not uris and params.get("rootUri"):
            uris = [params["rootUri"]]
        if not uris and isinstance(params.get("rootPath"), str) and params["rootPath"]:
            uris = [to_uri(os.path.abspath(params["rootPath"]))]
        paths = (to_path(u) for u in uris if isinstance(u, str) and u.startswith("file:"))
        self._roots = list(dict.fromkeys(paths))
        options = params.get("initializationOptions")
        if is_object(options):
            self._options = options
            if self._options:  # they may switch features off
                self._apply_settings(tell=False)
        elif options is not None:
            logger.warning("initializationOptions must be an object; ignored")
        self._watch_parent(params.get("processId"))

    def load(self) -> None:
        """Load what reads code. Runs on the intake thread, right behind the first answer.

        One client at a time: over TCP several connect at once, and modules that name each other
        must not be imported by two threads.
        """
        with _loading:
            self._load()

    def _load(self) -> None:
        try:
            # Its modules name each other: two first requests at once must not both import them.
            import treewright_indexer.graph  # noqa: F401  # pyright: ignore[reportUnusedImport]
            from treewright_indexer.workspace import Workspace
            from treewright_server.clock import Clock
            from treewright_server.documents import Documents
            from treewright_server.feedback import Feedback
            from treewright_server.linting import Linting
            from treewright_server.reviews import Reviews
            from treewright_server.shelf import Shelf
            from treewright_server.turns import Turns
            from treewright_server.upkeep import Upkeep
            from treewright_server.warm import Warm

            self.clock = Clock()
            self.documents = Documents(self)
            self.shelf = Shelf()
            self.reviews = Reviews()
            self.feedback = Feedback(self)
            self.linting = Linting(self)
            self.documents.on_close.append(self.tokens.forget)
            self.warm = Warm(self)
            self.turns = Turns(self)
            self.upkeep = Upkeep(self)
            self._apply_settings(tell=False)
            self._workspace = Workspace(self.settings.index.domain())
            self._workspace.on_problem = self.ls.show
            self._workspace.on_files = self._files_differ
            self._gauges()
        except Exception as error:
            reason = f"the workspace cannot be loaded: {type(error).__name__}"
            self.load_error = RpcError(REQUEST_FAILED, f"{reason}; see the treewright log")
            logger.error("the workspace cannot be loaded: %r", error, exc_info=error)
            self.ls.show(f"{reason}; see the log", 1)

    def _gauges(self) -> None:
        """What a load balancer and a dashboard ask of the moment."""
        gauge, workspace = self.ls.metrics.gauge, self.workspace
        gauge("treewright_queue_length", "Jobs that wait for a thread.", self.lanes.waiting)
        gauge(
            "treewright_index_pending", "Files that wait to be indexed.",
            lambda: sum(len(folder.pending) for folder in workspace.snapshot().folders),
        )  # fmt: skip
        gauge(
            "treewright_tasks_running", "Tasks that run.",
            lambda: sum(row["state"] == "running" for row in self.tasks.rows()),
        )  # fmt: skip
        gauge("treewright_threads", "Threads of the process.", threading.active_count)

    def start(self) -> None:
        """Configure, register, open the folders. Once, whoever asks first."""
        with self._lock:
            if self._started:
                return
            self._started = True
        self.lanes.post(self._start, Lane.FOLDERS)

    def _start(self) -> None:
        from treewright_server import heap

        heap.settle()
        try:
            self._pull_configuration()
            self._forward_logs()
            self._apply_settings()
            if self._workspace is None:
                return
            self._workspace.settings = self.settings.index.domain()
            if self.settings.search.semantic:
                from treewright_indexer.encoders.shelf import Models

                self._workspace.models = Models(self.settings.search.domain(background=True))
            for root in self._roots:
                self._open(root)
        finally:
            self._release()
        self._register()
        self.upkeep.start()
        # What start-up made lives as long as the process: the collector need not look at it.
        gc.freeze()
        gc.enable()

    def is_ready(self, needs_folders: bool) -> bool:
        return self._opened or (not needs_folders and self._workspace is not None)

    def park(self, action: Callable[[], None]) -> None:
        """Call `action` once the folders are open; at once when they are."""
        self.start()  # a client that never says `initialized`
        with self._lock:
            if not self._opened:
                self._parked.append(action)
                return
        action()

    def _release(self) -> None:
        with self._lock:
            self._opened = True
            parked, self._parked = self._parked, []
        for action in parked:
            action()

    async def ready(self, needs_folders: bool = True) -> None:
        """Wait until requests can be answered. Raises what kept the workspace from loading."""
        if not self.is_ready(needs_folders):
            import asyncio

            loop, opened = asyncio.get_running_loop(), asyncio.Event()
            self.park(lambda: _call(loop, opened.set))
            await opened.wait()
        if self.load_error is not None:
            raise self.load_error

    def serves(self, feature: str, params: Any) -> bool:
        """Whether a feature is switched on for the document that a request is about."""
        return self.features.serves(feature, self.language_id(field(params, "textDocument", "uri")))

    @property
    def queue(self) -> WorkQueue:
        """Where tasks stand in line; loaded by the first of them."""
        with self._lock:
            if self._queue is None:
                from treewright_agent.workqueue import WorkQueue

                self._queue = WorkQueue()
            return self._queue

    def require_trust(self, what: str) -> None:
        """Raises RefusedError in a workspace that the editor does not trust: nothing is run or
        written there."""
        if not self.settings.agent.trusted:
            from treewright_indexer.errors import RefusedError

            raise RefusedError(f"{what} are off in a workspace that is not trusted")

    @property
    def semantics(self) -> Providers:
        """Who knows types, the standard library and other packages; children once asked.

        They are processes that look into the packages of the workspace: one that is not trusted
        has none.
        """
        with self._lock:
            if self._semantics is None:
                from treewright_indexer.semantics.providers import Providers

                given, trusted = self.settings.semantics, self.settings.agent.trusted
                self._semantics = Providers(
                    given.python if trusted else "off",
                    jedi=given.jedi and trusted,
                    others=given.others and trusted,
                    trusted=trusted,
                )
            return self._semantics

    def changed_on_disk(self, paths: Collection[str]) -> None:
        """Tell the children that read files themselves; those that run."""
        if self._semantics is not None:
            self._semantics.changed(list(paths))
        self.lanes.post(lambda: self.feedback.on_disk(paths), Lane.BACKGROUND)

    def _files_differ(self, paths: list[str]) -> None:
        """What the index found on the disk, whoever watches: the children read files too."""
        if self._semantics is not None:
            self._semantics.changed(paths)

    def _end_semantics(self) -> None:
        with self._lock:
            semantics, self._semantics = self._semantics, None
        if semantics is not None:
            semantics.close()

    def language_id(self, uri: Any) -> str | None:
        from treewright_server.convert import to_path

        if not isinstance(uri, str) or self._workspace is None:
            return None
        language = self._workspace.snapshot().language(to_path(uri))
        return language.id if language is not None else None

    # ------------------------------------------------------------------ settings

    def _pull_configuration(self) -> None:
        """Ask the client; runs in the folders lane."""
        if not self.client.configuration:
            return
        in_time = threading.Event()
        late = threading.Event()

        def take(answer: Any, error: RpcError | None) -> None:
            if error is not None:
                logger.warning("workspace/configuration: %s", error)
            else:
                self._take_configuration(answer)
                if late.is_set() and not self._closed:
                    self.lanes.post(self._reapply, Lane.FOLDERS)
            in_time.set()

        self.ls.ask("workspace/configuration", {"items": [{"section": "treewright"}]}, take)
        if not in_time.wait(CONFIGURATION_S):
            late.set()

    def _take_configuration(self, answer: Any) -> None:
        given = next(iter(items(answer)), None)
        if is_object(given):
            self._configuration = given
        elif given is not None:
            self.ls.show("the configuration section `treewright` must be an object")

    def _apply_settings(self, *, tell: bool = True) -> None:
        from treewright_server import settings

        client = settings.merged(self._options, self._configuration)
        self.settings, problems = settings.build(client, os.environ)
        if self._roots and self.settings.agent.trusted:
            from treewright_server import dotenv

            values, refused = dotenv.read(self._roots[0])
            if values:
                self.settings, problems = settings.build(client, os.environ, values)
            if refused and tell and refused not in self._told:
                self._told.add(refused)
                self.ls.show(refused)
        switches = self.settings.features
        self.features = Features(switches.switches(), switches.beside)
        if tell:
            for problem in problems:
                if str(problem) not in self._told:
                    self._told.add(str(problem))
                    self.ls.show(str(problem))
        if self._workspace is not None:
            self.feedback.configure(self.settings.feedback)
        if self._log_handler is not None:
            self._log_handler.setLevel(self.settings.log.level.upper())

    def reconfigure(self, pushed: Any) -> None:
        """`didChangeConfiguration`: ask again where the client can be asked."""
        if not self.client.configuration and is_object(pushed):
            inner = pushed.get("treewright", pushed)
            self._configuration = inner if is_object(inner) else {}

        def work() -> None:
            self._pull_configuration()
            self._reapply()

        self.lanes.post(work, Lane.FOLDERS)

    def _reapply(self) -> None:
        """Put the configuration that is known now in force. In the folders lane."""
        before = self.settings
        self._told.clear()
        self._apply_settings()
        if self._workspace is None:
            return
        if self.settings.search != before.search and self.settings.search.semantic:
            from treewright_indexer.encoders.shelf import Models

            self._workspace.use_models(Models(self.settings.search.domain(background=True)))
        if self.settings.index != before.index:
            self._workspace.settings = self.settings.index.domain()
            for root in list(self._roots):  # scan again under the new rules
                self._workspace.remove_folder(root)
                self._open(root)
        if self.settings.semantics != before.semantics or self.settings.agent != before.agent:
            self._end_semantics()
        if self.settings.lint != before.lint or self.settings.features != before.features:
            self.linting.reset()

    # ------------------------------------------------------------------ folders

    def change_folders(self, added: list[str], removed: list[str]) -> None:
        """Folders, as URIs, that the editor opened and closed."""
        from treewright_server.convert import to_path

        def work() -> None:
            if self._workspace is None:
                return
            for path in map(to_path, removed):
                if path in self._roots:
                    self._roots.remove(path)
                    self._workspace.remove_folder(path)
            for uri in added:
                path = to_path(uri)
                if uri.startswith("file:") and path not in self._roots:
                    self._roots.append(path)
                    self._open(path)

        self.start()
        self.lanes.post(work, Lane.FOLDERS)

    def _open(self, root: str) -> None:
        folder = self._add_folder(root)
        if folder is not None:
            self.index(folder)

    def _add_folder(self, root: str) -> Folder | None:
        if not os.path.isdir(root):
            self.ls.show(f"workspace folder {root} does not exist")
            return None
        try:
            return self.workspace.add_folder(root)
        except Exception as error:
            logger.error("cannot open %s: %r", root, error, exc_info=error)
            self.ls.show(f"cannot open {root}: {error}", 1)
            return None

    def index(self, folder: Folder) -> None:
        """Bring the folder's index up to date in the background, with progress."""
        from treewright_server.progress import Progress

        name = os.path.basename(folder.root) or folder.root
        progress = Progress(self.ls, f"Indexing {name}", folder.cancel)
        progress.begin()

        def report(done: int, total: int, message: str = "") -> None:
            progress.report(done, total, message)
            self.status.changed()

        def finish(message: str = "") -> None:
            progress.finish(message)
            self.status.changed()

        folder.start(report, finish)

    # ------------------------------------------------------------------ client registrations

    def _register(self) -> None:
        """Ask for what the client sends only on request; a refusal costs nothing but that."""
        if self.client.register_configuration:
            options: Any = {"section": "treewright"}
            self.register("workspace/didChangeConfiguration", options)
        if self.client.register_watchers and self.settings.index.watch:
            options = {"watchers": [{"globPattern": "**/*"}]}
            self.register("workspace/didChangeWatchedFiles", options)

    def register(self, method: str, options: Any) -> None:
        def take(_: Any, error: RpcError | None) -> None:
            if error is not None:
                logger.info("the client did not register %s: %s", method, error)

        item = {"id": f"treewright/{method}", "method": method, "registerOptions": options}
        self.ls.ask("client/registerCapability", {"registrations": [item]}, take)

    def _forward_logs(self) -> None:
        if self._log_handler is not None or self._closed:
            return
        from treewright_server import logs

        def deliver(level: int, message: str) -> None:
            kind = 4
            for number, least in ((1, logging.ERROR), (2, logging.WARNING), (3, logging.INFO)):
                if level >= least:
                    kind = number
                    break
            self.ls.notify("window/logMessage", {"type": kind, "message": message})

        self._log_handler = logs.ClientHandler(deliver, "info")
        logger.addHandler(self._log_handler)

    def _watch_parent(self, process_id: Any) -> None:
        if isinstance(process_id, int) and not isinstance(process_id, bool) and process_id > 0:
            from treewright_server import parent

            parent.watch(process_id, lambda: self._closed, lambda: self.ls.on_parent_gone())

    # ------------------------------------------------------------------ work beside requests

    def later(self, work: Coroutine[Any, Any, Any]) -> None:
        """Run a coroutine beside the requests; it is cancelled when the session closes."""
        self.ls.aside.spawn(work)

    def close(self) -> None:
        """Stop everything. Idempotent; feedback that was recorded is written first."""
        if self._closed:
            return
        self._closed = True
        if self._workspace is not None:
            self.clock.close()
            self.linting.close()
            self.feedback.close()
            self.tasks.close()
            self.services.close()
            self.upkeep.close()
        if self._log_handler is not None:
            logger.removeHandler(self._log_handler)
        self.lanes.close()
        self.chats.close()
        if self._workspace is not None:
            self.turns.close()
        self._end_semantics()
        workspace, self._workspace = self._workspace, None
        if workspace is not None:
            closing = threading.Thread(target=workspace.close, daemon=True)
            closing.start()
            closing.join(3.0)


def _call(loop: Any, action: Callable[[], None]) -> None:
    try:
        loop.call_soon_threadsafe(action)
    except RuntimeError:  # the loop has closed
        return
