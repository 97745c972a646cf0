"""The panel of a household: from what happened to what it means. Pure; the rows of `table.py` are the whole logic."""
