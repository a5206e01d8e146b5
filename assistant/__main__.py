"""`assistant` and `python -m assistant`."""

import signal
import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    # A Ctrl-C ends the program without a word while it loads, for a tenth of a second, and while Python waits for
    # threads that still read for an answer already given.
    told = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if told:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    from assistant.cli import run

    if told:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    code = run(sys.argv[1:])
    if told:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    sys.exit(code)


if __name__ == "__main__":
    main()
