"""AWS's own words for what goes wrong, and those of its Terraform provider, in the order in which they are tried.

Both carry the API's error code (`api error VpcLimitExceeded: …` from Terraform, `An error occurred (VpcLimitExceeded) …` from
boto3), so one table reads both.
"""

from __future__ import annotations

from infra.errors import (
    AlreadyExists,
    AuthDenied,
    CapacityUnavailable,
    CloudUnavailable,
    ConfigRejected,
    DeletionProtected,
    DependencyViolation,
    HeraError,
    NotFound,
    QuotaExceeded,
    StateLocked,
    StepFailed,
    Throttled,
    TimedOut,
    UsageError,
)
from infra.providers.base import ErrorPattern

_SIGN_IN = "sign in again (`aws sso login`, or new keys), check with `aws sts get-caller-identity`, then run the command again"
_RIGHTS = "give the identity the rights in infra/providers/aws/permissions.json, then run the command again"
_QUOTA = "ask for more in the Service Quotas console, then run `clusterctl resume cluster NAME`"
_WAIT = "wait a minute and run `clusterctl resume cluster NAME`"


def _all(error: type[HeraError], next_step: str, *patterns: str) -> tuple[ErrorPattern, ...]:
    return tuple(ErrorPattern(pattern, error, next_step) for pattern in patterns)


