"""Repair by search, without a language model."""
