"""A case contact."""

from anju.sensor.contact import Contact


class Tamper(Contact):
    """Lever switch under the lid: a knock at the wall moves it for some tens of milliseconds, an opened lid for good."""

    SETTLE_MS = 100
