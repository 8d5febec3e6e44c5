"""From a model file to devices: publish, promote, halt, roll back, and see how it does."""
