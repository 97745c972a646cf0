"""What stands in for hardware that fails: a clock that is set and a disk that is slow, in a real service's process."""
