module hera/host/pause

go 1.26
