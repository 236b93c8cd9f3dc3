"""A grader whose processes are killed, for tests of whoever starts them."""

from __future__ import annotations

import os
import signal
from pathlib import Path

from autograder.judge.batch import Graded, Grader
from autograder.notebook.repair import Submission
from autograder.report.record import Report


class Fragile(Grader):
    """Gives no marks; whoever grades `mine` is killed, as often as the salt says."""

    def graded(self, notebook: Path, submission: Submission | None = None) -> Graded:
        """Say which process this is; attempts are counted in a file, for a killed one forgets."""
        if notebook.name == "mine":
            attempts = notebook.parent / "attempts"
            with attempts.open("a") as file:
                file.write("x")
            if len(attempts.read_text()) <= int(self.offering.salt):
                os.kill(os.getpid(), signal.SIGKILL)
        return Graded(notebook, Report("seq2seq", (), student=str(os.getpid())))
