"""A workspace that is not trusted: nothing runs, nothing is written, its files set nothing."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from treewright_server import dotenv, settings, tasking

KEY = "made-up-key"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / ".env").write_text("OPENAI_BASE_URL=http://model.example/v1\nOPENAI_MODEL=m\n")
    return tmp_path


def _track(folder: Path) -> None:
    for argv in (["init", "-q"], ["add", "-f", ".env"]):
        subprocess.run(["git", *argv], cwd=folder, check=True, capture_output=True)


def test_an_address_that_came_with_the_repository_is_not_taken(project: Path) -> None:
    values, refused = dotenv.read(str(project))
    assert values["OPENAI_BASE_URL"]
    assert not refused
    _track(project)
    values, refused = dotenv.read(str(project))
    assert values == {"OPENAI_MODEL": "m"}
    assert "OPENAI_BASE_URL" in refused
    inner = project / "inner"
    inner.mkdir()
    (inner / ".env").write_text("MCP_SERVER_URL=http://steps.example\n")
    assert dotenv.read(str(inner))[1] == ""  # git does not know that one


def test_a_repository_that_git_cannot_read_vouches_for_nothing(project: Path) -> None:
    (project / ".git").write_text("gitdir: /nowhere\n")
    assert "OPENAI_BASE_URL" in dotenv.read(str(project))[1]


def test_the_users_key_goes_to_no_address_of_a_file() -> None:
    file = {"OPENAI_BASE_URL": "http://model.example/v1"}
    built, _ = settings.build({}, {"OPENAI_API_KEY": KEY}, file)
    assert built.agent.openai_base_url == "http://model.example/v1"
    assert built.agent.openai_api_key is None
    both = {**file, "OPENAI_API_KEY": "of the file"}
    assert (
        settings.build({}, {"OPENAI_API_KEY": KEY}, both)[0].agent.openai_api_key == "of the file"
    )
    own = {"OPENAI_API_KEY": KEY, "OPENAI_BASE_URL": "http://mine.example"}
    built, _ = settings.build({}, own, file)
    assert (built.agent.openai_base_url, built.agent.openai_api_key) == ("http://mine.example", KEY)


def test_a_file_does_not_say_that_it_is_trusted() -> None:
    built, _ = settings.build({}, {"TREEWRIGHT_TRUSTED": "0"}, {"TREEWRIGHT_TRUSTED": "1"})
    assert not built.agent.trusted
    assert settings.build({}, {}, {"TREEWRIGHT_TRUSTED": "0"})[0].agent.trusted


def test_services_of_an_untrusted_folder_hold_nothing_that_runs(tmp_path: Path) -> None:
    from treewright_agent.guard import Trust
    from treewright_indexer.snapshot import Snapshot

    layer = settings.AgentLayer()
    services = tasking.services_of(layer, str(tmp_path), {}, trusted=False, persistent=False)
    assert services.trust == Trust.NONE
    assert services.repair is None
    assert services.workshop(Snapshot(0, (), {}), str(tmp_path)) is None


def test_a_weaker_sandbox_than_the_setting_names_runs_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from treewright_agent import sandbox
    from treewright_agent.sandbox import Level, Protection
    from treewright_indexer.snapshot import Snapshot

    weak = Protection(Level.LANDLOCK, "Landlock", ((Level.BUBBLEWRAP, "bwrap was not found"),))
    monkeypatch.setattr(sandbox, "active", lambda: weak)
    told: list[str] = []
    layer = settings.build({"agent": {"sandboxMinimum": "bubblewrap"}})[0].agent
    services = tasking.services_of(layer, str(tmp_path), {}, persistent=False, tell=told.append)
    assert services.repair is None
    assert services.workshop(Snapshot(0, (), {}), str(tmp_path)) is None
    assert "bwrap was not found" in told[0]
    assert tasking.services_of(settings.AgentLayer(), str(tmp_path), {}, persistent=False).repair
