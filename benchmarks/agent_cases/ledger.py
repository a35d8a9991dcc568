"""A ledger with accounts and a report."""

from benchmarks.agent_cases import Project, Task, create, done, edit, read, swapped, tool

MODEL = '''"""Entries and accounts."""

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Entry:
    account: str
    amount: int
    note: str = ""


@dataclass
class Ledger:
    entries: list[Entry] = field(default_factory=list)

    def post(self, account: str, amount: int, note: str = "") -> Entry:
        entry = Entry(account, amount, note)
        self.entries.append(entry)
        return entry

    def balance(self, account: str) -> int:
        return sum(e.amount for e in self.entries if e.account != account)

    def accounts(self) -> list[str]:
        return sorted({e.account for e in self.entries})
'''
REPORT = '''"""What is printed."""

from ledger.model import Ledger


def lines(ledger: Ledger) -> list[str]:
    return [f"{name}: {ledger.balance(name)}" for name in ledger.accounts()]


def total(ledger: Ledger) -> int:
    return sum(ledger.balance(name) for name in ledger.accounts())
'''
TOTAL = """def total(ledger: Ledger) -> int:
    return sum(ledger.balance(name) for name in ledger.accounts())
"""
TESTS = """from ledger.model import Ledger
from ledger.report import lines, total


def filled() -> Ledger:
    ledger = Ledger()
    ledger.post("cash", 100)
    ledger.post("cash", -30)
    ledger.post("bank", 50)
    return ledger


def test_balance():
    assert filled().balance("cash") == 70


def test_lines():
    assert lines(filled()) == ["bank: 50", "cash: 70"]


def test_total():
    assert total(filled()) == 120
"""
FIXED = swapped(MODEL, ("if e.account != account", "if e.account == account"))
TRANSFER = '''
    def transfer(self, source: str, target: str, amount: int) -> None:
        """Move a positive amount from one account to another."""
        if amount <= 0:
            raise ValueError("amount must be positive")
        self.post(source, -amount)
        self.post(target, amount)
'''
TRANSFER_TESTS = """import pytest

from ledger.model import Ledger


def test_transfer():
    ledger = Ledger()
    ledger.transfer("cash", "bank", 5)
    assert [(e.account, e.amount) for e in ledger.entries] == [("cash", -5), ("bank", 5)]


def test_nothing_to_transfer():
    with pytest.raises(ValueError):
        Ledger().transfer("cash", "bank", 0)
"""

PROJECT = Project(
    "ledger",
    {
        "ledger/__init__.py": "",
        "ledger/model.py": MODEL,
        "ledger/report.py": REPORT,
        "tests/test_report.py": TESTS,
    },
    (
        Task(
            "balance",
            "bug",
            "The balance of an account counts the entries of all the other accounts, please look into it",
            (
                read("ledger/model.py"),
                (edit("ledger/model.py", "if e.account != account", "if e.account == account"),),
                tool("test"),
                done("balance counts the account's own entries"),
            ),
            {"ledger/model.py": FIXED},
        ),
        Task(
            "transfer",
            "feature",
            "Ledgers need a transfer(source, target, amount) that posts both entries and refuses amounts that are not positive; with tests",
            (
                read("ledger/model.py"),
                (
                    edit(
                        "ledger/model.py",
                        "        return entry\n",
                        "        return entry\n" + TRANSFER.replace("<= 0", "< 0"),
                    ),
                    create("tests/test_transfer.py", TRANSFER_TESTS),
                ),
                done("transfer posts both entries"),
                (edit("ledger/model.py", "amount < 0", "amount <= 0"),),
                done("zero is refused as well"),
            ),
            {
                "ledger/model.py": swapped(
                    MODEL, ("        return entry\n", "        return entry\n" + TRANSFER)
                ),
                "tests/test_transfer.py": TRANSFER_TESTS,
            },
        ),
        Task(
            "rename",
            "refactor",
            "`post` is a poor name, the team wants `record`; take care of all callers and nothing else",
            (
                tool("references", symbol="Ledger.post"),
                tool("rename_symbol", symbol="Ledger.post", new_name="record"),
                done("renamed in three files"),
            ),
            {
                "ledger/model.py": MODEL.replace("def post(", "def record("),
                "tests/test_report.py": TESTS.replace(".post(", ".record("),
            },
        ),
        Task(
            "move",
            "refactor",
            "The total belongs into a module of its own, ledger/sums.py",
            (
                read("ledger/report.py"),
                tool("move_symbol", symbol="total", new_path="ledger/sums.py"),
                done("total lives in ledger.sums"),
            ),
            {
                "ledger/sums.py": "from ledger.model import Ledger\n\n\n" + TOTAL,
                "ledger/report.py": swapped(REPORT, ("\n\n" + TOTAL, "")),
                "tests/test_report.py": swapped(
                    TESTS,
                    (
                        "from ledger.report import lines, total\n",
                        "from ledger.report import lines\nfrom ledger.sums import total\n",
                    ),
                ),
            },
        ),
    ),
)
