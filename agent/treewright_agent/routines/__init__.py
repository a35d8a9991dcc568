"""Routines: a goal and the bounded loop that pursues it, with its planner, checks and critics.

`routine` is the loop; `task` takes a request through the ladder to a reviewed change.
"""
