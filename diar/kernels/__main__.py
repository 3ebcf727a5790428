"""Compile every kernel into Numba's cache: ``python -m diar.kernels``."""

import importlib
import pkgutil

import diar.kernels

for module in pkgutil.iter_modules(diar.kernels.__path__):
    if not module.name.startswith("__"):
        importlib.import_module(f"diar.kernels.{module.name}")
