"""The clouds, their Terraform and the simulator; the lowest layer, importing nothing else of ours."""
