"""The half of the repair search that runs inside the sandbox, under the project's interpreter.

It needs nothing but the standard library (and the project's own pytest), collects the
tests once, and then judges candidates in forked children that have everything imported.
It talks JSON lines; what it says is data, and a repair counts only after a clean run of the
real test runner. Runs on Python 3.10 and newer, where there is `fork`.
"""
