"""`python -m clusterctl`, for machines where the console script is not on the path."""

from clusterctl.main import entry

if __name__ == "__main__":
    entry()
