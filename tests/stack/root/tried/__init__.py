"""Steps and a model as small as can be, for the tests of what runs them."""
