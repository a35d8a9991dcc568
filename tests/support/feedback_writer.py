"""A process that records and forwards until it is killed; run by the tests of crashes.

    python -m tests.support.feedback_writer FOLDER SINK RUN

Prints one line, at once, for every proposal that the store has acknowledged.
"""

from __future__ import annotations

import sys
import threading
import time
from pathlib import Path

from tests.support.proposals import proposal_of
from treewright_agent.feedback import FeedbackStore
from treewright_agent.feedback.outbox import Outbox
from treewright_agent.feedback.sinks import sink_of


def main(folder: str, address: str, run: str) -> None:
    store = FeedbackStore.open(Path(folder))
    outbox, sink = Outbox(store, "sink", with_code=True), sink_of(address, {})

    def forward() -> None:
        while True:
            outbox.seal()
            outbox.drain(sink, now=time.time())

    threading.Thread(target=forward, daemon=True).start()
    number = 0
    while True:
        name = f"{run}-{number}"
        store.record_proposal(proposal_of(name), f"/w/{number % 3}")
        store.record_outcome(name, "accepted")
        sys.stdout.write(f"{name}\n")
        sys.stdout.flush()
        number += 1


if __name__ == "__main__":
    main(*sys.argv[1:])
