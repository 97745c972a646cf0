"""A door magnet."""

from anju.sensor.contact import Contact


class Magnet(Contact):
    """Reed contact: it rests within 1 ms, but a door that falls shut swings in and out of the magnet's reach."""

    SETTLE_MS = 50
