"""The management cluster: what is installed on it, how it is compared with what should be there, and which one is in use."""
