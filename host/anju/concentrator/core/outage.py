"""What is tried again and again, and noted in the log only when it stops and when it works again."""

from __future__ import annotations


class Outage:
    """Whether something works at the moment; each answer tells if that is news."""

    def __init__(self) -> None:
        self._lasts = False

    def failed(self) -> bool:
        """Note a failed try; True for the first of an outage."""
        news, self._lasts = not self._lasts, True
        return news

    def worked(self) -> bool:
        """Note a try that worked; True for the first after an outage."""
        news, self._lasts = self._lasts, False
        return news
