"""Every action of the chat in one table: its key, name and help, for bindings, footer, palette and help alike."""

from dataclasses import dataclass

from assistant.messages import _


@dataclass(frozen=True, slots=True)
class Command:
    """An action of the chat screen. `keys` may be empty: the palette has it."""

    action: str
    keys: str
    title: str
    help: str
    in_footer: bool = False
    priority: bool = False
    """Whether the key works even where text is being typed that would take it."""


def commands() -> list[Command]:
    """All actions, in the language in use."""
    return [
        Command("show_help", "f1", _("Help"), _("Show all keys and what they do"), in_footer=True),
        Command("new_conversation", "ctrl+n", _("New"), _("Begin a new conversation"), in_footer=True),
        Command(
            "show_conversations",
            "ctrl+o",
            _("History"),
            _("Find, resume or delete a conversation"),
            in_footer=True,
        ),
        Command("toggle_source", "ctrl+t", _("Source"), _("Show or hide the source of the answer"), in_footer=True),
        Command(
            "choose_model", "f2", _("Model"), _("Choose who writes the answers: the built-in reader or a chat model")
        ),
        Command("copy_answer", "ctrl+y", _("Copy"), _("Copy the answer with its citation"), priority=True),
        Command(
            "export('md')",
            "ctrl+s",
            _("Export as Markdown"),
            _("Save the conversation with its citations"),
        ),
        Command("export('json')", "", _("Export as JSON"), _("Save the conversation as ask --json prints it")),
        Command("add_documents", "", _("Add files"), _("Add text or Markdown files, or a folder of them")),
        Command(
            "update_library",
            "ctrl+r",
            _("Update the library"),
            _("Read again the files that have changed"),
        ),
        Command("app.change_theme", "", _("Theme"), _("Choose other colours, with a preview")),
        Command(
            "app.command_palette",
            "ctrl+p",
            _("Actions"),
            _("Find any action by its name"),
            in_footer=True,
            priority=True,
        ),
        Command("app.quit", "ctrl+q", _("Quit"), _("Leave; conversations are kept"), in_footer=True, priority=True),
        Command("back", "escape", _("Cancel"), _("Cancel the question being answered, or go back to typing")),
    ]


def other_keys() -> list[tuple[str, str]]:
    """Keys that belong to one place, with their help."""
    return [
        (_("Enter"), _("Send the question; on a citation, open it in the source")),
        (_("Shift+Enter  Ctrl+J"), _("New line in the question")),
        ("↑  ↓", _("Earlier and later questions; move among citations")),
        ("Tab", _("From the question to the citations and back")),
        ("1 … 9  Alt+1 … 9", _("Go to a citation by its number; with Alt, while typing too")),
    ]
