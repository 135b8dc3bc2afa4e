"""For all tests in Python."""

import signal

from support.environment import clear_environment


def pytest_configure():
    clear_environment()
    # Started in the background, as some CI systems do, a process ignores Ctrl-C, and so
    # would every process that a test starts and interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)
