"""Every error that users may see, a file per family; docs/errors.md lists them all.

A class states what happened (`message`), what to do (`advice`), a stable `code` for programs and the HTTP `status`. Both
texts are templates, filled from keyword arguments and translated by their English wording.
"""
