"""The local engine: runs a rendered WorkflowTemplate on one machine, each container's command as a process."""
