"""``python -m costopt``: the command without its script."""

from costopt.cli import main

if __name__ == "__main__":
    main()
