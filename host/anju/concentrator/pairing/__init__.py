"""The room where nodes are paired: it drives `core/pairing`, keeps what that decides, and lets people watch."""
