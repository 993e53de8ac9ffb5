"""Where location-days come from: the OpenAQ archive's layout, over HTTP from any address or in a folder; or its API."""
