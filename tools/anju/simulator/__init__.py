"""A whole estate on one machine: real firmware in real processes, a bad radio, residents and a guard who follow a script."""
