"""Probability to verdict: operating points, calibration, curves."""
