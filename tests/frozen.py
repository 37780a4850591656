"""Imported last by the server of warm.py: what stays is no garbage, and no fork needs to search it.

An engine's process collects once before it begins: among all the objects of torch that took it 0.25 s.
"""

import gc

gc.collect()
gc.freeze()
