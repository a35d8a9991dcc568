"""Session: the one mutable thing. Open documents, settings, folders, running work of one client.

**Invariant.** The event loop alone changes it. Work runs in `lanes` on the Snapshot it was given.

The order at start: `initialize` is answered; then the Workspace is loaded in the background lane
while messages about documents wait; then, after `initialized`, the client's configuration is
asked for and the folders open.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lsprotocol import types as lsp

from treewright_server import logs, settings
from treewright_server.client import ClientFeatures
from treewright_server.convert import is_file, to_path, to_uri
from treewright_server.documents import Documents
from treewright_server.feedback import Feedback
from treewright_server.lanes import Lane, Lanes, patience
from treewright_server.linting import Linting
from treewright_server.progress import Progress
from treewright_server.shelf import Shelf

if TYPE_CHECKING:
    from treewright_indexer.workspace import Folder, Workspace

    from treewright_server.app import TreewrightServer

logger = logging.getLogger("treewright")

CONFIGURATION_S = 2.0
"""How long the folders wait for the client's configuration."""


class Session:
    def __init__(self, ls: TreewrightServer) -> None:
        self.ls = ls
        self.client = ClientFeatures()
        self.settings = settings.ServerSettings()
        self.lanes = Lanes()
        self.documents = Documents(self)
        self.shelf = Shelf()
        self.feedback = Feedback(self)
        self.linting = Linting(self)
        self._workspace: Workspace | None = None
        self._roots: list[str] = []
        self._options: Mapping[str, Any] = {}
        self._configuration: Mapping[str, Any] = {}
        self._told: set[str] = set()
        self._loaded = asyncio.Event()
        self._opened = asyncio.Event()
        self._load_error: BaseException | None = None
        self._starting: asyncio.Task[None] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._log_handler: logging.Handler | None = None
        self._closed = False

    @property
    def workspace(self) -> Workspace:
        """Only once `is_ready()`."""
        assert self._workspace is not None
        return self._workspace

    @property
    def roots(self) -> list[str]:
        return list(self._roots)

    # ------------------------------------------------------------------ start

    def begin(self, params: lsp.InitializeParams) -> None:
        """What `initialize` says. Nothing is opened yet."""
        self.client = ClientFeatures.of(params.capabilities)
        folders = [folder.uri for folder in params.workspace_folders or ()]
        if not folders and params.root_uri:
            folders = [params.root_uri]
        if not folders and params.root_path:
            folders = [to_uri(os.path.abspath(params.root_path))]
        paths = (to_path(uri) for uri in folders if uri.startswith("file:"))
        self._roots = list(dict.fromkeys(paths))
        options = cast(Any, params.initialization_options)
        if isinstance(options, Mapping):
            self._options = cast("Mapping[str, Any]", options)
        elif options is not None:
            logger.warning("initializationOptions must be an object; ignored")

    def prepare(self) -> None:
        """Load what reads code, off the loop, now that `initialize` was answered."""
        self._spawn(self._load())

    async def _load(self) -> None:
        self._apply_settings(tell=False)
        index = self.settings.index

        def load(_: object) -> Workspace:
            from treewright_indexer.workspace import Workspace

            return Workspace(index.domain())

        try:
            self._workspace = await self.lanes.run(load, Lane.BACKGROUND)
        except Exception as error:
            self._load_error = error
            logger.exception("the workspace cannot be loaded")
            raise
        finally:
            self._loaded.set()
        loop = asyncio.get_running_loop()

        def problem(message: str) -> None:
            with contextlib.suppress(RuntimeError):  # the loop has closed
                loop.call_soon_threadsafe(self.ls.show, message)

        self._workspace.on_problem = problem
        self.documents.release()

    async def start(self) -> None:
        """Configure, register, open the folders. Once, whoever asks first."""
        if self._starting is None:
            self._starting = self._spawn(self._start())
        await asyncio.shield(self._starting)

    async def _start(self) -> None:
        try:
            await self._pull_configuration()
            self._forward_logs()
            self._apply_settings()
            await self._loaded.wait()
            if self._load_error is not None:
                return
            self.workspace.settings = self.settings.index.domain()
            for root in self._roots:
                await self._add_folder(root)
        finally:
            self._opened.set()
        await self._register()

    def is_ready(self, needs_folders: bool) -> bool:
        return self._workspace is not None and (self._opened.is_set() or not needs_folders)

    async def ready(self, needs_folders: bool) -> None:
        """Wait until requests can be answered. Raises what kept the workspace from loading."""
        await self._loaded.wait()
        if self._load_error is not None:
            raise self._load_error
        if needs_folders:
            if self._starting is None:  # a client that never says `initialized`
                await self.start()
            await self._opened.wait()

    # ------------------------------------------------------------------ settings

    async def _pull_configuration(self) -> None:
        if not self.client.configuration:
            return
        params = lsp.ConfigurationParams(items=[lsp.ConfigurationItem(section="treewright")])
        try:
            async with patience(CONFIGURATION_S):
                answer = await self.ls.workspace_configuration_async(params)
                given: Any = answer[0] if answer else None
                if isinstance(given, Mapping):
                    self._configuration = cast("Mapping[str, Any]", given)
                elif given is not None:
                    self.ls.show("the configuration section `treewright` must be an object")
        except asyncio.CancelledError:
            raise
        except Exception as error:
            logger.warning("workspace/configuration: %s", error)

    def _apply_settings(self, *, tell: bool = True) -> None:
        dotenv = settings.read_dotenv(Path(self._roots[0]) / ".env") if self._roots else {}
        client = settings.merged(self._options, self._configuration)
        self.settings, problems = settings.build(client, os.environ, dotenv)
        if tell:
            for problem in problems:
                if str(problem) not in self._told:
                    self._told.add(str(problem))
                    self.ls.show(str(problem))
        self.feedback.configure(self.settings.feedback)
        if self._log_handler is not None:
            self._log_handler.setLevel(self.settings.log.level.upper())

    async def reconfigure(self, pushed: Any) -> None:
        """`didChangeConfiguration`: ask again where the client can be asked."""
        before = self.settings
        if self.client.configuration:
            await self._pull_configuration()
        elif isinstance(pushed, Mapping):
            given = cast("Mapping[str, Any]", pushed)
            self._configuration = given.get("treewright", given)
        self._told.clear()
        self._apply_settings()
        if self._workspace is not None and self.settings.index != before.index:
            self.workspace.settings = self.settings.index.domain()
            for root in list(self._roots):  # scan again under the new rules
                await self._remove_folder(root)
                await self._add_folder(root)
        if self.settings.lint != before.lint:
            self.linting.reset()

    # ------------------------------------------------------------------ folders

    async def change_folders(self, event: lsp.WorkspaceFoldersChangeEvent) -> None:
        await self.ready(True)
        for removed in event.removed:
            path = to_path(removed.uri)
            if path in self._roots:
                self._roots.remove(path)
                await self._remove_folder(path)
        for added in event.added:
            path = to_path(added.uri)
            if added.uri.startswith("file:") and path not in self._roots:
                self._roots.append(path)
                await self._add_folder(path)

    async def _add_folder(self, root: str) -> None:
        if not os.path.isdir(root):
            self.ls.show(f"workspace folder {root} does not exist")
            return
        try:
            folder = await self.lanes.run(
                lambda _: self.workspace.add_folder(root), Lane.BACKGROUND
            )
        except Exception as error:
            logger.exception("cannot open %s", root)
            self.ls.show(f"cannot open {root}: {error}", lsp.MessageType.Error)
            return
        self.index(folder)

    async def _remove_folder(self, root: str) -> None:
        await self.lanes.run(lambda _: self.workspace.remove_folder(root), Lane.BACKGROUND)

    def index(self, folder: Folder) -> None:
        """Bring the folder's index up to date in the background, with progress."""
        name = os.path.basename(folder.root) or folder.root
        progress = Progress(self.ls, f"Indexing {name}", folder.cancel)
        self._spawn(progress.begin())
        folder.start(progress.report, progress.finish)

    # ------------------------------------------------------------------ client registrations

    async def _register(self) -> None:
        """Ask for what the client sends only on request; a refusal costs nothing but that."""
        wanted: list[lsp.Registration] = []
        if self.client.register_configuration:
            wanted.append(
                lsp.Registration(
                    "treewright-configuration",
                    lsp.WORKSPACE_DID_CHANGE_CONFIGURATION,
                    {"section": "treewright"},
                )
            )
        if self.client.register_watchers and self.settings.index.watch:
            wanted.append(
                lsp.Registration(
                    "treewright-watched-files",
                    lsp.WORKSPACE_DID_CHANGE_WATCHED_FILES,
                    lsp.DidChangeWatchedFilesRegistrationOptions(
                        watchers=[lsp.FileSystemWatcher(glob_pattern="**/*")]
                    ),
                )
            )
        for registration in wanted:
            try:
                async with patience(5.0):
                    await self.ls.client_register_capability_async(
                        lsp.RegistrationParams([registration])
                    )
            except asyncio.CancelledError:
                raise
            except Exception as error:
                logger.info("the client did not register %s: %s", registration.method, error)

    def _forward_logs(self) -> None:
        if self._log_handler is not None or self._closed:
            return
        loop = asyncio.get_running_loop()

        def deliver(level: int, message: str) -> None:
            kind = (
                lsp.MessageType.Error
                if level >= logging.ERROR
                else lsp.MessageType.Warning
                if level >= logging.WARNING
                else lsp.MessageType.Info
                if level >= logging.INFO
                else lsp.MessageType.Log
            )
            params = lsp.LogMessageParams(type=kind, message=message)
            with contextlib.suppress(RuntimeError):  # the loop has closed
                loop.call_soon_threadsafe(self.ls.window_log_message, params)

        self._log_handler = logs.ClientHandler(deliver, self.settings.log.level)
        logger.addHandler(self._log_handler)

    # ------------------------------------------------------------------ end

    def _spawn(self, work: Any) -> asyncio.Task[Any]:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            logger.error("background work failed: %r", error, exc_info=error)

    def later(self, work: Any) -> asyncio.Task[Any]:
        """Run a coroutine beside the requests; it is cancelled when the session closes."""
        return self._spawn(work)

    async def close(self) -> None:
        """Stop everything. Idempotent; feedback that was recorded is written first."""
        if self._closed:
            return
        self._closed = True
        self.linting.close()
        self.feedback.close()
        for task in list(self._tasks):
            task.cancel()
        if self._log_handler is not None:
            logger.removeHandler(self._log_handler)
        await self.lanes.close()
        workspace, self._workspace = self._workspace, None
        if workspace is not None:
            async with patience(3.0):
                await asyncio.to_thread(workspace.close)


def paths_of(uris: Sequence[str]) -> list[str]:
    """The paths of `file:` URIs, in order, each once."""
    return [path for path in dict.fromkeys(map(to_path, uris)) if is_file(path)]
