"""Objects that workflows name, make and read: ConfigMaps, Secrets, those of an object store, those of a cluster."""
