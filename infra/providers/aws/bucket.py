"""Makes the state bucket, or repairs one: versioned, encrypted, private, TLS only, old versions thrown away.

Everything is looked at first and changed only where it is weaker, so running it again does nothing and says so.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from infra.errors import AlreadyExists
from infra.locations import StateLocation
from infra.providers.aws.session import code, translated
from infra.providers.aws.state import require_region, s3

OLD_VERSIONS_DAYS = 90
"""Days that an overwritten state can be brought back."""
_PRIVATE = {"BlockPublicAcls": True, "IgnorePublicAcls": True, "BlockPublicPolicy": True, "RestrictPublicBuckets": True}
_TLS_ONLY = "HeraTlsOnly"
_NOT_MADE = ("NotImplemented", "MethodNotAllowed", "MalformedXML", "XNotImplemented")
"""What stores other than AWS's say of a setting that they do not have."""
_LIFECYCLE = "hera-old-versions"


def create(location: StateLocation, region: str) -> list[str]:
    """Make the bucket unless it is there, repair its settings, and say what was done."""
    s3_client, bucket = s3(location), location.bucket
    with translated():
        done = _bucket(s3_client, bucket, require_region(location, region))
        steps: tuple[Callable[[Any, StateLocation], str], ...] = (_versions, _encryption, _access, _policy, _lifecycle)
        return [*done, *(text for step in steps if (text := _known(step, s3_client, location)))]


def _known(step: Callable[[Any, StateLocation], str], s3_client: Any, location: StateLocation) -> str:
    """Do one thing; a store of one's own that has no such setting says so and is left as it is."""
    try:
        return step(s3_client, location)
    except s3_client.exceptions.ClientError as error:
        if location.options.get("endpoint") and code(error) in _NOT_MADE:
            return f"this store has no such setting: {step.__name__.strip('_')}"
        raise


def _bucket(s3_client: Any, bucket: str, region: str) -> list[str]:
    try:
        s3_client.head_bucket(Bucket=bucket)
        return []
    except s3_client.exceptions.ClientError as error:
        if code(error) == "403":
            raise AlreadyExists(
                f"bucket {bucket!r} belongs to another account, or you may not look at it", detail=str(error)
            ) from error
        if code(error) not in ("404", "NoSuchBucket"):
            raise
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3_client.create_bucket(Bucket=bucket, ObjectOwnership="BucketOwnerEnforced", **where)
    s3_client.get_waiter("bucket_exists").wait(Bucket=bucket)
    return [f"created bucket {bucket} in {region}"]


def _versions(s3_client: Any, location: StateLocation) -> str:
    if s3_client.get_bucket_versioning(Bucket=location.bucket).get("Status") == "Enabled":
        return ""
    s3_client.put_bucket_versioning(Bucket=location.bucket, VersioningConfiguration={"Status": "Enabled"})
    return "switched versions on"


def _encryption(s3_client: Any, location: StateLocation) -> str:
    """Encrypt under the named key; without one, under S3's own, which is what a bucket has unless somebody chose better."""
    key = location.options.get("kms_key_id")
    found = _or_none(s3_client, s3_client.get_bucket_encryption, location, "ServerSideEncryptionConfigurationNotFoundError")
    rules = found["ServerSideEncryptionConfiguration"]["Rules"] if found else []
    defaults = [rule.get("ApplyServerSideEncryptionByDefault", {}) for rule in rules]
    if any(key is None or default.get("KMSMasterKeyID") == key for default in defaults):
        return ""
    default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key} if key else {"SSEAlgorithm": "AES256"}
    rule = {"ApplyServerSideEncryptionByDefault": default, "BucketKeyEnabled": bool(key)}
    s3_client.put_bucket_encryption(Bucket=location.bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})
    return f"encrypted under {key or 'a key of S3'}"


def _access(s3_client: Any, location: StateLocation) -> str:
    found = _or_none(s3_client, s3_client.get_public_access_block, location, "NoSuchPublicAccessBlockConfiguration")
    if found and found["PublicAccessBlockConfiguration"] == _PRIVATE:
        return ""
    s3_client.put_public_access_block(Bucket=location.bucket, PublicAccessBlockConfiguration=_PRIVATE)
    return "blocked public access"


def _policy(s3_client: Any, location: StateLocation) -> str:
    """Refuse calls without TLS, unless the user's own endpoint has none; statements that somebody else wrote stay."""
    if location.options.get("endpoint", "").startswith("http://"):
        return ""
    found = _or_none(s3_client, s3_client.get_bucket_policy, location, "NoSuchBucketPolicy")
    policy: dict[str, Any] = json.loads(found["Policy"]) if found else {"Version": "2012-10-17", "Statement": []}
    if any(statement.get("Sid") == _TLS_ONLY for statement in policy["Statement"]):
        return ""
    arn = f"arn:{_partition(location)}:s3:::{location.bucket}"
    policy["Statement"].append(
        {
            "Sid": _TLS_ONLY,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    )
    s3_client.put_bucket_policy(Bucket=location.bucket, Policy=json.dumps(policy))
    return "refused calls without TLS"


def _partition(location: StateLocation) -> str:
    return "aws-us-gov" if location.options.get("region", "").startswith("us-gov-") else "aws"


def _lifecycle(s3_client: Any, location: StateLocation) -> str:
    """Throw overwritten versions away after a while; a bucket with rules of its own keeps them and gets this one too."""
    found = _or_none(s3_client, s3_client.get_bucket_lifecycle_configuration, location, "NoSuchLifecycleConfiguration")
    rules = found["Rules"] if found else []
    if any(rule.get("ID") == _LIFECYCLE for rule in rules):
        return ""
    rule = {
        "ID": _LIFECYCLE,
        "Status": "Enabled",
        "Filter": {"Prefix": location.key("x")[:-1]},
        "NoncurrentVersionExpiration": {"NoncurrentDays": OLD_VERSIONS_DAYS},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }
    s3_client.put_bucket_lifecycle_configuration(Bucket=location.bucket, LifecycleConfiguration={"Rules": [*rules, rule]})
    return f"throws versions away {OLD_VERSIONS_DAYS} days after they were overwritten"


def _or_none(s3_client: Any, call: Callable[..., Any], location: StateLocation, absent: str) -> Any:
    """Return a setting, or None where the bucket has none."""
    try:
        return call(Bucket=location.bucket)
    except s3_client.exceptions.ClientError as error:
        if code(error) == absent:
            return None
        raise
