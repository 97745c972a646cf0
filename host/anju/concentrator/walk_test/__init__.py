"""The room of TEST and of walk-tests: it ends what is over, measures what was ticked, and answers who walks."""
