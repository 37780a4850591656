"""The Model Context Protocol: tools with which an assistant transcribes, searches, reads and asks what went wrong."""
