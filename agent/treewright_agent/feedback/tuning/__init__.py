"""What runs on one machine: a reranker fitted to searches, and ready configurations for trainers.

Rates for the menu are in `ranking`, rules from edits in `mining`; both are learned as one goes.
"""
