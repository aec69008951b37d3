"""Attacks on Facelens, one file an attack: `attack(tries, seed)` in each, run by `__main__`."""
