"""`python -m anju.cli`: the same as `anju`."""

from anju.cli import main

if __name__ == "__main__":
    main()
