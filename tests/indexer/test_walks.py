"""Walks over the graph: text in, names out."""

from __future__ import annotations

from pathlib import Path

from tests.support.fixtures import Fixture, workspace_of
from treewright_indexer.graph import targets_named
from treewright_indexer.graph.hierarchy import overridden, overrides, subtypes, supertypes
from treewright_indexer.graph.model import Target
from treewright_indexer.graph.modules import import_cycles, imports_of
from treewright_indexer.graph.walks import impact, related, shortest_path

CHAIN = """
//- low.py
def read(): ...
def lonely(): ...
//- middle.py
from low import read
def load():
    return read()
def other():
    return load()
//- top.py
from middle import load, other
class App:
    def run(self):
        load()
        self.stop()
    def stop(self):
        self.run()
def main():
    App().run()
    other()
"""


def named(fixture: Fixture, name: str) -> Target:
    (target,) = targets_named(fixture.snapshot, name)
    return target


def test_impact_goes_outwards_by_depth(tmp_path: Path) -> None:
    with workspace_of(tmp_path, CHAIN) as fixture:
        read = named(fixture, "read")
        near = impact(fixture.snapshot, read, 1)
        assert [(r.target.name, r.depth) for r in near] == [("load", 1)]
        far = impact(fixture.snapshot, read, 3)
        assert {(r.target.name, r.depth) for r in far} == {
            ("load", 1), ("other", 2), ("run", 2), ("main", 3), ("stop", 3),
        }  # fmt: skip


def test_a_cycle_and_a_hub_end(tmp_path: Path) -> None:
    users = "".join(f"def u{n}():\n    hub()\n" for n in range(1000))
    with workspace_of(tmp_path, f"def hub(): ...\n{users}") as fixture:
        reached = impact(fixture.snapshot, named(fixture, "hub"), 5)
        assert len(reached) == 400
        assert {r.depth for r in reached} == {1}


def test_the_shortest_way(tmp_path: Path) -> None:
    with workspace_of(tmp_path, CHAIN) as fixture:
        way = shortest_path(fixture.snapshot, named(fixture, "main"), named(fixture, "read"))
        assert [step.target.name for step in way] == ["main", "other", "load", "read"] or [
            step.target.name for step in way
        ] == ["main", "run", "load", "read"]
        assert (
            shortest_path(fixture.snapshot, named(fixture, "main"), named(fixture, "lonely")) == []
        )


def test_related_symbols_rank_near_ones_first(tmp_path: Path) -> None:
    with workspace_of(tmp_path, CHAIN) as fixture:
        ranked = related(fixture.snapshot, [named(fixture, "read")])
        names = [item.target.name for item in ranked]
        assert names[0] == "load"
        assert "lonely" not in names
        assert sum(item.score for item in ranked) <= 1


HIERARCHY = """
//- base.py
class Base:
    def run(self): ...
    def stop(self): ...
//- derived.py
from base import Base
class Derived(Base):
    def run(self): ...
class Last(Derived):
    def run(self): ...
class Unrelated:
    def run(self): ...
"""


def test_hierarchy(tmp_path: Path) -> None:
    with workspace_of(tmp_path, HIERARCHY) as fixture:
        snapshot = fixture.snapshot
        base_run, last_run = named(fixture, "Base.run"), named(fixture, "Last.run")
        assert [t.container for t in overrides(snapshot, base_run)] == ["Derived", "Last"]
        assert [t.container for t in overridden(snapshot, last_run)] == ["Derived", "Base"]
        assert [t.name for t in subtypes(snapshot, named(fixture, "Base"))] == ["Derived"]
        assert [t.name for t in supertypes(snapshot, named(fixture, "Last"))] == ["Derived"]


def test_import_cycles_count_what_runs(tmp_path: Path) -> None:
    text = """
    //- p/__init__.py
    //- p/a.py
    from p.b import x
    //- p/b.py
    from .c import y
    //- p/c.py
    import p.a
    //- p/d.py
    from p import e
    //- p/e.py
    from typing import TYPE_CHECKING
    if TYPE_CHECKING:
        from p import d
    def f():
        from p import d
    """
    with workspace_of(tmp_path, text) as fixture:
        snapshot = fixture.snapshot
        (cycle,) = import_cycles(snapshot)
        assert [fixture.show(path, 0) for path in cycle] == ["p/a.py:1", "p/b.py:1", "p/c.py:1"]
        lazy = imports_of(snapshot, fixture.absolute("p/e.py"))
        assert [edge.runtime for edge in lazy] == [False, False]
        assert len(import_cycles(snapshot, runtime_only=False)) == 2
