"""What the tests of all languages share."""
