"""One thread for the tiny networks of these tests: on a busy machine OpenMP's threads wait for each other."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before anything here imports torch
