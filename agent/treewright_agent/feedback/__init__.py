"""Feedback: Proposals and Outcomes, recorded on this machine, exported for training.

Stored data is made of what was shown and what the user did with it, never of guesses.
"""

from treewright_agent.feedback.export import Exported, export, export_folder, message_rows
from treewright_agent.feedback.formats import FORMATS
from treewright_agent.feedback.outcomes import KEPT, Outcome
from treewright_agent.feedback.reading import ProposalRow
from treewright_agent.feedback.redact import Redactor, redact
from treewright_agent.feedback.samples import Filter
from treewright_agent.feedback.store import FeedbackStore, Level, Made, data_folder

__all__ = [
    "FORMATS",
    "KEPT",
    "Exported",
    "FeedbackStore",
    "Filter",
    "Level",
    "Made",
    "Outcome",
    "ProposalRow",
    "Redactor",
    "data_folder",
    "export",
    "export_folder",
    "message_rows",
    "redact",
]
