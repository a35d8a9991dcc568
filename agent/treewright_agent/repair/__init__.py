"""Repair by search: mend failing Python tests without a language model.

`repairer()` gives what tasks call: (snapshot, root, tests, seconds, token) -> Repaired, its
changes best first and confirmed by a clean run of the project's own test runner.

How it works, in the order of the modules: a process in the sandbox has the tests loaded
(`session`, `host`); what failing tests say (`clues`) and which lines only they run
(`suspicion`) order the places; operators (`mutate`) make small text edits there, cheapest
first (`space`); forked children judge thousands of them (`search`); what passes every test is
ranked by likelihood, by bad signs in the code and by agreement on inputs that the tests do not
have (`ranking`). Repairs that behave differently are offered side by side, with an input that
tells them apart (`offer`).
"""

from treewright_agent.repair.fix import Outcome, repair_folder
from treewright_agent.repair.offer import Patch, ambiguity, patches_of
from treewright_agent.repair.repairer import mend, repairer
from treewright_agent.repair.search import Budget
from treewright_agent.repair.session import HostFailedError

__all__ = [
    "Budget",
    "HostFailedError",
    "Outcome",
    "Patch",
    "ambiguity",
    "mend",
    "patches_of",
    "repair_folder",
    "repairer",
]
