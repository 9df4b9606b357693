# Yours goes here; `-var project_id=…` or TF_VAR_project_id says it without an edit.
project_id = "example-prod"
