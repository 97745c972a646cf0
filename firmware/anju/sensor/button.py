"""A panic button."""

from anju.sensor.contact import Contact


class Button(Contact):
    """Short-stroke push button: rests within 5 ms, worn ones within 20."""

    SETTLE_MS = 20
