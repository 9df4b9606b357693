# Source it, with CLOUD set and the job's identity token in CLOUD_ID_TOKEN: the token becomes a file, and what terraform and the SDKs
# read to exchange it for a role of the cloud is exported. No key is stored anywhere.
token=$(mktemp)
printf %s "${CLOUD_ID_TOKEN:?the id_tokens of the job}" >"$token"
case ${CLOUD:?aws, azure or gcp} in
aws)
  export AWS_ROLE_ARN="${AWS_PLAN_ROLE:?}" AWS_WEB_IDENTITY_TOKEN_FILE="$token" AWS_ROLE_SESSION_NAME="hera-${CI_JOB_ID:-job}"
  ;;
azure)
  export AZURE_CLIENT_ID="${AZURE_PLAN_CLIENT_ID:?}" AZURE_TENANT_ID="${AZURE_TENANT_ID:?}" AZURE_FEDERATED_TOKEN_FILE="$token"
  export ARM_USE_OIDC=true ARM_CLIENT_ID="$AZURE_CLIENT_ID" ARM_TENANT_ID="$AZURE_TENANT_ID" ARM_OIDC_TOKEN_FILE_PATH="$token"
  export ARM_SUBSCRIPTION_ID="${AZURE_SUBSCRIPTION_ID:?}"
  ;;
gcp)
  GOOGLE_APPLICATION_CREDENTIALS=$(mktemp)
  cat >"$GOOGLE_APPLICATION_CREDENTIALS" <<JSON
{"type": "external_account",
 "audience": "//iam.googleapis.com/${GCP_IDENTITY_PROVIDER:?}",
 "subject_token_type": "urn:ietf:params:oauth:token-type:jwt",
 "token_url": "https://sts.googleapis.com/v1/token",
 "credential_source": {"file": "$token"},
 "service_account_impersonation_url":
   "https://iamcredentials.googleapis.com/v1/projects/-/serviceAccounts/${GCP_PLAN_ACCOUNT:?}:generateAccessToken"}
JSON
  export GOOGLE_APPLICATION_CREDENTIALS
  ;;
*)
  echo "no such cloud: $CLOUD" >&2
  exit 64
  ;;
esac
