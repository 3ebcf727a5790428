"""Numba kernels: bare loops over contiguous arrays of known dtype, called by the public functions that check them.

Every kernel has an explicit signature, so importing its module compiles it, or loads it from Numba's cache:
``python -m diar.kernels`` does so at set-up.
"""

from diar.io.kernel_cache import find_cache

find_cache()
