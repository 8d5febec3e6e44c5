"""The learned part: the scorer and its prior, training, what a model is measured against, and the report."""
