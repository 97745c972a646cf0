"""One SQLite file of a service: one writer, durable before it answers, its schema in numbered `.sql` files.

Ledger        writes in groups, reads beside them
LedgerError   the file cannot be used; a `ServiceError`, so it ends as one clear message
"""

from anju.ledger.errors import LedgerError
from anju.ledger.ledger import Ledger

__all__ = ["Ledger", "LedgerError"]
