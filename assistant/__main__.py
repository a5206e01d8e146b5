"""`assistant` and `python -m assistant`."""

import signal
import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from assistant.cli import run

    code = run(sys.argv[1:])
    # Python waits for threads that still read for an answer already given; a Ctrl-C meanwhile ends it without a word.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(code)


if __name__ == "__main__":
    main()
