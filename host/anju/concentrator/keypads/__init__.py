"""Key fobs and keypads: what is asked with their keys, who asks, and whether it is granted."""