ERROR_PATTERNS: tuple[ErrorPattern, ...] = (
    *_all(StateLocked, "", r"Error acquiring the state lock"),
    *_all(
        AuthDenied,
        _SIGN_IN,
        r"No valid credential sources found",
        r"Unable to locate credentials",
        r"failed to refresh cached credentials",
        r"ExpiredToken|RequestExpired|TokenRefreshRequired|security token included in the request is expired",
        r"InvalidClientTokenId|UnrecognizedClientException|SignatureDoesNotMatch|InvalidAccessKeyId|\bAuthFailure\b",
        r"SSO session.*(expired|invalid)|Error loading SSO Token|Token has expired and refresh failed",
        r"config profile \(.*\) could not be found|failed to get shared config profile",
    ),
    *_all(AuthDenied, "use credentials of the account that `cloudOptions.accountId` names", r"AWS account ID not allowed"),
    *_all(AuthDenied, "enable the region, or the service, in the account's settings", r"OptInRequired|PendingVerification"),
    *_all(
        CapacityUnavailable,
        "choose other zones in `spec.network.zones`: the text names those that work",
        r"UnsupportedAvailabilityZoneException",
    ),
    *_all(
        CapacityUnavailable,
        "",
        r"InsufficientInstanceCapacity|InsufficientHostCapacity|InsufficientCapacity\b",
        r"UnfulfillableCapacity|no Spot capacity available|capacity-not-available",
        r"do not have sufficient .* capacity in the Availability Zone",
    ),
    *_all(
        QuotaExceeded,
        _QUOTA,
        r"VcpuLimitExceeded|InstanceLimitExceeded|MaxSpotInstanceCountExceeded|MaxSpotFleetRequestCountExceeded",
        r"AddressLimitExceeded|VpcLimitExceeded|NatGatewayLimitExceeded|InternetGatewayLimitExceeded|VpcEndpointLimitExceeded",
        r"(Subnet|RouteTable|Route|SecurityGroup|SecurityGroupsPerInterface|Rules.*|Volume|ENI|FlowLog)LimitExceeded",
        r"NetworkInterfaceLimitExceeded|PrivateIpAddressLimitExceeded|ResourceCountExceeded|TooManyBuckets",
        r"ResourceLimitExceeded|ServiceQuotaExceeded|LimitExceededException|\bLimitExceeded\b|Cannot exceed quota",
    ),
    *_all(
        QuotaExceeded,
        "use a larger `spec.network.cidr` in a new cluster, or fewer or smaller node pools",
        r"InsufficientFreeAddressesInSubnet|does not have enough free addresses|InsufficientCidrBlocks",
    ),
    *_all(
        Throttled,
        _WAIT,
        r"RequestLimitExceeded|\bThrottling(Exception)?\b|ThrottledException|TooManyRequests(Exception)?|Rate exceeded",
        r"\bSlowDown\b|PriorRequestNotComplete|RequestThrottled|BandwidthLimitExceeded|ConcurrentModification",
    ),
    *_all(DeletionProtected, "", r"deletion.?protection"),
    *_all(
        DependencyViolation,
        "delete what the text names, or wait until it is gone; then run `clusterctl resume cluster NAME`",
        r"DependencyViolation|has dependencies and cannot be deleted|has a dependent object|DeleteConflict",
        r"Cluster has (nodegroups|fargate profiles) attached|InvalidIPAddress\.InUse|InvalidNetworkInterface\.InUse|VolumeInUse",
        r"OperationNotPermitted.*(in use|attached)|ResourceInUse: ",
        r"Network vpc-[0-9a-f]+ has some mapped public address|mapped public address\(es\)",
    ),
    *_all(
        DependencyViolation,
        "loosen the PodDisruptionBudget that holds the pods, then run `clusterctl resume cluster NAME`",
        r"PodEvictionFailure|Reached max retries while trying to evict pods",
    ),
    *_all(
        DependencyViolation,
        "another update of the cluster is under way: " + _WAIT,
        r"ResourceInUseException.*(update|progress|UPDATING|CREATING|DELETING)|cluster has an update in progress",
    ),
    *_all(
        AlreadyExists,
        "",
        r"EntityAlreadyExists|ResourceAlreadyExistsException|AlreadyExistsException|BucketAlreadyExists|BucketAlreadyOwnedByYou",
        r"InvalidGroup\.Duplicate|InvalidKeyPair\.Duplicate|RouteAlreadyExists|FlowLogAlreadyExists",
        r"(Cluster|NodeGroup|Addon|nodegroup|addon) already exists|ResourceInUseException|ResourceConflictException",
        r"conflicting DNS domain",
    ),
    *_all(AuthDenied, _RIGHTS, r"AccessDenied|UnauthorizedOperation|not authorized to perform|UnauthorizedException|Forbidden:"),
    *_all(AuthDenied, _RIGHTS, r"\(403\)|StatusCode: 403"),
    *_all(
        UsageError,
        "name the region in the location: `--state s3://BUCKET?region=eu-west-1`",
        r"You must specify a region|Missing region value|Invalid AWS Region",
    ),
    *_all(
        NotFound,
        "create the bucket with `clusterctl init --state s3://BUCKET?region=REGION`, or name another one",
        r"NoSuchBucket|S3 bucket \"[^\"]*\" does not exist",
    ),
    *_all(
        ConfigRejected,
        "set the node group's desired size to at least the new `min` (the autoscaler owns it), then resume",
        r"Minimum capacity \d+ can't be greater than desired size",
    ),
    *_all(
        ConfigRejected,
        "choose a machine type that the zone has: `aws ec2 describe-instance-type-offerings --location-type availability-zone`",
        r"requested instance type \([^)]*\) is not supported|InvalidInstanceType|UnsupportedInstanceType|api error Unsupported\b",
    ),
    *_all(
        ConfigRejected,
        "go up one minor version at a time, and never down",
        r"Unsupported Kubernetes minor version update|unsupported Kubernetes version",
    ),
    *_all(
        ConfigRejected,
        "",
        r"InvalidParameter(Value|Combination|Exception|ValueException)?\b|MissingParameter|ValidationException|ValidationError",
        r"MalformedPolicyDocument|InvalidSubnet\.(Range|Conflict)|InvalidVpc\.Range|InvalidVpcRange|InvalidRequestException",
        r"Invalid(AMIID|Subnet(ID)?|VpcID|SecurityGroupID|Tag|Zone|AvailabilityZone)\b|InvalidServiceName|KMSInvalidStateException",
        r"UnsupportedAddonVersion|Addon version specified is not supported|unsupported availability zone",
    ),
    *_all(
        StepFailed,
        "nodes could not reach the cluster: check NAT, endpoints and `cloudOptions`, then run `clusterctl resume cluster NAME`",
        r"NodeCreationFailure|Instances failed to join the kubernetes cluster",
    ),
    *_all(
        TimedOut,
        "",
        r"timeout while waiting for|RequestTimeout\b|context deadline exceeded|ReadTimeoutError|ConnectTimeoutError",
    ),
    *_all(
        CloudUnavailable,
        "",
        r"ServiceUnavailable|InternalError|InternalFailure|InternalServer(Error|Exception)?|ServerException|StatusCode: 50\d",
        r"EndpointConnectionError|Could not connect to the endpoint URL|Connection was closed before|ConnectionClosedError",
        r"no such host|connection refused|connection reset by peer|TLS handshake timeout|failed to resolve service endpoint",
    ),
)
