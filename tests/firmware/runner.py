"""Runs the tests of one module under MicroPython: `micropython runner.py MODULE`. One line for each function:

ok test_name
failed test_name
<traceback>
"""

import sys


def run(name: str) -> int:
    """Run every `test_*` function of a module; how many failed."""
    module = __import__(name, None, None, ("*",))
    failed = 0
    # In an order of its own, as MicroPython's dictionaries don't keep one.
    for test in sorted([test for test in dir(module) if test.startswith("test_")]):
        try:
            getattr(module, test)()
        except Exception as error:  # noqa: BLE001 (a failed test must not stop the others)
            failed += 1
            print("failed", test)
            sys.print_exception(error)  # type: ignore[attr-defined]  # MicroPython's own
        else:
            print("ok", test)
    return failed


if __name__ == "__main__":
    sys.exit(1 if run(sys.argv[1]) else 0)
