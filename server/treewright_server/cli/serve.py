"""treewright serve: claim stdout before anything can print, then load the server."""

from __future__ import annotations

import gc
import logging
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from treewright_server.app import TreewrightServer
    from treewright_server.transport import Send

BAD_USAGE = 2


class Plain:
    """The arguments of `treewright serve` without any."""

    tcp: str | None = None
    ws: str | None = None
    allow_remote = False
    allow_origin: tuple[str, ...] = ()
    log_level = "info"
    log_dir: str | None = None
    log_format = "text"
    metrics: str | None = None


def run(arguments: Any) -> int:
    """`arguments` has the attributes of Plain."""
    from treewright_server import transport

    where = arguments.tcp or arguments.ws
    host, port = "", 0
    if where:
        try:
            host, port = _host_port(where)
        except ValueError as error:
            return _complain(str(error))
        if not transport.is_loopback(host) and not arguments.allow_remote:
            return _complain(
                f"{host} can be reached by others, who could then read and change your code;"
                " use 127.0.0.1, or say --allow-remote"
            )
    # Whatever is created while modules load lives as long as the process.
    gc.disable()
    descriptors = None if where else transport.claim_stdio()

    from treewright_server import crashes, homes, logs

    folder = Path(arguments.log_dir) if arguments.log_dir else homes.home_folder("log")
    logs.configure(arguments.log_level, folder, arguments.log_format)
    crashes.catch_faults(folder)
    logging.getLogger(logs.LOGGER).addHandler(crashes.CrashReports(folder / "crashes"))

    from treewright_server.app import TreewrightServer

    create: Callable[[Send], TreewrightServer] = TreewrightServer
    if arguments.metrics:
        try:
            create = _counted(arguments.metrics, TreewrightServer)
        except (ValueError, OSError) as error:
            return _complain(f"--metrics {arguments.metrics}: {error}")
    # The lanes hold the interpreter for short whiles only: a key press need not wait for 5 ms.
    sys.setswitchinterval(0.001)

    def ready(address: str) -> None:
        print(f"treewright: listening on {address}", file=sys.stderr, flush=True)

    try:
        if descriptors is not None:
            code = transport.serve_stdio(descriptors, create)
        elif arguments.tcp:
            code = transport.serve_tcp(host, port, create, ready)
        else:
            code = transport.serve_ws(host, port, create, ready, origins=arguments.allow_origin)
    except ModuleNotFoundError as error:
        if error.name != "websockets":
            raise
        return _complain("--ws needs the `websockets` package: pip install websockets", 1)
    except KeyboardInterrupt:
        code = 1
    except OSError as error:
        return _complain(f"cannot listen on {where}: {error}", 1)
    transport.leave(code)
    return code


def _counted(where: str, kind: type[TreewrightServer]) -> Callable[[Send], TreewrightServer]:
    """Servers whose numbers can be read at `where`. Raises ValueError, OSError."""
    from treewright_server import transport
    from treewright_server.exporter import Exporter

    host, port = _host_port(where)
    if not transport.is_loopback(host):
        raise ValueError("metrics are served on loopback addresses only")
    exporter = Exporter(host, port)
    print(f"treewright: metrics on {host}:{exporter.port}", file=sys.stderr, flush=True)

    def create(send: Send) -> TreewrightServer:
        server = kind(send)
        exporter.watch(server.metrics)
        return server

    return create


def _host_port(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdigit() or int(port) > 65535:
        raise ValueError(f"{text!r} is not HOST:PORT")
    host = host.strip("[]") or "127.0.0.1"
    return host, int(port)


def _complain(message: str, code: int = BAD_USAGE) -> int:
    print(f"treewright serve: error: {message}", file=sys.stderr)
    return code
