"""Pipelines: WorkflowTemplates defined in Python, and the engine that runs the rendered ones on one machine."""
