"""`python -m app`."""

if __name__ == "__main__":  # the inference process imports this module again, and needs nothing of it
    import sys

    from app.cli.main import main

    sys.exit(main())
