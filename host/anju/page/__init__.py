"""The duty room's page in a process of its own: whatever it does or dies of, the core goes on, and sounds.

app        the only wiring        terminal   reads the core's file, asks the core for everything that changes something
"""
