"""The recipe that makes the built-in model: text and speech in, a WeNet-layout directory out."""
