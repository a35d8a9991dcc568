"""The chat, lists, lenses, status and the way back after a crash, in a real Neovim."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.model_server import ModelServer, say
from tests.support.neovim import Neovim, neovim_in, write

pytestmark = pytest.mark.e2e


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path / "project")


@pytest.fixture
def neovim(tmp_path: Path, project: Path) -> Iterator[Neovim]:
    with neovim_in(tmp_path, project, "shop/prices.py") as editor:
        yield editor


@pytest.fixture
def model() -> Iterator[ModelServer]:
    server = ModelServer()
    yield server
    server.close()


@pytest.fixture
def talking(tmp_path: Path, project: Path, model: ModelServer) -> Iterator[Neovim]:
    environment = {"OPENAI_BASE_URL": model.url, "OPENAI_MODEL": "scripted"}
    with neovim_in(tmp_path, project, "shop/prices.py", **environment) as editor:
        yield editor


ANSWERED = "vim.api.nvim_buf_get_lines(vim.fn.bufnr('treewright://chat'), 0, -1, false)"


def _chat(neovim: Neovim) -> str:
    return "\n".join(neovim.lua(f"return {ANSWERED}"))


def _until_said(neovim: Neovim, words: str) -> None:
    neovim.until(f"table.concat({ANSWERED}, '\\n'):find(arguments[1], 1, true)", words)


def test_an_answer_without_a_model_cites_code_that_opens(neovim: Neovim) -> None:
    neovim.run("Treewright chat Who calls total?")
    _until_said(neovim, "Answered by")
    said = _chat(neovim)
    assert "search and the code graph, no model" in said
    assert "show" in said
    assert said.rstrip().endswith("## You")  # where the next question goes
    assert neovim.nvim.current.buffer.options["filetype"] == "markdown"
    neovim.run("call search('^\\[1\\] shop', 'w')")
    neovim.keys("<CR>")
    assert neovim.nvim.current.buffer.name.endswith(".py")


def test_an_answer_streams_is_stopped_and_asked_again(talking: Neovim, model: ModelServer) -> None:
    model.then(say("It adds prices. " + "word " * 50, stall_after=900), say("The second try."))
    talking.run("Treewright ask What does total do?")
    _until_said(talking, "It adds prices")
    assert "Answered by" not in _chat(talking)
    talking.run("Treewright stop")
    _until_said(talking, "stopped")
    talking.keys("GiAgain<Esc><CR>")  # written below the last heading, sent with a key
    _until_said(talking, "The second try.")
    sent = model.requests[-1]["messages"]
    assert any("What does total do?" in str(each["content"]) for each in sent)


def test_the_first_words_come_at_once(talking: Neovim, model: ModelServer) -> None:
    waits: list[float] = []
    for turn in range(5):
        begun: list[float] = []

        def answer(_: object, begun: list[float] = begun, turn: int = turn):  # type: ignore[no-untyped-def]
            begun.append(time.clock_gettime(time.CLOCK_MONOTONIC))
            return say(f"Answer {turn}.")

        model.then(answer)
        talking.run(f"Treewright ask Question {turn}")
        _until_said(talking, f"Answer {turn}.")
        talking.until(f"select(2, table.concat({ANSWERED}):gsub('Answered by', '')) == {turn + 1}")
        talking.until("require('treewright.chat').first_text_at > 0")
        first = talking.lua("return require('treewright.chat').first_text_at") / 1e9
        waits.append((first - begun[0]) * 1000)
    # From the model's first byte to text in the buffer: the goal is 100 ms. On a machine that is
    # busy with other work one of five shows what the path itself takes.
    assert min(waits) < 100, waits


def test_what_a_model_says_stays_text(talking: Neovim, model: ModelServer) -> None:
    evil = "\x1b]0;title\x07<script>x</script> vim: set ft=evil:\r\nnext\x00line [a](file:///etc)"
    model.then(say(evil))
    talking.run("Treewright ask Be evil")
    _until_said(talking, "Answered by")
    said = _chat(talking)
    assert not {"\x1b", "\x07", "\x00"} & set(said)
    assert "<script>x</script>" in said
    assert talking.nvim.current.buffer.options["filetype"] == "markdown"


def test_a_gigantic_message_is_cut_and_said_so(talking: Neovim, model: ModelServer) -> None:
    model.then(say("That was long."))
    talking.lua("require('treewright.chat').open(('x'):rep(150000), 'ask')")
    _until_said(talking, "That was long.")
    assert "cut to 100000 characters" in _chat(talking)


def test_what_goes_along_is_chosen(talking: Neovim, model: ModelServer) -> None:
    model.then(say("Seen."))
    talking.run("2,3Treewright context")
    talking.run("Treewright chat")
    assert "shop/prices.py:2-3" in str(
        talking.lua("return vim.inspect(require('treewright.chat').context())")
    )
    talking.keys("iWhat is this?<Esc><CR>")
    _until_said(talking, "Seen.")
    assert "Sum of the prices" in str(model.requests[-1]["messages"])


def test_conversations_are_kept(talking: Neovim, model: ModelServer) -> None:
    model.then(say("Kept."))
    talking.run("Treewright ask Keep this")
    _until_said(talking, "Answered by")
    talking.run("Treewright new")
    assert "Keep this" not in _chat(talking)
    talking.lua("vim.ui.select = function(items, _, done) done(items[1], 1) end")
    talking.run("Treewright history")
    _until_said(talking, "Keep this")
    assert "Kept." in _chat(talking)


def test_a_task_ends_in_a_review(neovim: Neovim, project: Path) -> None:
    neovim.run("Treewright task rename total to sum_up everywhere")
    _until_said(neovim, "→ Review:")
    neovim.run("call search('→ Review', 'w')")
    neovim.keys("<CR>")
    neovim.until("vim.fn.bufname() == 'treewright://review'")
    assert "shop/cart.py" in neovim.text()
    neovim.run("3")
    neovim.keys("a")
    assert "def sum_up(" in neovim.text_of(project / "shop/prices.py")
    assert (project / "shop/cart.py").read_text().count("sum_up") == 0


def test_lists_of_similar_code_and_of_impact(neovim: Neovim) -> None:
    neovim.cursor(1, 5)
    neovim.run("Treewright impact")
    neovim.until("vim.fn.getqflist({ title = 0 }).title == 'impact of total'")
    rows = neovim.lua("return vim.tbl_map(function(i) return i.text end, vim.fn.getqflist())")
    assert any("show" in row for row in rows)
    neovim.run("cclose")
    neovim.run("Treewright similar")
    neovim.until("vim.fn.getqflist({ title = 0 }).title:find('^like .*shop/prices.py:1$')")


def test_the_graph_is_a_tree_to_walk_in(neovim: Neovim) -> None:
    neovim.cursor(1, 5)
    neovim.run("Treewright graph")
    neovim.until("vim.bo.filetype == 'treewright-graph'")
    lines = neovim.text().splitlines()
    assert lines[1].startswith("function total  shop/prices.py:1")
    assert any(line.startswith("  ← function show  shop/cart.py:4") for line in lines)
    assert len(lines) == len(set(lines))
    neovim.run("call search('function show')")
    neovim.keys("c")  # from there: what it uses
    neovim.until("vim.fn.getline(2):find('^function show')")
    assert "  → function total  shop/prices.py:1" in neovim.text()
    neovim.run("call search('function total')")
    neovim.keys("<CR>")
    assert neovim.nvim.current.buffer.name.endswith("shop/prices.py")
    neovim.run("Treewright graph callers 1")
    neovim.until("vim.fn.getline(1):find('^callers, 1 step')")
    neovim.lua("vim.ui.select = function(items, _, done) done('impact') end")
    neovim.keys("m")
    neovim.until("vim.fn.getline(1):find('^impact')")
    neovim.keys("+")
    neovim.until("vim.fn.getline(1):find('2 steps')")
    neovim.lua("pcall(vim.cmd, 'Treewright graph sideways')")
    assert "no such graph: sideways" in neovim.messages()


def test_lenses_open_the_references(neovim: Neovim) -> None:
    neovim.lua("vim.lsp.codelens.refresh({ bufnr = 0 })")
    neovim.until(
        "vim.iter(vim.lsp.codelens.get(0)):any(function(l)"
        " return l.command and l.command.title == '2 references' end)"
    )
    neovim.cursor(1)
    neovim.lua("""
        vim.ui.select = function(items, _, done)
          for i, item in ipairs(items) do
            local lens = item.lens or item
            if lens.command.title == '2 references' then return done(item, i) end
          end
        end
        vim.lsp.codelens.run()
    """)
    neovim.until("#vim.fn.getqflist() == 2")


def test_subcommands_complete(neovim: Neovim) -> None:
    found = neovim.nvim.funcs.getcompletion("Treewright ", "cmdline")
    assert {"ask", "edit", "fix", "refactor", "tests", "explain", "chat", "task"} <= set(found)
    assert {"similar", "impact", "review", "accept", "reject", "callers", "status"} <= set(found)
    assert neovim.nvim.funcs.getcompletion("Treewright feedback d", "cmdline") == ["dpo"]
    plugs = neovim.lua("return vim.fn.maparg('<Plug>(treewright-explain)', 'x') ~= ''")
    assert plugs


def test_a_server_that_is_killed_comes_back_and_nothing_is_lost(
    neovim: Neovim, project: Path
) -> None:
    neovim.keys("Gonew = 1<Esc>")
    before = neovim.text()
    pid = neovim.lua("""
        local children = vim.api.nvim_get_proc_children(vim.uv.os_getpid())
        return children[1]
    """)
    os.kill(pid, signal.SIGKILL)
    neovim.until("vim.fn.execute('messages'):find('starts again in')")
    neovim.until("#vim.lsp.get_clients({ name = 'treewright', bufnr = 0 }) == 1")
    neovim.until("(require('treewright.status').get() or {}).ready")
    assert neovim.text() == before
    assert neovim.lua("return require('treewright').statusline()") == "treewright"


def test_other_servers_are_told_and_a_list_of_ones_own_stays(neovim: Neovim) -> None:
    told = "vim.lsp.get_clients({ name = 'treewright' })[1].settings.treewright.features.beside"
    neovim.lua("""
        vim.lsp.start({ name = 'basedpyright', root_dir = vim.fn.getcwd(), cmd = function()
          return {
            request = function(method, _, callback)
              if method == 'initialize' then callback(nil, { capabilities = {} }) end
              return true, 1
            end,
            notify = function() return true end,
            is_closing = function() return false end,
            terminate = function() end,
          }
        end })
    """)
    neovim.until(f"vim.deep_equal({told}, {{ 'basedpyright' }})")
    # The server hears it: what basedpyright does as well is quiet now.
    neovim.lua("""
        local function ask()
          local client = vim.lsp.get_clients({ name = 'treewright' })[1]
          local params = vim.lsp.util.make_position_params(0, client.offset_encoding)
          params.position = { line = 0, character = 5 }
          client:request('textDocument/hover', params, function(_, result)
            vim.g.quiet = result == nil or result == vim.NIL
            if not vim.g.quiet then vim.defer_fn(ask, 50) end
          end, vim.api.nvim_get_current_buf())
        end
        ask()
    """)
    neovim.until("vim.g.quiet")


def test_without_a_server_everything_says_so(tmp_path: Path, project: Path) -> None:
    editor = Neovim(
        tmp_path, {**os.environ, "HOME": str(tmp_path), "TREEWRIGHT_CMD": "/nowhere/treewright"}
    )
    try:
        editor.open(project / "shop/prices.py")
        for command in ("status", "search x", "impact", "review", "callers x"):
            editor.lua("pcall(vim.cmd, 'Treewright ' .. ...)", command)  # an error is raised
        assert "no server is running here" in editor.messages()
        editor.run("Treewright chat hello")
        assert "Failed: no server is running here" in _chat(editor)
        editor.run("checkhealth treewright")
        assert "cannot be run" in editor.text()
    finally:
        editor.close()
