"""Scoring the shipped model on tables of measurements."""
