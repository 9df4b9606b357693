"""Makes a cluster hold exactly what manifests say: rendered, applied in waves, pruned, waited for, compared, taken away again.

An apply set (KEP-3659) is what makes this safe to repeat: every object carries the set's label, and the set's parent remembers
what it is made of. Beside that the parent remembers a digest of every manifest and of the fields that the API server says are
ours. A field that somebody else changes is no longer ours there, so an unchanged run is a few lists of metadata, and sees every
change made by hand.
"""
