"""Checks what no tool checks: rules and attacks have tests, the namespace has no __init__, nothing names one machine.

A rule is a line of protocol/README.md that begins with its number, as a table row or a paragraph:

    **R12** What must hold. → tests/vectors/test_frames.py::test_truncated_frames_are_refused
    | **R13** | What must hold. | → `tests/unit/test_window.py::test_replay` |

An attack is a row of its threat model, whose last column names the test that shows what stops it, or – where nothing does:

    | replay a recorded alarm | the window | R52 | `tests/unit/test_window.py::test_replay` |
"""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
SPECIFICATION = ROOT / "protocol" / "README.md"

RULE = re.compile(r"^[|\-*\s]*\*\*(R\d+)\*\*")
MENTION = re.compile(r"\bR\d+\b")
TEST = re.compile(r"(tests/[\w/]+\.py)::(\w+(?:::\w+)?)")

# Patterns that don't match their own text.
FOREIGN = {
    "a package registry": re.compile(
        r"pypi\.(?:org|python)|pythonhosted\.|npmjs\.|deb\.debian\.|(?:extra-)?index-url[ =]", re.IGNORECASE
    ),
    "a merge that nobody finished": re.compile(r"^(?:<{7}|>{7}) "),
    "a folder of one machine": re.compile(r"(?<![\w.{}/-])/(?:home|root|work|Users)/[\w.]"),
}


def rules(text: str) -> Iterator[tuple[str, str]]:
    """Yields (number, text) of each rule; a paragraph goes on to the next blank line, row or rule."""
    number, lines = "", list[str]()
    for line in [*text.splitlines(), ""]:
        begins = RULE.match(line)
        if number and (begins or not line.strip() or line.startswith("|")):
            yield number, " ".join(lines)
            number = ""
        if begins:
            number, lines = begins[1], []
        if number:
            lines.append(line.strip())


def tests_in(path: Path) -> set[str]:
    """The names by which pytest would find the tests of one file: `test_x`, `TestY::test_x`."""
    found = set[str]()
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(node.name)
        elif isinstance(node, ast.Assign):  # a hypothesis state machine: TestX = Machine.TestCase
            found.update(target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.ClassDef):
            found.update(
                f"{node.name}::{part.name}"
                for part in node.body
                if isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef)
            )
    return {name for name in found if name.split("::")[-1].lower().startswith("test")}


def missing_test(file: str, name: str) -> str:
    """Why a named test does not exist; empty if it does."""
    path = ROOT / file
    if not path.is_file():
        return f"{file} does not exist"
    return "" if name in tests_in(path) else f"{file} defines no {name}"


def rule_faults() -> Iterator[str]:
    """What is wrong with the specification's rules."""
    if not SPECIFICATION.exists():
        return
    text = SPECIFICATION.read_text("utf-8")
    seen = set[str]()
    for number, body in rules(text):
        if number in seen:
            yield f"protocol/README.md: {number} is used twice"
        seen.add(number)
        tests = TEST.findall(body)
        if not tests:
            yield f"protocol/README.md: {number} names no test (… → tests/folder/test_file.py::test_name)"
        for file, name in tests:
            if fault := missing_test(file, name):
                yield f"protocol/README.md: {number}: {fault}"
    if not seen:
        yield "protocol/README.md has no rules of the form **R1** text → tests/folder/test_file.py::test_name"
    for number in sorted(set(MENTION.findall(text)) - seen):
        yield f"protocol/README.md mentions {number}, which is no rule"


def attacks(text: str) -> Iterator[list[str]]:
    """Yields the columns of each row of the threat model."""
    table = re.search(r"^\|\s*attack\s*\|.*\n\|[-| ]+\|\n((?:\|.*\n?)+)", text, re.IGNORECASE | re.MULTILINE)
    for line in table[1].splitlines() if table else ():
        yield [column.strip() for column in line.strip("|").split("|")]


def attack_faults() -> Iterator[str]:
    """What is wrong with the rows of the threat model."""
    rows = list(attacks(SPECIFICATION.read_text("utf-8"))) if SPECIFICATION.exists() else []
    if not rows:
        yield "protocol/README.md has no threat model: a table | attack | what stops it | rules | shown by |"
    for row in rows:
        attack, (answer, named, shown) = row[0], (*row[1:], "", "", "")[:3]
        if len(row) != 4:
            yield f"protocol/README.md: the attack “{attack}” has {len(row)} columns, not 4"
        elif shown == "–" and "not resisted" in answer:
            continue
        elif not (tests := TEST.findall(shown)):
            yield f"protocol/README.md: the attack “{attack}” names no test that shows what stops it"
        elif not MENTION.search(named):
            yield f"protocol/README.md: the attack “{attack}” names no rule"
        else:
            yield from (
                f"protocol/README.md: the attack “{attack}”: {fault}"
                for file, name in tests
                if (fault := missing_test(file, name))
            )


def namespace_faults() -> Iterator[str]:
    """An anju/__init__.py hides the other folders of the namespace, and nothing else would say so."""
    for folder in ("protocol", "firmware", "host", "tools"):
        if (ROOT / folder / "anju" / "__init__.py").exists():
            yield f"{folder}/anju/__init__.py must not exist: anju is one namespace over four folders"


def foreign_faults() -> Iterator[str]:
    """Committed lines that name something of one machine or one registry, or that a merge has left behind."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)
    for name in filter(None, listed.stdout.split("\0")):
        path = ROOT / name
        try:
            text = path.read_text("utf-8")
        except (UnicodeDecodeError, FileNotFoundError):  # a picture or a compiled catalogue; a file just removed
            continue
        for at, line in enumerate(text.splitlines(), 1):
            for what, pattern in FOREIGN.items():
                if found := pattern.search(line):
                    yield f"{name}:{at}: names {what}: {found[0]}"


def main() -> int:
    """Prints every fault; 1 if there is one."""
    faults = [*rule_faults(), *attack_faults(), *namespace_faults(), *foreign_faults()]
    print(*faults, sep="\n", end="\n" if faults else "")
    if SPECIFICATION.exists() and not faults:
        text = SPECIFICATION.read_text("utf-8")
        print(f"{len(list(rules(text)))} rules and {len(list(attacks(text)))} attacks, each with a test")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main())
