"""What goes wrong in a real Neovim is said, and nothing is lost: a server that cannot start, one that
dies in the middle of an edit, names of files that are commands, a client that can do less."""

from __future__ import annotations

import os
import signal
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.model_server import ModelServer, Reply, say, uses
from tests.support.neovim import FILES, Neovim, neovim_in, write

pytestmark = pytest.mark.e2e

PRICES = FILES["shop/prices.py"]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path / "project")


@pytest.fixture
def model() -> Iterator[ModelServer]:
    server = ModelServer()
    yield server
    server.close()


@pytest.fixture
def neovim(tmp_path: Path, project: Path, model: ModelServer) -> Iterator[Neovim]:
    environment = {"OPENAI_BASE_URL": model.url, "OPENAI_MODEL": "scripted"}
    with neovim_in(tmp_path, project, "shop/prices.py", **environment) as editor:
        yield editor


def _kill_server(neovim: Neovim) -> None:
    pid = neovim.lua("return vim.api.nvim_get_proc_children(vim.uv.os_getpid())[1]")
    os.kill(pid, signal.SIGKILL)


def _again(neovim: Neovim) -> None:
    neovim.until("vim.fn.execute('messages'):find('starts again in')")
    neovim.until("#vim.lsp.get_clients({ name = 'treewright', bufnr = 0 }) == 1")
    neovim.until("(require('treewright.status').get() or {}).ready")


def test_a_python_that_cannot_run_it_is_named_and_given_up(tmp_path: Path, project: Path) -> None:
    wrong = tmp_path / "treewright"
    wrong.write_text("#!/bin/sh\necho 'treewright needs Python 3.11; this is 3.8' >&2\nexit 1\n")
    wrong.chmod(wrong.stat().st_mode | stat.S_IXUSR)
    environment = {**os.environ, "HOME": str(tmp_path), "TREEWRIGHT_CMD": f"{wrong} serve",
                   "XDG_STATE_HOME": str(tmp_path / "state")}  # fmt: skip
    editor = Neovim(tmp_path, environment)
    try:
        editor.lua("require('treewright.watchdog').first_delay_ms = 10")
        editor.lua("vim.lsp.enable('treewright')")
        editor.open(project / "shop/prices.py")
        editor.until("vim.fn.execute('messages'):find('is not started again')")
        said = editor.messages()
        assert "the server ended (code 1" in said
        assert ":Treewright log says why" in said
        editor.run("Treewright log")
        assert "treewright needs Python 3.11; this is 3.8" in editor.text()
        editor.run("checkhealth treewright")
        assert "doctor` does not answer: treewright needs Python 3.11" in editor.text()
    finally:
        editor.close()


def test_a_server_that_dies_in_the_middle_of_an_edit(neovim: Neovim, model: ModelServer) -> None:
    def slowly(_: object) -> Reply:
        time.sleep(2)
        return say("never heard")

    model.then(slowly)
    neovim.cursor(3)
    neovim.run("Treewright edit Say it better than anybody else could")
    deadline = time.monotonic() + 30
    while not model.requests and time.monotonic() < deadline:
        time.sleep(0.02)
    _kill_server(neovim)
    neovim.until("vim.fn.execute('messages'):find('the server ended before it had answered')")
    assert neovim.text() == PRICES
    _again(neovim)
    change = {"file_path": "shop/prices.py", "search": "Sum of the prices", "replace": "The sum"}
    model.then(uses(("edit_file", change)), uses(("finish", {"summary": "Better"})))
    neovim.cursor(3)
    neovim.run("Treewright edit Say it better than anybody else could")
    neovim.until("#require('treewright.proposals').entries == 1")


def test_what_is_under_review_outlives_the_server(neovim: Neovim, model: ModelServer) -> None:
    change = {"file_path": "shop/prices.py", "search": "Sum of the prices", "replace": "The sum"}
    model.then(uses(("edit_file", change)), uses(("finish", {"summary": "Better"})))
    neovim.cursor(3)
    neovim.run("Treewright edit Say it better than anybody else could")
    neovim.until("#require('treewright.proposals').entries == 1")
    _kill_server(neovim)
    neovim.until("vim.fn.execute('messages'):find('starts again in')")
    neovim.run(
        "Treewright accept-all"
    )  # while there is none, or a new one that does not know of it
    neovim.until("#require('treewright.proposals').entries == 0")
    assert neovim.text() == PRICES.replace("Sum of the prices", "The sum")
    _again(neovim)
    neovim.run("silent undo")
    assert neovim.text() == PRICES


