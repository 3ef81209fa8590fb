"""The arithmetic of money: pure functions over integers and named tuples.

No objects, no I/O, no clock, no imports from other rooms. The kernel calls them interpreted; numba compiles the same
source unchanged for fast loops. Products are split where 64 bits could overflow; every rounding is named.
"""
