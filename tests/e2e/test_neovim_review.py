"""Review in a real Neovim: hunks in the buffer, one by one, while the user goes on typing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_server import ModelServer, uses
from tests.support.neovim import Neovim, neovim_in, write

pytestmark = pytest.mark.e2e

PRICES = '''"""Prices with and without tax."""

import os

TAX = 0.19


def with_tax(cents):
    """What a customer pays."""
    return round(cents * (1 + TAX))


def total(prices):
    """Sum of all prices, with tax: 3 €."""
    return sum(with_tax(price) for price in prices)


def cheapest(prices):
    """The lowest of the prices."""
    return min(prices)
'''
FILES = {
    "pyproject.toml": "",
    "shop/__init__.py": "",
    "shop/prices.py": PRICES,
    "shop/cart.py": (
        "from shop.prices import total\n\n\ndef show(items):\n    return f'{total(items):.2f}'\n"
    ),
    "many/__init__.py": "",
    "many/base.py": "def wide_name():\n    return 1\n\n\nagain = wide_name\n",
    **{
        f"many/m{n}.py": f"from many.base import wide_name\n\n\ndef f{n}():\n    return wide_name()\n"
        for n in range(9)
    },
}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return write(tmp_path / "project", FILES)


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


def _edit(search: str, replace: str) -> tuple[str, dict[str, Any]]:
    given = {"file_path": "shop/prices.py", "search": search, "replace": replace}
    return ("edit_file", given)


LONGER = '    """The sum of all prices.\n\n    Tax is added: 3 €.\n    """'
NEW = PRICES.replace(
    '"""What a customer pays."""', '"""What a customer pays, with tax."""'
).replace('"""The lowest of the prices."""', '"""The lowest price."""')


def _three_hunks(neovim: Neovim, model: ModelServer) -> None:
    model.then(
        uses(
            _edit('"""What a customer pays."""', '"""What a customer pays, with tax."""'),
            _edit('    """Sum of all prices, with tax: 3 €."""', LONGER),
            _edit('"""The lowest of the prices."""', '"""The lowest price."""'),
        ),
        uses(("finish", {"summary": "Better words"})),
    )
    neovim.cursor(14, 4)
    neovim.run("Treewright edit Say it better")
    neovim.until("#require('treewright.proposals').entries == 1")


def _left(neovim: Neovim) -> int:
    return int(neovim.lua("return #require('treewright.inline').hunks(0)"))


def test_hunks_are_taken_and_left_one_by_one_while_the_user_types(
    neovim: Neovim, model: ModelServer, project: Path
) -> None:
    _three_hunks(neovim, model)
    assert _left(neovim) == 3
    shown = neovim.virtual_text()
    assert "1/3" in shown
    assert "<M-CR> accept" in shown
    assert "Tax is added: 3 €." in shown  # what comes is shown, and nothing of it is in the text
    assert neovim.text() == PRICES
    neovim.keys("ggO# typed by the user<Esc>")
    typed = "# typed by the user\n"
    assert neovim.text() == typed + PRICES

    neovim.cursor(1)
    neovim.keys("]h<M-CR>")  # the first one, by the keys that a review brings
    neovim.until("#require('treewright.inline').hunks(0) == 2")
    neovim.keys("GAx<Esc>u")  # typed and undone elsewhere
    neovim.cursor(1)
    neovim.run("Treewright next")
    neovim.run("Treewright reject")
    assert _left(neovim) == 1
    neovim.run("Treewright accept")
    neovim.until("#require('treewright.inline').hunks(0) == 0")
    assert neovim.text() == typed + NEW  # the second is exactly as it was
    assert _left(neovim) == 0
    assert neovim.virtual_text() == ""
    assert neovim.lua("return vim.fn.maparg('<M-CR>', 'n')") == ""  # the keys go with the review
    assert (project / "shop/prices.py").read_text() == PRICES  # nothing is written before :w

    neovim.run("silent undo")
    assert neovim.text() == typed + NEW.replace("The lowest price.", "The lowest of the prices.")
    neovim.run("silent undo")
    assert neovim.text() == typed + PRICES


def test_a_hunk_whose_text_is_edited_is_out_of_date_until_that_is_undone(
    neovim: Neovim, model: ModelServer
) -> None:
    _three_hunks(neovim, model)
    neovim.cursor(9, 10)
    neovim.keys("ix<Esc>")
    neovim.until("#require('treewright.inline').hunks(0) == 2")
    assert "out of date" in neovim.virtual_text()
    stale = "return require('treewright.proposals').entries[1]:stale()"
    assert neovim.lua(stale) == ["shop/prices.py"]
    neovim.lua("vim.ui.select = function(items, options) vim.g.asked = options.prompt end")
    neovim.run("Treewright accept-all")
    assert "out of date" in neovim.until("vim.g.asked")
    assert "The lowest price" not in neovim.text()
    neovim.run("silent undo")
    neovim.until("#require('treewright.inline').hunks(0) == 3")
    assert neovim.lua(stale) == []
    neovim.run("Treewright accept-all")
    assert neovim.text() == NEW.replace('    """Sum of all prices, with tax: 3 €."""', LONGER)
    neovim.run("silent undo")
    assert neovim.text() == PRICES


def test_a_fix_is_shown_before_it_is_made(neovim: Neovim) -> None:
    neovim.until("#vim.diagnostic.get(0) > 0")
    neovim.cursor(3, 8)
    neovim.lua("vim.ui.select = function(items, _, done) done(items[1], 1) end")
    neovim.run("Treewright fix")
    neovim.until("#require('treewright.proposals').entries == 1")
    assert neovim.text() == PRICES
    neovim.run("Treewright accept")
    assert neovim.text() == PRICES.replace("import os\n", "", 1).replace("\n\n\nTAX", "\n\nTAX", 1)
    neovim.run("silent undo")
    assert neovim.text() == PRICES


def _rename(neovim: Neovim, line: int, column: int, name: str) -> None:
    neovim.lua(
        """
        local line, column, name = ...
        require('treewright.rpc').request('treewright/propose', {
          operation = 'rename_symbol',
          arguments = {
            uri = vim.uri_from_bufnr(0), position = { line = line, character = column },
            new_name = name,
          },
        }, function(err, answer)
          vim.g.failed = err and err.message
          require('treewright.ask').offer(answer)
        end)
        """,
        line,
        column,
        name,
    )
    neovim.until("vim.g.failed or #require('treewright.proposals').entries == 1")
    assert neovim.lua("return vim.g.failed") is None


def test_a_change_of_many_files_is_reviewed_taken_whole_and_taken_back(
    neovim: Neovim, project: Path
) -> None:
    neovim.open(project / "many/base.py")
    times: list[float] = []
    for turn in range(5):
        name = f"name_{turn}"
        _rename(neovim, 0, 6, name)
        assert neovim.nvim.current.buffer.name.endswith("treewright://review")
        review = neovim.text()
        assert "many/m8.py" in review
        assert f"wide_name → {name}" in review
        assert "parse ok" in review
        assert (project / "many/m0.py").read_text() == FILES["many/m0.py"]
        neovim.run("/wide_name")
        neovim.keys("<Space>")  # a rename is one group: unticking one place unticks all
        assert "[x]" not in neovim.text()
        neovim.keys("<Space>")
        assert "[ ]" not in neovim.text()
        neovim.keys("a")
        times.append(neovim.lua("return require('treewright.proposals').last_ms"))
        assert neovim.text_of(project / "many/m3.py").count(name) == 2
        neovim.run("Treewright undo")
        assert neovim.text_of(project / "many/m3.py") == FILES["many/m3.py"]
        assert neovim.text_of(project / "many/base.py") == FILES["many/base.py"]
        neovim.keys("q")
    # 20 places in 10 files: the goal is 50 ms. On a machine that is busy with other work one of five
    # shows what it takes.
    assert min(times) < 50, times


def test_what_the_review_shows_can_be_left_and_looked_at(neovim: Neovim, project: Path) -> None:
    neovim.open(project / "many/base.py")
    _rename(neovim, 0, 6, "other_name")
    neovim.run("/wide_name")
    neovim.keys("=")
    neovim.until("vim.wo.diff")
    assert "other_name" in neovim.text()
    neovim.run("tabclose")
    neovim.run("Treewright review")
    neovim.run("3")
    neovim.keys("x")
    assert "Nothing is under review" in neovim.text()
    assert neovim.text_of(project / "many/base.py") == FILES["many/base.py"]


def test_a_stale_proposal_is_planned_again_on_the_current_text(
    neovim: Neovim, project: Path
) -> None:
    neovim.open(project / "many/m0.py")
    _rename(neovim, 4, 14, "other_name")
    neovim.open(project / "many/m1.py")
    neovim.keys("5GA + 1<Esc>")
    neovim.run("Treewright review")
    assert "out of date" not in neovim.text()  # beside the hunk, not in it: it moves along
    neovim.open(project / "many/m2.py")
    neovim.run("%s/wide_name()/wide_name_(1)/")
    neovim.run("Treewright review")
    neovim.until("vim.api.nvim_buf_get_lines(0, 0, -1, false)[4]:find('out of date')")
    neovim.run("3")
    neovim.keys("R")
    neovim.until("require('treewright.proposals').entries[1]:stale()[1] == nil")
    neovim.run("3")
    neovim.keys("a")
    assert "other_name() + 1" in neovim.text_of(project / "many/m1.py")
    assert "import other_name" in neovim.text_of(project / "many/m2.py")
    assert "wide_name_(1)" in neovim.text_of(project / "many/m2.py")


def test_outcomes_reach_the_server(neovim: Neovim, model: ModelServer) -> None:
    _three_hunks(neovim, model)
    neovim.run("Treewright accept")
    neovim.run("Treewright reject-all")
    neovim.lua("""
        local function ask()
          local method = 'treewright/proposals/list'
          require('treewright.rpc').request(method, vim.empty_dict(), function(_, list)
            vim.g.state = list[1].state
            if list[1].state == 'open' then vim.defer_fn(ask, 50) end
          end)
        end
        ask()
    """)
    neovim.until("vim.g.state and vim.g.state ~= 'open'")
    assert neovim.lua("return vim.g.state") == "accepted_in_part"


@pytest.mark.parametrize(
    ("text", "edits"),
    [
        # (start line, character, end line, character, new text), on the protocol's text
        pytest.param("a\nb\n", [(1, 0, 2, 0, "c\n")], id="the last line"),
        pytest.param("a\nb\n", [(2, 0, 2, 0, "c\n")], id="append behind the end"),
        pytest.param("a\nb\n", [(1, 0, 2, 0, "")], id="delete the last line"),
        pytest.param("a\nb\n", [(0, 0, 2, 0, "")], id="delete everything"),
        pytest.param("a\nb", [(1, 1, 1, 1, "\nc\n")], id="no line break at the end, then one"),
        pytest.param("a\nb\n", [(1, 0, 2, 0, "b")], id="the line break at the end goes"),
        pytest.param("a😋b\nc\n", [(0, 3, 0, 4, "x\ny")], id="behind two UTF-16 units"),
        pytest.param("a\nb\nc\n", [(0, 0, 1, 0, ""), (1, 0, 1, 0, "x\n"), (2, 0, 3, 0, "")],
                     id="side by side"),
        pytest.param("a\r\nb\r\n", [(0, 1, 0, 1, "x\r\ny"), (1, 0, 2, 0, "")], id="CRLF"),
    ],
)  # fmt: skip
def test_edits_give_what_the_protocol_says(
    neovim_alone: Neovim, text: str, edits: list[tuple[int, int, int, int, str]]
) -> None:
    path = neovim_alone.plugin.parent / "exact.txt"
    path.write_text(text, newline="")
    hunks: list[dict[str, Any]] = [
        {
            "id": f"0/{n}",
            "range": {
                "start": {"line": first[0], "character": first[1]},
                "end": {"line": first[2], "character": first[3]},
            },
            "oldText": _between(text, first[:4]),
            "newText": first[4],
            "label": "",
            "note": "",
            "needsConfirmation": False,
            "groups": [],
        }
        for n, first in enumerate(edits)
    ]
    expected = text
    for first in reversed(edits):
        start, end = _offset(text, first[0], first[1]), _offset(text, first[2], first[3])
        expected = expected[:start] + first[4] + expected[end:]
    # One by one, in each order, and all at once: the same text comes out.
    for order in (range(len(edits)), reversed(range(len(edits))), None):
        path.write_text(text, newline="")
        neovim_alone.run(f"edit! {path}")
        neovim_alone.lua(
            """
            local hunks, uri, order = ...
            local entry = require('treewright.hunks').entry({
              id = 'x', changes = {{ uri = uri, path = 'exact.txt', kind = 'edit', hunks = hunks }},
            }, 'utf-16')
            local proposals = require('treewright.proposals')
            proposals.entries = { entry }
            assert(entry:place(entry.proposal.changes[1]))
            if #order > 0 then
              for _, n in ipairs(order) do
                assert(proposals.accept(entry, { hunks[n + 1].id }))
              end
            else
              assert(proposals.accept(entry, vim.tbl_map(function(h) return h.id end, hunks)))
            end
            """,
            hunks,
            path.as_uri(),
            [] if order is None else list(order),
        )
        neovim_alone.run("silent write")
        # Neovim ends a text file with a line break, whatever it ended with ('fixendofline').
        ends = "\n" if expected and not expected.endswith("\n") else ""
        assert path.read_bytes() == (expected + ends).encode()


def _offset(text: str, line: int, character: int) -> int:
    start = sum(len(each) for each in text.splitlines(keepends=True)[:line])
    rest, at = text[start:], 0
    while character > 0:
        character -= 2 if ord(rest[at]) > 0xFFFF else 1
        at += 1
    return start + at


def _between(text: str, place: tuple[int, int, int, int]) -> str:
    return text[_offset(text, place[0], place[1]) : _offset(text, place[2], place[3])]


@pytest.fixture
def neovim_alone(tmp_path: Path) -> Iterator[Neovim]:
    """Without a server: what is told to it goes nowhere."""
    import os

    editor = Neovim(tmp_path, {**os.environ, "HOME": str(tmp_path)})
    yield editor
    editor.close()
