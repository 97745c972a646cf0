"""`python -m anju.cli`: the `anju` command where its script is not on PATH."""

from anju.cli import main

if __name__ == "__main__":
    main()
