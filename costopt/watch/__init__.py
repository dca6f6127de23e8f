"""Saved plans after a refresh: do they still hold, and would a new one repay its move?"""
