"""What the command line made, in the same record as what an editor showed.

Only where an editor has noted that a workspace is recorded, and at that level: the settings that say
so are the editor's, and a command in a script asks nobody. What stands of it later is measured by the next
server of the workspace.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from treewright_agent.feedback import Made
    from treewright_agent.proposals import Proposal

logger = logging.getLogger("treewright")


def record(proposal: Proposal, root: str, made: Made, *, written: bool) -> None:
    """`proposal` was printed and, when `written`, is in the files. Never fails."""
    from treewright_agent.feedback import FeedbackStore, Level
    from treewright_agent.feedback.database import FILE_NAME, data_folder
    from treewright_agent.feedback.reading import consents

    try:
        folder: Path = data_folder()
        if not (folder / FILE_NAME).exists():
            return
        with FeedbackStore.open() as store:
            level = consents(store.database).get(root, Level.OFF)
            if level is Level.OFF:
                return
            store.record_proposal(proposal, root, level, made=made)
            for outcome in ("shown", "accepted") if written else ("shown",):
                store.record_outcome(proposal.id, outcome, consent=level)
    except Exception as error:  # the change matters more than its record
        logger.warning("feedback was not written: %s", error)
