"""How near to a named limit this machine comes; the limit is measured in the same run, round by round in turns."""
