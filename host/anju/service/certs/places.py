"""What every process knows of certificates: where they lie, when to tell that one ends. Few need the rest, and all it loads."""

from __future__ import annotations

FOLDER, CERTIFICATE, KEY, REVOKED, ISSUED = "certs", "authority.pem", "authority-key.pem", "revoked.pem", "issued"
FILE = "uplink.pem"
"""A machine's own key and certificate, with the authority's certificate."""
DUTY_ROOM = "duty-room"
"""Whom people call so whose certificate is not a building's."""
USUAL_DAYS, MOST_DAYS = 730, 3650
"""For how long a certificate is issued."""
WARN_DAYS, URGE_DAYS = 30, 7
"""One that ends within so many days is trouble, and urgent."""
