"""Probe, encode and package video; the lowest package: it knows no other of ours."""
