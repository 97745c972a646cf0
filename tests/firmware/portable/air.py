"""A made-up radio: `espnow` and `network` themselves exist on an ESP32 alone, and were not run."""


class Air:
    """What all radios on one channel share."""

    def __init__(self) -> None:
        self.radios: "list[Radio]" = []


class Radio:
    """As much of `espnow.ESPNow` as the link needs."""

    def __init__(self, air: Air) -> None:
        self.is_active = False
        self.is_full = False
        self.peers: "list[bytes]" = []
        self.packets: "list[bytes]" = []
        self._air = air
        air.radios.append(self)

    def active(self, flag: bool) -> None:
        """On, or off."""
        self.is_active = flag

    def add_peer(self, mac: bytes) -> None:
        """Once; the radio outlives whoever uses it."""
        if mac in self.peers:
            raise OSError(-12395, "ESP_ERR_ESPNOW_EXIST")
        self.peers.append(mac)

    def send(self, mac: bytes, message: bytes, sync: bool) -> None:
        """To all others that are on."""
        assert isinstance(message, bytes)
        assert mac in self.peers
        if not self.is_active or self.is_full:
            raise OSError(-12391, "ESP_ERR_ESPNOW_NO_MEM")
        for radio in self._air.radios:
            if radio is not self and radio.is_active:
                radio.packets.append(message)

    def recv(self, timeout_ms: int) -> "tuple[bytes | None, bytes | None]":
        """Whose and what; nobody and nothing."""
        assert timeout_ms == 0
        return (b"someone", self.packets.pop(0)) if self.packets else (None, None)


class Station:
    """As much of `network.WLAN` as the link needs."""

    def __init__(self, is_broken: bool = False) -> None:
        self.done: "list[object]" = []
        self._is_broken = is_broken

    def active(self, flag: bool) -> None:
        """On, or off."""
        if self._is_broken:
            raise OSError(-1, "no radio")
        self.done.append(flag)

    def disconnect(self) -> None:
        """From any network."""
        self.done.append("disconnect")

    def config(self, channel: int) -> None:
        """Set the channel."""
        self.done.append(channel)
