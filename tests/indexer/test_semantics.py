"""Providers of semantics: an installed server as a child, its faults, who is asked, and ty itself."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.support.fixtures import Fixture, workspace_of
from treewright_indexer import graph
from treewright_indexer.cancel import CancelToken
from treewright_indexer.errors import CancelledError
from treewright_indexer.graph.model import Confidence
from treewright_indexer.graph.resolve import Resolver
from treewright_indexer.ide.definitions import definitions
from treewright_indexer.semantics.answers import Place, Provider, Question, Suggestion
from treewright_indexer.semantics.language_server import LanguageServer
from treewright_indexer.semantics.providers import Oracle, Providers
from treewright_indexer.semantics.reading import Positions, Reader
from treewright_indexer.semantics.servers import ServerSpec, find, spec_of
from treewright_indexer.snapshot import Snapshot
from treewright_indexer.text import SourceText, Span

FAKE = ServerSpec("fake", {"python": "python"}, ("fake",))
Make = Callable[..., LanguageServer]


@pytest.fixture
def server() -> Iterator[Make]:
    made: list[LanguageServer] = []

    def make(mode: str, **limits: Any) -> LanguageServer:
        command = [sys.executable, "-m", "tests.support.fake_server", mode]
        child = LanguageServer(
            FAKE, ["/usr/bin/env", f"PYTHONPATH={Path.cwd()}", *command], **limits
        )
        made.append(child)
        return child

    yield make
    for child in made:
        child.close()


@pytest.fixture
def fixture(tmp_path: Path) -> Iterator[Fixture]:
    with workspace_of(tmp_path, "def f(): ...\nf$0()\n") as made:
        yield made


def ask(fixture: Fixture, deadline_s: float = 10.0, token: CancelToken | None = None) -> Question:
    token = token or CancelToken()
    return Question(fixture.snapshot, fixture.path, fixture.offset, token, deadline_s)


def seen(child: LanguageServer, question: Question) -> dict[str, Any]:
    """What the child knows, as it tells in a hover."""
    found = child.help(question)
    assert found
    assert found[0].doc == "words"
    return json.loads(found[0].signatures[0])


def test_a_place_is_read_in_bytes(server: Make, fixture: Fixture) -> None:
    found = server("plain").places("definition", ask(fixture))
    assert found == [Place(fixture.path, Span(4, 7))]


def test_the_child_starts_with_the_first_question(server: Make, fixture: Fixture) -> None:
    child = server("plain")
    assert not child.running
    child.places("definition", ask(fixture))
    assert child.running


def test_it_sees_unsaved_text_and_every_change_of_it(server: Make, fixture: Fixture) -> None:
    child = server("plain")
    assert seen(child, ask(fixture))["text"] == "def f(): ...\nf()\n"
    fixture.open("main.py", "x = 1\nyy\n")
    assert seen(child, ask(fixture))["text"] == "x = 1\nyy\n"
    fixture.workspace.change_document(fixture.path, 2, [(Span(0, 1), "long")])
    assert seen(child, ask(fixture))["text"] == "long = 1\nyy\n"
    fixture.workspace.close_document(fixture.path)
    assert seen(child, ask(fixture))["text"] == "def f(): ...\nf()\n"


def test_an_older_snapshot_is_answered_from_its_own_text(server: Make, fixture: Fixture) -> None:
    child = server("plain")
    fixture.open("main.py", "old\nold\n")
    before = ask(fixture)
    fixture.workspace.change_document(fixture.path, 2, [(None, "new\nnew\n")])
    assert seen(child, ask(fixture))["text"] == "new\nnew\n"
    assert seen(child, before)["text"] == "old\nold\n"


def test_files_that_changed_on_disk_are_told(server: Make, fixture: Fixture) -> None:
    child = server("plain")
    seen(child, ask(fixture))
    child.changed([fixture.absolute("other.py")])
    assert seen(child, ask(fixture))["changed"] == [Path(fixture.absolute("other.py")).as_uri()]


def test_positions_are_converted_for_a_server_that_counts_utf16(
    server: Make, tmp_path: Path
) -> None:
    with workspace_of(tmp_path, "def f(): ...\n'😀' + f$0()\n") as fixture:
        position = seen(server("utf16"), ask(fixture))["position"]
        assert position == {"line": 1, "character": 8}
        assert seen(server("plain"), ask(fixture))["position"]["character"] == 10


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
@pytest.mark.parametrize("offset", range(4, 15))
def test_positions_there_and_back(encoding: str, offset: int) -> None:
    positions = Positions(SourceText.of("a\nb '😀é' c\n"), encoding)
    if offset in (6, 7, 8, 10):  # inside a character
        return
    assert positions.offset(positions.of(offset)) == min(offset, 14)


@pytest.mark.parametrize("mode", ["dies", "refuses", "rubbish"])
def test_a_child_that_ends_is_no_answer_and_is_not_started_at_once(
    server: Make, fixture: Fixture, mode: str
) -> None:
    child = server(mode)
    assert child.places("definition", ask(fixture)) is None
    end = time.monotonic() + 5
    while child.running and time.monotonic() < end:  # its end is seen by another thread
        time.sleep(0.01)
    started = time.monotonic()
    assert child.places("definition", ask(fixture)) is None
    assert time.monotonic() - started < 0.4
    assert not child.running


def test_a_late_answer_is_dropped_and_the_next_question_gets_its_own(
    server: Make, fixture: Fixture
) -> None:
    child = server("slow")
    assert child.help(ask(fixture)) is not None
    assert child.places("definition", ask(fixture, 0.1)) is None
    assert child.running
    assert seen(child, ask(fixture))["open"] == 1


def test_a_cancelled_question_ends_at_once(server: Make, fixture: Fixture) -> None:
    child = server("silent")
    assert child.places("definition", ask(fixture, 0.5)) is None  # it is up
    token = CancelToken()
    token.cancel()
    with pytest.raises(CancelledError):
        child.places("definition", ask(fixture, 10, token))


def test_answers_of_unknown_shapes_are_nothing(server: Make, fixture: Fixture) -> None:
    child = server("wrong")
    assert child.places("definition", ask(fixture)) == []
    assert child.help(ask(fixture)) == []
    assert child.signatures(ask(fixture)) == []
    assert child.complete(ask(fixture)) == []


def test_an_error_is_no_answer(server: Make, fixture: Fixture) -> None:
    child = server("errors")
    assert child.places("definition", ask(fixture)) is None
    assert child.help(ask(fixture)) is None
    assert child.running


def test_a_server_that_refuses_to_start_is_left_alone(server: Make, fixture: Fixture) -> None:
    child = server("unfit")
    assert child.places("definition", ask(fixture)) is None
    assert not child.running


@pytest.mark.parametrize(
    ("text", "signatures", "doc"),
    [
        ("```go\nfunc F()\n```\nDoes.", ("func F()",), "Does."),
        ("```c\na\n```\n---\n```c\nb\n```", ("a", "b"), ""),
        ("### function `area`\n\n---\nArea.\n```cpp\nint area()\n```", ("int area()",), "Area."),
        ("Only words.", (), "Only words."),
    ],
)
def test_hovers_of_several_servers(
    fixture: Fixture, text: str, signatures: tuple[str, ...], doc: str
) -> None:
    answer = {"contents": {"kind": "markdown", "value": text}}
    (found,) = Reader(fixture.snapshot, "utf-8").help(answer)
    assert found.signatures == signatures
    assert doc in found.doc


def test_an_attribute_given_with_its_receiver_is_the_attribute(fixture: Fixture) -> None:
    other = Path(fixture.absolute("other.py"))
    other.write_text("self.value = 1\n")
    range_ = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 10}}
    answer = [{"uri": other.as_uri(), "range": range_}]
    (place,) = Reader(fixture.snapshot, "utf-8").places(answer)
    assert place.span == Span(5, 10)


def test_a_program_that_is_not_there(fixture: Fixture) -> None:
    child = LanguageServer(FAKE, ["/nowhere/at/all"])
    assert child.places("definition", ask(fixture)) is None
    child.close()


def test_an_idle_child_is_ended_and_comes_back(server: Make, fixture: Fixture) -> None:
    child = server("plain", idle_s=0.05)
    assert child.places("definition", ask(fixture))
    end = time.monotonic() + 5
    while child.running and time.monotonic() < end:
        time.sleep(0.02)
    assert not child.running
    assert child.places("definition", ask(fixture))


def test_a_child_that_grows_too_large_is_replaced(server: Make, fixture: Fixture) -> None:
    child = server("plain", max_mb=1)
    assert seen(child, ask(fixture))["open"] == 1
    child.changed(["/x.py"])
    assert seen(child, ask(fixture))["changed"]
    for _ in range(64):
        child.places("definition", ask(fixture))
    assert seen(child, ask(fixture))["changed"] == []  # another process


# Who is asked


class Scripted:
    """A provider that says what it is told to."""

    def __init__(self, name: str, places: list[Place] | None, members: Sequence[str] = ()) -> None:
        self.name = name
        self._places = places
        self._members = members
        self.asked = 0

    def places(self, what: str, question: Question) -> list[Place] | None:
        self.asked += 1
        return self._places

    def help(self, question: Question) -> None: ...

    def signatures(self, question: Question) -> None: ...

    def complete(self, question: Question) -> list[Suggestion]:
        self.asked += 1
        return [Suggestion(name, "", "") for name in self._members]

    def changed(self, paths: list[str]) -> None: ...

    def close(self) -> None: ...


def scripted(monkeypatch: pytest.MonkeyPatch, *row: Scripted) -> Providers:
    providers = Providers()
    chain: list[Provider] = [*row]

    def who(snapshot: Snapshot, path: str) -> list[Provider]:
        return chain

    monkeypatch.setattr(providers, "_chain", who)
    return providers


def test_the_next_one_is_asked_when_one_cannot_say(
    monkeypatch: pytest.MonkeyPatch, fixture: Fixture
) -> None:
    place = Place(fixture.path, Span(4, 5))
    first, second = Scripted("a", None), Scripted("b", [place])
    providers = scripted(monkeypatch, first, second)
    assert providers.places("definition", ask(fixture)) == [place]
    assert (first.asked, second.asked) == (1, 1)
    assert scripted(monkeypatch, Scripted("a", None)).places("definition", ask(fixture)) is None
    assert scripted(monkeypatch, Scripted("a", [])).places("definition", ask(fixture)) == []


def test_members_that_any_object_has_are_no_answer_while_another_can_be_asked(
    monkeypatch: pytest.MonkeyPatch, fixture: Fixture
) -> None:
    plain, knows = Scripted("a", [], ["__class__"]), Scripted("b", [], ["run"])
    both = scripted(monkeypatch, plain, knows).complete(ask(fixture))
    assert [each.label for each in both or []] == ["run"]
    alone = scripted(monkeypatch, plain).complete(ask(fixture))
    assert [each.label for each in alone or []] == ["__class__"]


def test_members_are_asked_once_for_all_letters_of_a_name(
    monkeypatch: pytest.MonkeyPatch, fixture: Fixture
) -> None:
    provider = Scripted("a", [], ["run", "stop"])
    providers = scripted(monkeypatch, provider)

    def offered(line: str, above: str = "x = 1\n") -> list[str]:
        fixture.open("main.py", f"{above}{line}\ny = 2\n")
        question = ask(fixture)._replace(offset=len(above) + len(line))
        return [each.label for each in providers.complete(question) or []]

    for line in ("x.", "x.r", "x.ru", "x."):
        assert offered(line) == ["run", "stop"]
    assert provider.asked == 1
    offered("x.r", above="x = 2\n")
    assert provider.asked == 2
    fixture.workspace.open_document(
        fixture.absolute("other.py"), "python", SourceText.of("a = 1\n"), 1
    )
    offered("x.r", above="x = 2\n")
    assert provider.asked == 3
    providers.changed([])
    offered("x.r", above="x = 2\n")
    assert provider.asked == 4


def test_an_answer_is_remembered_until_the_text_changes(
    monkeypatch: pytest.MonkeyPatch, fixture: Fixture
) -> None:
    provider = Scripted("a", [Place(fixture.path, Span(4, 5))])
    providers = scripted(monkeypatch, provider)
    for _ in range(3):
        assert providers.definitions(ask(fixture)) == [(fixture.path, 4)]
    assert provider.asked == 1
    fixture.open("main.py", "def f(): ...\nf( )\n")
    providers.definitions(ask(fixture))
    assert provider.asked == 2


def test_switched_off_nobody_is_asked(fixture: Fixture) -> None:
    assert Providers("off", jedi=False).places("definition", ask(fixture)) is None
    assert not Providers("off", jedi=False).serves(fixture.snapshot, fixture.path)


def test_a_program_of_the_workspace_runs_only_when_it_is_trusted(tmp_path: Path) -> None:
    program = tmp_path / ".venv" / "bin" / "nobody-has-this-server"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    spec = ServerSpec("x", {"python": "python"}, ("nobody-has-this-server", "--stdio"))
    assert find(spec, [str(tmp_path)], trusted=False) is None
    assert find(spec, [str(tmp_path)], trusted=True) == [str(program), "--stdio"]


# What an oracle decides, and what it is never asked


MEMBERS = """
    class Cat:
        def speak(self): ...
    class Dog:
        def speak(self): ...
    def first(items):
        return items[0]
    def talk(pet):
        pet.speak()
    Cat().speak()
    """


class Says:
    def __init__(self, *places: tuple[str, int]) -> None:
        self._places = list(places)
        self.asked: list[int] = []

    def definitions(self, path: str, offset: int) -> list[tuple[str, int]] | None:
        self.asked.append(offset)
        return self._places


def test_an_attribute_of_an_unknown_receiver_is_decided(tmp_path: Path) -> None:
    with workspace_of(tmp_path, MEMBERS) as fixture:
        path = fixture.absolute("main.py")
        data = fixture.snapshot.text(path).data
        dog = data.index(b"speak", data.index(b"Dog"))
        use = data.index(b"pet.speak") + 4
        oracle = Says((path, dog))
        guessed = graph.definitions(fixture.snapshot, path, use)
        assert {target.confidence for target in guessed} == {graph.Confidence.NAME}
        decided = graph.definitions(fixture.snapshot, path, use, oracle=oracle)
        assert [(t.container, t.confidence) for t in decided] == [("Dog", graph.Confidence.EXACT)]
        uses = graph.references(fixture.snapshot, decided[0], oracle=oracle)
        assert [use.span.start for use in uses] == [dog, data.index(b"pet.speak") + 4]


def test_what_the_graph_proves_is_not_asked(tmp_path: Path) -> None:
    with workspace_of(tmp_path, MEMBERS) as fixture:
        path = fixture.absolute("main.py")
        oracle = Says()
        start = fixture.snapshot.text(path).data.index(b"Cat().speak") + 6
        found = graph.definitions(fixture.snapshot, path, start, oracle=oracle)
        assert [target.container for target in found] == ["Cat"]
        assert oracle.asked == []


def test_the_uses_of_a_function_ask_nobody(tmp_path: Path) -> None:
    with workspace_of(tmp_path, MEMBERS + "\n    x.first\n") as fixture:
        oracle = Says()
        target = graph.targets_named(fixture.snapshot, "first")[0]
        graph.references(fixture.snapshot, target, oracle=oracle)
        assert oracle.asked == []


def test_a_budget_of_questions(monkeypatch: pytest.MonkeyPatch, fixture: Fixture) -> None:
    provider = Scripted("a", [])
    providers = scripted(monkeypatch, provider)
    oracle = Oracle(providers, fixture.snapshot, CancelToken(), questions=2)
    assert oracle.definitions(fixture.path, 0) == []
    assert oracle.definitions(fixture.path, 1) == []
    assert oracle.definitions(fixture.path, 2) is None
    assert provider.asked == 2


# ty itself


TYPED = """
    class Engine:
        def start(self) -> "Engine": ...
    class Robot:
        def start(self): ...
    engines = [Engine()]
    for engine in engines:
        engine.start$0()
    """


@pytest.fixture(scope="module")
def ty() -> Iterator[Providers]:
    spec = spec_of("ty")
    assert spec is not None
    if find(spec, [], trusted=False) is None:
        pytest.skip("ty is not installed")
    providers = Providers("ty", jedi=False)
    yield providers
    providers.close()


def test_ty_decides_what_a_loop_variable_is(ty: Providers, tmp_path: Path) -> None:
    with workspace_of(tmp_path, TYPED) as fixture:
        oracle = Oracle(ty, fixture.snapshot, CancelToken(), budget_s=20)
        found = definitions(fixture.snapshot, fixture.path, fixture.offset, CancelToken(), oracle)
        assert [(target.container, target.name) for target in found] == [("Engine", "start")]
        help_ = ty.help(ask(fixture, 20))
        assert help_
        assert "start" in help_[0].signatures[0]


def test_ty_offers_members_inside_a_word_and_signatures_before_an_argument(
    ty: Providers, tmp_path: Path
) -> None:
    with workspace_of(tmp_path, TYPED) as fixture:
        start = fixture.offset - len("start")
        labels = [s.label for s in ty.complete(ask(fixture, 20)._replace(offset=start)) or []]
        assert "start" in labels
    with workspace_of(tmp_path / "b", "print(1, $0len('x'))\n") as fixture:
        found = ty.signatures(ask(fixture, 20))
        assert found
        assert any("*values" in signature.label for signature in found)
    with workspace_of(tmp_path / "c", "print($0len('x'), 1)\n") as fixture:
        found = ty.signatures(ask(fixture, 20))
        assert any("*values" in signature.label for signature in found or [])


def test_ty_knows_the_standard_library(ty: Providers, tmp_path: Path) -> None:
    with workspace_of(tmp_path, "from pathlib import Path\nPath('x').read_te$0xt()\n") as fixture:
        found = ty.places("definition", ask(fixture, 20))
        assert found
        assert Path(found[0].path).name in ("pathlib.pyi", "__init__.pyi")
        target = Resolver(fixture.snapshot).symbol_starting(found[0].path, found[0].span.start)
        assert target >= 0


@pytest.mark.skipif(shutil.which("clangd") is None, reason="clangd is not installed")
def test_clangd_decides_what_an_expression_is(tmp_path: Path) -> None:
    files = {
        "shape.h": "struct shape { int side; };\nstruct shape *find(void);\n",
        "main.c": '#include "shape.h"\nint main(void) { return find()->side; }\n',
    }
    with workspace_of(tmp_path, files) as made:
        providers = Providers(trusted=True)
        try:
            path = made.absolute("main.c")
            offset = made.snapshot.text(path).data.index(b"side")
            token = CancelToken()
            known = providers.places("definition", Question(made.snapshot, path, offset, token, 30))
            assert [(Path(p.path).name, p.span) for p in known or ()] == [("shape.h", Span(19, 23))]
            oracle = Oracle(providers, made.snapshot, token)
            (target,) = definitions(made.snapshot, path, offset, token, oracle)
            assert (target.name, target.confidence) == ("side", Confidence.EXACT)
        finally:
            providers.close()
