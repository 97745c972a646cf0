"""Arming by the clock: what people set, and who carries it out."""
