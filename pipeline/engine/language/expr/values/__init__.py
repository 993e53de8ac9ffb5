"""Values as Go has them: numbers, texts, comparisons, and how each is written."""
