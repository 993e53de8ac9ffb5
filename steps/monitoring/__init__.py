"""Whether what is live still does what it was promoted for: the detector, and whether an alarm is the data's or the
world's."""
