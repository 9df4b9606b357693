"""What each part is told: its command line, and the files that it reads."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from infra.host.host import Host

PAUSE = "localhost/hera/pause:dev"
CNI_FOLDERS = (Path("/usr/lib/cni"), Path("/opt/cni/bin"), Path("/usr/libexec/cni"))
FIRST = ("etcd", "containerd", "apiserver")
LATER = ("controller-manager", "scheduler", "proxy", "coredns", "kubelet")
PARTS = (*FIRST, *LATER)


@dataclass(frozen=True)
class Unit:
    """One process of a cluster."""

    name: str
    argv: tuple[str, ...]
    told: str  # a digest of command line and files: when it changes, the process has to start anew


def units(host: Host) -> dict[str, Unit]:
    """Return the processes of a cluster by name, in the order in which they start."""
    kubernetes = str(host.bin / "kubernetes")
    argv: dict[str, tuple[str, ...]] = {
        "etcd": (str(host.bin / "etcd"), *_etcd(host)),
        "containerd": ("containerd", "-c", str(host.home / "containerd.toml")),
        "apiserver": (kubernetes, "kube-apiserver", *_apiserver(host)),
        "controller-manager": (kubernetes, "kube-controller-manager", *_controller_manager(host)),
        "scheduler": (kubernetes, "kube-scheduler", f"--config={host.home / 'scheduler.json'}", "--bind-address=127.0.0.1"),
        "proxy": (kubernetes, "kube-proxy", f"--config={host.home / 'proxy.json'}", f"--hostname-override={host.node}"),
        "coredns": (str(host.bin / "coredns"), f"-conf={host.home / 'Corefile'}"),
        "kubelet": (
            kubernetes,
            "kubelet",
            f"--config={host.home / 'kubelet.json'}",
            f"--kubeconfig={host.pki / 'kubelet.kubeconfig'}",
            f"--node-ip={host.node_ip}",
            f"--hostname-override={host.node}",
            f"--root-dir={host.run / 'kubelet'}",
            f"--node-labels=hera.dev/host-cluster={host.name}",
        ),
    }
    texts = files(host)

    def unit(name: str) -> Unit:
        inside = tuple(host.inside(argv[name]))
        read = [str(texts[file]) for file in texts if any(f"{host.home / file}" in word for word in inside)]
        return Unit(name, inside, hashlib.sha256("\0".join([*inside, *read]).encode()).hexdigest()[:16])

    return {name: unit(name) for name in PARTS}


def write_files(host: Host) -> None:
    """Write the parts' files."""
    (host.home / "cni").mkdir(parents=True, exist_ok=True)
    for name, content in files(host).items():
        path = host.home / name
        text = content if isinstance(content, str) else json.dumps(content, indent=1)
        if not path.exists() or path.read_text() != text:
            aside = path.with_name(f".{path.name}")
            aside.write_text(text)
            aside.rename(path)


def files(host: Host) -> Mapping[str, str | dict[str, Any]]:
    """Return the parts' files by their path in the cluster's folder; JSON is YAML too."""
    return {
        "containerd.toml": _containerd(host),
        "cni/10-bridge.conflist": _cni(host),
        "resolv.conf": f"nameserver {host.dns_ip}\n",
        "Corefile": _corefile(host),
        "audit-policy.json": _AUDIT,
        "scheduler.json": {
            "apiVersion": "kubescheduler.config.k8s.io/v1",
            "kind": "KubeSchedulerConfiguration",
            "clientConnection": {"kubeconfig": str(host.pki / "scheduler.kubeconfig"), "qps": 200, "burst": 400},
            "leaderElection": {"leaderElect": False},
        },
        "proxy.json": {
            "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "kind": "KubeProxyConfiguration",
            "clientConnection": {"kubeconfig": str(host.pki / "proxy.kubeconfig")},
            "mode": "iptables",
            "clusterCIDR": host.pod_cidr,
            "bindAddress": host.node_ip,
            "metricsBindAddress": "127.0.0.1:10249",
            "oomScoreAdj": 0,
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
            "iptables": {"minSyncPeriod": "100ms", "syncPeriod": "30s"},
        },
        "kubelet.json": _kubelet(host),
    }


_AUDIT: dict[str, Any] = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "None", "verbs": ["get", "list", "watch"]},
        {"level": "None", "resources": [{"group": "coordination.k8s.io"}, {"group": "", "resources": ["events"]}]},
        {"level": "None", "resources": [{"group": "events.k8s.io"}]},
        {"level": "Metadata"},
    ],
}


def _etcd(host: Host) -> list[str]:
    return [
        f"--data-dir={host.home / 'etcd'}",
        "--listen-client-urls=http://127.0.0.1:2379",
        "--advertise-client-urls=http://127.0.0.1:2379",
        "--listen-peer-urls=http://127.0.0.1:2380",
        "--unsafe-no-fsync",
        "--log-level=warn",
    ]


