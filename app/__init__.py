"""Fun-ASR WebUI: durable jobs turn recordings into text that can be trusted."""

PROGRAM = "Fun-ASR WebUI"
__version__ = "0.2.0"  # the one place; pyproject.toml reads it from here
