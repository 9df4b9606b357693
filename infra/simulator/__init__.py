"""A simulated cloud behind the real terraform: real provider schemas, objects kept in SQLite.

It lets every module, pipeline and restore be tried without a cloud account. What runs on it is *simulated*: it proves
schema, graph, state, order and faults, never that a cloud accepts a call.
"""
