"""An empty passages.safetensors, to start the program with before the vectors are computed: `python empty_passages.py FILE`."""

import sys

import numpy as np
from safetensors.numpy import save_file

from network import WIDTH

save_file({"keys": np.zeros((0, 8), np.uint8), "vectors": np.zeros((0, WIDTH), np.uint8)}, sys.argv[1])
