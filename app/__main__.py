"""`python -m app`."""

if __name__ == "__main__":  # the inference process re-imports this module without running it
    import sys

    from app.cli.main import main

    sys.exit(main())