HOSTILE = "we | call execute('let g:owned=1') | %#$(touch owned)`touch owned`.py"


def test_a_name_that_is_a_command_is_only_a_name(
    tmp_path: Path, project: Path, model: ModelServer
) -> None:
    write(project, {HOSTILE: "import os\n\n\ndef peculiar_thing():\n    return 1\n"})
    with neovim_in(tmp_path, project, "shop/prices.py") as editor:
        editor.run("Treewright search peculiar_thing")
        editor.until("#vim.fn.getqflist() > 0")
        editor.run("cfirst")
        assert editor.nvim.current.buffer.name.endswith(HOSTILE)
        editor.until("#vim.lsp.get_clients({ name = 'treewright', bufnr = 0 }) == 1")
        editor.run("Treewright chat What is peculiar_thing?")
        editor.until(
            "table.concat(vim.api.nvim_buf_get_lines(vim.fn.bufnr('treewright://chat'), 0, -1,"
            " false)):find('Answered by')"
        )
        editor.run("call search('^\\[1\\]', 'w')")
        editor.keys("<CR>")
        editor.run("wincmd p")
        editor.lua("""
            for _, buffer in ipairs(vim.api.nvim_list_bufs()) do
              if vim.api.nvim_buf_get_name(buffer):find('we | call', 1, true) then vim.cmd.buffer(buffer) end
            end
        """)
        editor.cursor(1)
        editor.until("#vim.diagnostic.get(0) > 0")
        editor.run("Treewright fix")
        editor.until("#require('treewright.proposals').entries == 1")
        editor.run("Treewright review")
        editor.run("call search('we |', 'w')")
        editor.keys("=")
        editor.run("tabclose")
        editor.run("Treewright accept-all")
        editor.until("#require('treewright.proposals').entries == 0")
        assert editor.lua("return vim.g.owned") is None
    assert not list(project.rglob("owned"))
    assert not (Path.cwd() / "owned").exists()


def test_a_neovim_that_declares_no_more_than_text_loses_nothing(
    tmp_path: Path, project: Path, model: ModelServer
) -> None:
    """Without applyEdit, annotations and progress: review works, a command that would edit says no."""
    with neovim_in(tmp_path, project, "shop/prices.py") as editor:
        editor.lua("""
            vim.lsp.config('treewright', { capabilities = vim.empty_dict() })
            require('treewright.watchdog').expect(vim.lsp.get_clients({ name = 'treewright' })[1].id)
            vim.lsp.get_clients({ name = 'treewright' })[1]:stop(true)
        """)
        editor.until("#vim.lsp.get_clients({ name = 'treewright' }) == 0")
        # What Neovim would declare is merged into what a user declares: taken out where it is sent.
        editor.lua("""
            local made = vim.lsp.protocol.make_client_capabilities
            vim.lsp.protocol.make_client_capabilities = function()
              local all = made()
              all.workspace.applyEdit, all.workspace.workspaceEdit, all.window = nil, nil, nil
              return all
            end
            vim.lsp.config('treewright', { capabilities = vim.lsp.protocol.make_client_capabilities() })
            require('treewright.watchdog').start()
        """)
        editor.until("#vim.lsp.get_clients({ name = 'treewright', bufnr = 0 }) == 1")
        editor.until("(require('treewright.status').get() or {}).ready")
        editor.cursor(1, 4)
        editor.run("Treewright edit rename total to sum_up everywhere")
        editor.until("#require('treewright.proposals').entries == 1")
        editor.run("Treewright accept-all")
        editor.until("#require('treewright.proposals').entries == 0")
        assert "def sum_up(items)" in editor.text_of(project / "shop/prices.py")
        assert "sum_up(items)" in editor.text_of(project / "shop/cart.py")
