"""Message in English → message in the user's language, by gettext; English until a face chooses another one.

English texts are the message ids; `locale/fr/LC_MESSAGES/assistant.po` holds the French ones. Widgets ask when they are
made, so the language is chosen before the first of them.
"""

import gettext
import locale
from pathlib import Path

LANGUAGES = ("en", "fr")
CATALOGUES = Path(__file__).parent / "locale"

_catalogue: gettext.NullTranslations = gettext.NullTranslations()
_language = "en"


def use(language: str | None = None) -> str:
    """Speak `language`, or the one of the user's locale; returns the one chosen, English if it is none of ours."""
    global _catalogue, _language
    chosen = language or _of_locale()
    _catalogue = gettext.translation("assistant", CATALOGUES, [chosen], fallback=True)
    _language = chosen if chosen in LANGUAGES else "en"
    return _language


def in_use() -> str:
    """The language that was chosen, for a process that is to speak it too."""
    return _language


def _(message: str) -> str:
    """`message` in the language in use."""
    return _catalogue.gettext(message)


def counted(one: str, many: str, count: int) -> str:
    """`one` or `many` in the language in use, as its grammar has it for `count`, which replaces `{count}`."""
    return _catalogue.ngettext(one, many, count).format(count=count)


def percent(share: float) -> str:
    """A share in 0…1 as a percentage, with the space that the language in use puts before the sign."""
    return _("{number}%").format(number=round(100 * share))


def _of_locale() -> str:
    return (locale.getlocale(locale.LC_MESSAGES)[0] or "en").split("_")[0]
