"""From what phones log to what a model is trained on: simulated sessions, the dataset, its report."""
