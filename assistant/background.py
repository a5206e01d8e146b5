"""Update of a library in a process of its own, for a face that must stay responsive.

Building imports torch, which holds Python's lock for seconds and prints as it likes; and a process can be stopped at
any moment, because a library is always as it was before or after an update.
"""

import contextlib
import multiprocessing
import os
import sys
from collections.abc import Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path

from assistant import messages
from assistant.errors import AssistantError, Unusable
from assistant.generation import Progress
from assistant.indexing import Summary, update
from assistant.messages import _


class Update:
    """One update of the library in `folder` with the files at `paths`, as `indexing.update` does it."""

    def __init__(self, folder: Path, paths: Sequence[Path]) -> None:
        spawn = multiprocessing.get_context("spawn")
        self._folder = folder
        self._reports, reports_to = spawn.Pipe(duplex=False)
        given = (reports_to, folder, paths, messages.in_use())
        self._process: BaseProcess = spawn.Process(target=_work, args=given, daemon=True)
        # A terminal UI puts an object without a file descriptor in the place of stderr, which starting cannot bear.
        with contextlib.redirect_stderr(sys.__stderr__):
            self._process.start()
        # Only the child may hold this end, so that its death ends the reports.
        reports_to.close()

    def finish(self, progress: Progress) -> Summary:
        """Wait for the end. Raises what `indexing.update` raises, and Unusable if it was stopped."""
        try:
            while True:
                report = self._reports.recv()
                if isinstance(report, Summary):
                    return report
                if isinstance(report, AssistantError):
                    raise report
                progress(*report)
        except EOFError as error:
            raise Unusable(
                _("the update of {folder} was stopped; the library is as it was.").format(folder=self._folder),
                _("Type it again to see why: assistant index --library {folder}").format(folder=self._folder),
            ) from error
        finally:
            self._process.join()
            self._process.close()

    def stop(self) -> None:
        """End it now; the library is then as it was."""
        self._process.terminate()


def _work(reports_to: Connection, folder: Path, paths: Sequence[Path], language: str) -> None:
    # The terminal belongs to the face: nothing that a library prints may reach it.
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    os.dup2(nowhere, 2)
    messages.use(language)
    try:
        reports_to.send(update(folder, paths, progress=lambda done, todo: reports_to.send((done, todo))))
    except AssistantError as error:
        reports_to.send(error)
