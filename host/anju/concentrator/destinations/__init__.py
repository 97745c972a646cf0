"""Where reports go. Each destination has its own outbox rows; a row is done only on that destination's receipt."""
