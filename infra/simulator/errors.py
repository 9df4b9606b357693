"""What the simulated cloud refuses, worded as the cloud words it."""


class CloudError(Exception):
    """A call the cloud refuses; `summary` is what terraform shows as the error, `detail` what stands below it."""

    def __init__(self, summary: str, detail: str = "") -> None:
        super().__init__(summary)
        self.summary = summary
        self.detail = detail


class Cancelled(CloudError):
    """Terraform asked the provider to stop while a call was under way."""


class UsageError(Exception):
    """The simulator was asked for something it cannot do; the message says what to do instead."""
