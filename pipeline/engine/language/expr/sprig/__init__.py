"""The functions of sprig that Argo offers."""
