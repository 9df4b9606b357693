module hera/tests/probe

go 1.26
