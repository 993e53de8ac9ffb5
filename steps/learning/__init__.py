"""Honest learning: what is compared, on which rows, and what decides.

A *recipe* (family, parameters, features) competes, not a trained model. It is chosen by the mean score of
rolling-origin folds inside the training part; the winner is then scored once on a holdout that comes after it in time,
beside the naive predictors and the champion's recipe trained on the same rows. Apart from `lake`, `decisions` and
`champion`, everything here is a pure function of its arguments.
"""

DECIDED_BY = ("steps.learning.judge", "steps.release.packing")
"""A dataset is decided once, so its fingerprint covers the code by which it is judged and its model is packed, too."""
