"""The function jsonpath(), as github.com/evilmonkeyinc/jsonpath reads its paths."""
