"""Tests: claims about Trellis, each tried on real databases."""
