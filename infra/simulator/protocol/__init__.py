"""The wire form of terraform's plugin protocol 6, generated and never edited by hand.

`tfplugin6.proto` comes from github.com/hashicorp/terraform-plugin-go v0.31.0 (MPL-2.0, see LICENSE beside it);
`tfplugin6_pb2.py` is made from it with `python -m grpc_tools.protoc -I. --python_out=. tfplugin6.proto`.
"""
