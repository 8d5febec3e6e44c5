"""What the rules of evidence say of a routine and of the words around it: claims, measures, coverage, changes."""
