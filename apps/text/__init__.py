"""Markdown in, safe HTML out; typed text in, escaped text out. Pure functions, no tables, no network."""