def _apiserver(host: Host) -> list[str]:
    pki = host.pki
    return [
        "--etcd-servers=http://127.0.0.1:2379",
        f"--advertise-address={host.node_ip}",
        "--secure-port=6443",
        f"--service-cluster-ip-range={host.service_cidr}",
        f"--tls-cert-file={pki / 'apiserver.crt'}",
        f"--tls-private-key-file={pki / 'apiserver.key'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--service-account-key-file={pki / 'accounts.pub'}",
        f"--service-account-signing-key-file={pki / 'accounts.key'}",
        "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
        "--authorization-mode=Node,RBAC",
        "--enable-admission-plugins=NodeRestriction",
        "--allow-privileged=true",
        f"--kubelet-certificate-authority={pki / 'ca.crt'}",
        f"--kubelet-client-certificate={pki / 'apiserver-kubelet.crt'}",
        f"--kubelet-client-key={pki / 'apiserver-kubelet.key'}",
        "--kubelet-preferred-address-types=InternalIP",
        f"--requestheader-client-ca-file={pki / 'front-proxy-ca.crt'}",
        "--requestheader-allowed-names=front-proxy-client",
        "--requestheader-extra-headers-prefix=X-Remote-Extra-",
        "--requestheader-group-headers=X-Remote-Group",
        "--requestheader-username-headers=X-Remote-User",
        f"--proxy-client-cert-file={pki / 'front-proxy.crt'}",
        f"--proxy-client-key-file={pki / 'front-proxy.key'}",
        "--enable-aggregator-routing=true",
        f"--audit-policy-file={host.home / 'audit-policy.json'}",
        f"--audit-log-path={host.logs / 'audit.log'}",
        "--audit-log-maxsize=50",
        "--audit-log-maxbackup=1",
        "--profiling=false",
    ]


def _controller_manager(host: Host) -> list[str]:
    pki = host.pki
    return [
        f"--kubeconfig={pki / 'controller-manager.kubeconfig'}",
        f"--authentication-kubeconfig={pki / 'controller-manager.kubeconfig'}",
        f"--authorization-kubeconfig={pki / 'controller-manager.kubeconfig'}",
        f"--service-account-private-key-file={pki / 'accounts.key'}",
        f"--root-ca-file={pki / 'ca.crt'}",
        f"--client-ca-file={pki / 'ca.crt'}",
        f"--cluster-signing-cert-file={pki / 'ca.crt'}",
        f"--cluster-signing-key-file={pki / 'ca.key'}",
        "--use-service-account-credentials=true",
        "--leader-elect=false",
        "--bind-address=127.0.0.1",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
        "--profiling=false",
    ]


def _kubelet(host: Host) -> dict[str, Any]:
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        "address": host.node_ip,
        "healthzBindAddress": "127.0.0.1",
        "authentication": {
            "x509": {"clientCAFile": str(host.pki / "ca.crt")},
            "webhook": {"enabled": True},
            "anonymous": {"enabled": False},
        },
        "authorization": {"mode": "Webhook"},
        "tlsCertFile": str(host.pki / "kubelet.crt"),
        "tlsPrivateKeyFile": str(host.pki / "kubelet.key"),
        "containerRuntimeEndpoint": f"unix://{host.socket}",
        "clusterDNS": [host.dns_ip],
        "clusterDomain": "cluster.local",
        "resolvConf": str(host.home / "resolv.conf"),
        "podLogsDir": str(host.run / "kubelet" / "pod-logs"),
        "volumePluginDir": str(host.home / "volume-plugins"),
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroup(host.name)}",
        "failCgroupV1": False,
        "failSwapOn": False,
        "oomScoreAdj": 0,
        "maxPods": 250,
        "kubeAPIQPS": 50,
        "kubeAPIBurst": 100,
        "registryPullQPS": 0,
        "eventRecordQPS": 0,
        "serializeImagePulls": False,
        "syncFrequency": "10s",
        "imageGCHighThresholdPercent": 100,
        # at the defaults a disk that is 85 % full stops every pod
        "evictionHard": {"nodefs.available": "1%", "imagefs.available": "1%", "memory.available": "100Mi"},
    }


def cgroup(name: str) -> str:
    """Return the name of the control group above a cluster's pods."""
    return f"hera-host-{name}"


def cni_network(name: str) -> str:
    """Return the name of a cluster's pod network, which CNI's own records carry."""
    return f"hera-host-{name}"


def _cni(host: Host) -> dict[str, Any]:
    bridge = {
        "type": "bridge",
        "bridge": "cni0",
        "isGateway": True,
        "ipMasq": False,
        "hairpinMode": True,
        "ipam": {
            "type": "host-local",
            "dataDir": str(host.home / "addresses"),
            "ranges": [[{"subnet": host.pod_cidr}]],
            "routes": [{"dst": "0.0.0.0/0"}],
        },
    }
    return {"cniVersion": "1.0.0", "name": cni_network(host.name), "plugins": [bridge]}


def _corefile(host: Host) -> str:
    out = "    forward . /etc/resolv.conf\n    cache 30\n" if host.way_out else ""
    return (
        ".:53 {\n"
        f"    bind {host.dns_ip}\n"
        "    errors\n"
        f"    ready {host.node_ip}:8181\n"
        "    kubernetes cluster.local in-addr.arpa ip6.arpa {\n"
        f"        kubeconfig {host.pki / 'coredns.kubeconfig'} {host.context}\n"
        "        pods insecure\n"
        "        fallthrough in-addr.arpa ip6.arpa\n"
        "    }\n"
        f"{out}"
        "}\n"
    )


def _containerd(host: Host) -> str:
    plugins = next((folder for folder in CNI_FOLDERS if folder.is_dir()), CNI_FOLDERS[0])
    unused = ("aufs", "btrfs", "devmapper", "zfs")
    return f"""version = 2
root = "{host.home / "containerd"}"
state = "{host.run / "containerd"}"
disabled_plugins = [{", ".join(f'"io.containerd.snapshotter.v1.{name}"' for name in unused)}]
[grpc]
  address = "{host.socket}"
[plugins."io.containerd.internal.v1.opt"]
  path = "{host.home / "opt"}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{PAUSE}"
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{host.home / "cni"}"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
      Root = "{host.run / "runc"}"
"""
