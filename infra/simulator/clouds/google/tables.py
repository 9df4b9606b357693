"""What google schemas do not tell: provider defaults, blocks Google fills in, changes that replace."""

import re

GENERIC = re.compile(
    r"^(name|name_prefix|location|region|project|zone|network|subnetwork|cluster|router|account_id|key_ring|bucket|role"
    r"|member|service|ip_cidr_range|purpose|address_type|service_account_id|crypto_key_id|secret_id|repository_id"
    r"|membership_id|ip_version|prefix_length|address|secret|.*_pool_id)$"
)
IDEMPOTENT = re.compile(r"(_iam_member|_iam_binding|_project_service|_service_identity|_project_iam_.*)$")

_SECURE = {"enable_integrity_monitoring": True, "enable_secure_boot": False}

DEFAULTS: dict[str, dict[str, object]] = {
    "google_compute_network": {
        "auto_create_subnetworks": True,
        "delete_default_routes_on_create": False,
        "network_firewall_policy_enforcement_order": "AFTER_CLASSIC_FIREWALL",
    },
    "google_compute_firewall": {},
    "google_compute_router_nat": {
        "nat_ip_allocate_option": "AUTO_ONLY",
        "icmp_idle_timeout_sec": 30,
        "tcp_established_idle_timeout_sec": 1200,
        "tcp_time_wait_timeout_sec": 120,
        "tcp_transitory_idle_timeout_sec": 30,
        "udp_idle_timeout_sec": 30,
        "type": "PUBLIC",
    },
    "google_compute_address": {"address_type": "EXTERNAL"},
    "google_compute_global_address": {"address_type": "EXTERNAL"},
    "google_container_cluster": {
        "deletion_protection": True,
        "enable_kubernetes_alpha": False,
        "enable_legacy_abac": False,
        "enable_shielded_nodes": True,
        "enable_tpu": False,
        "network": "default",
        "enable_autopilot": False,
        "enable_l4_ilb_subsetting": False,
        "enable_cilium_clusterwide_network_policy": False,
        "enable_fqdn_network_policy": False,
        "enable_multi_networking": False,
        "disable_l4_lb_firewall_reconciliation": False,
    },
    "google_container_node_pool": {
        "management.auto_repair": True,
        "management.auto_upgrade": True,
        "upgrade_settings.strategy": "SURGE",
    },
    "google_kms_crypto_key": {"purpose": "ENCRYPT_DECRYPT", "skip_initial_version_creation": False},
    "google_service_account": {"create_ignore_already_exists": False, "disabled": False},
    "google_project_service": {"disable_on_destroy": True},
    "google_storage_bucket": {"force_destroy": False, "storage_class": "STANDARD"},
}

COMPUTED_BLOCKS: dict[str, dict[str, object]] = {
    "google_container_cluster": {
        "master_auth": {"client_certificate_config": {"issue_client_certificate": False}},
        "addons_config": {
            "gce_persistent_disk_csi_driver_config": {"enabled": True},
            "network_policy_config": {"disabled": True},
        },
        "ip_allocation_policy": {"stack_type": "IPV4"},
        "private_cluster_config": {"enable_private_endpoint": False, "enable_private_nodes": False},
        "control_plane_endpoints_config": {
            "ip_endpoints_config": {"enabled": True},
            "dns_endpoint_config": {"allow_external_traffic": False},
        },
        "cluster_autoscaling": {"enabled": False, "autoscaling_profile": "BALANCED"},
        "database_encryption": {"state": "DECRYPTED"},
        "default_snat_status": {"disabled": False},
        "logging_config": {"enable_components": ["SYSTEM_COMPONENTS", "WORKLOADS"]},
        "monitoring_config": {"enable_components": ["SYSTEM_COMPONENTS"], "managed_prometheus": {"enabled": True}},
        "node_config": {"shielded_instance_config": _SECURE},
        "node_pool": {},
        "node_pool_defaults": {"node_config_defaults": {"logging_variant": "DEFAULT"}},
        "release_channel": {"channel": "REGULAR"},
        "security_posture_config": {"mode": "BASIC", "vulnerability_mode": "VULNERABILITY_DISABLED"},
        "notification_config": {"pubsub": {"enabled": False}},
        "service_external_ips_config": {"enabled": False},
        "master_authorized_networks_config": None,
        "mesh_certificates": None,
        "vertical_pod_autoscaling": {"enabled": False},
        "pod_autoscaling": {"hpa_profile": "HPA_PROFILE_UNSPECIFIED"},
        "network_policy": None,
        "node_pool_auto_config": {},
        "anonymous_authentication_config": {"mode": "ENABLED"},
        "enterprise_config": {},
    },
    "google_container_node_pool": {
        "management": {"auto_repair": True, "auto_upgrade": True},
        "network_config": {"create_pod_range": False},
        "node_config": {"shielded_instance_config": _SECURE},
        "upgrade_settings": {"max_surge": 1, "max_unavailable": 0, "strategy": "SURGE"},
        "node_config.shielded_instance_config": _SECURE,
        "node_config.kubelet_config": {"cpu_manager_policy": "", "insecure_kubelet_readonly_port_enabled": "FALSE"},
        "node_config.workload_metadata_config": {"mode": "GKE_METADATA"},
    },
    "google_kms_crypto_key": {"version_template": {"algorithm": "GOOGLE_SYMMETRIC_ENCRYPTION", "protection_level": "SOFTWARE"}},
    "google_storage_bucket": {
        "soft_delete_policy": {"retention_duration_seconds": 604800},
        "hierarchical_namespace": None,
        "versioning": None,
    },
    "google_secret_manager_secret": {},
}

