"""What each command of `python -m app` does."""
