"""`anju bench faults`: everything that can fail fails at once, and in the end every event is in the duty room once, in its order.

deeds (what the nodes did) · crowd (the nodes) · services (processes) · estate (two PCs and all that is between them) ·
faults and schedule (what fails, and when) · bench (the run and its verdict). Fakes are in testing alone.
"""