REPLACES: dict[str, tuple[str, ...]] = {
    "google_compute_network": (
        "name",
        "auto_create_subnetworks",
        "description",
        "project",
        "internal_ipv6_range",
        "delete_default_routes_on_create",
    ),
    "google_compute_subnetwork": ("name", "network", "region", "project", "description", "reserved_internal_range"),
    "google_compute_router": ("name", "network", "region"),
    "google_compute_router_nat": ("name", "router", "region", "type"),
    "google_compute_address": ("*",),
    "google_compute_global_address": ("*",),
    "google_compute_firewall": ("name", "network", "direction"),
    "google_container_cluster": (
        "name",
        "location",
        "network",
        "subnetwork",
        "description",
        "cluster_ipv4_cidr",
        "default_max_pods_per_node",
        "enable_autopilot",
        "enable_kubernetes_alpha",
        "enable_tpu",
        "initial_node_count",
        "networking_mode",
        "ip_allocation_policy.cluster_ipv4_cidr_block",
        "ip_allocation_policy.services_ipv4_cidr_block",
        "ip_allocation_policy.cluster_secondary_range_name",
        "ip_allocation_policy.services_secondary_range_name",
        "private_cluster_config.master_ipv4_cidr_block",
        "confidential_nodes",
        "enable_multi_networking",
    ),
    "google_container_node_pool": (
        "name",
        "name_prefix",
        "cluster",
        "location",
        "initial_node_count",
        "max_pods_per_node",
        "placement_policy",
        "queued_provisioning",
        "network_config.pod_range",
        "network_config.create_pod_range",
        "node_config.service_account",
        "node_config.oauth_scopes",
        "node_config.preemptible",
        "node_config.spot",
        "node_config.metadata",
        "node_config.local_ssd_count",
        "node_config.min_cpu_platform",
        "node_config.boot_disk_kms_key",
        "node_config.guest_accelerator",
        "node_config.shielded_instance_config",
        "node_config.sandbox_config",
    ),
    "google_kms_key_ring": ("name", "location", "project"),
    "google_kms_crypto_key": ("name", "key_ring", "purpose", "destroy_scheduled_duration", "import_only"),
    "google_service_account": ("account_id", "project"),
    "google_service_account_key": ("*",),
    "google_project_iam_member": ("*",),
    "google_service_account_iam_member": ("*",),
    "google_storage_bucket": ("name", "location", "project"),
    "google_service_networking_connection": ("network", "service"),
    "google_project_service": ("project", "service"),
    "google_secret_manager_secret": ("secret_id", "project", "replication"),
}

KEEPS: dict[str, tuple[str, ...]] = {
    "google_compute_subnetwork": ("ip_cidr_range", "purpose"),
    "google_compute_address": ("labels", "effective_labels", "terraform_labels"),
    "google_compute_global_address": ("labels", "effective_labels", "terraform_labels"),
    "google_project_iam_member": ("condition",),
    "google_project_iam_binding": ("members",),
    "google_service_account_key": ("valid_before",),
}

RECOMPUTED: dict[str, dict[str, tuple[str, ...]]] = {
    "google_container_cluster": {"master_version": ("min_master_version",), "node_version": ("min_master_version",)},
}

IMPORTS: dict[str, str] = {
    "google_dns_record_set": "{project}/{managed_zone}/{name}/{type}",
    "google_project_iam_member": "{project} {role} {member}",
}
