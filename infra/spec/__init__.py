"""The cluster spec: the one file a user writes, as types, defaults and a loader that shows every problem at once."""
