"""What all screens share that have work done in threads."""

from functools import partial
from typing import TYPE_CHECKING, Any

from textual.message import Message
from textual.screen import Screen
from textual.worker import Worker, WorkerState

from assistant.messages import _
from assistant.tui import events

if TYPE_CHECKING:
    from assistant.errors import AssistantError


class Working(Screen[Any]):
    """Starts work; what it says arrives as messages, and so does a fault that nobody foresaw."""

    def work(self, group: str, task: Any, *arguments: Any, exclusive: bool = True) -> Worker[Any]:
        """Run `task(*arguments)` in a thread; the work of its group that goes on is cancelled, if `exclusive`."""
        return self.run_worker(
            partial(task, *arguments), group=group, thread=True, exclusive=exclusive, exit_on_error=False
        )

    def on_worker_state_changed(self, event: Worker.StateChanged) -> None:
        """A fault is told like everything else that fails."""
        if event.state is WorkerState.ERROR:
            from assistant.errors import Unusable

            fault = f"{type(event.worker.error).__name__}: {event.worker.error}"
            error = Unusable(fault, _("This is a fault in assistant; please report it."))
            self.post_message(self.failure(event.worker.group, error))

    def failure(self, group: str, error: "AssistantError") -> Message:
        """The message that says that work of `group` failed."""
        return events.WorkFailed(error)
