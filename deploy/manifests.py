"""Holds the Kubernetes manifests against the schemas of three versions, and against what the README promises of them."""

import sys

import kubernetes_validate
import yaml

FILES = ["deploy/kubernetes/nape.yaml", "deploy/kubernetes/secret.example.yaml"]
VERSIONS = ["1.29", "1.33", "1.37"]


def main() -> int:
    documents = [document for file in FILES for document in yaml.safe_load_all(open(file, encoding="utf-8"))]
    wrong = []
    for document in documents:
        for version in VERSIONS:
            try:
                kubernetes_validate.validate(document, version, strict=True)
            except kubernetes_validate.ValidationError as error:
                wrong.append(f"{document['kind']} against {version}: {error.message}")
    by_kind = {document["kind"]: document for document in documents}
    wrong += promises(by_kind)
    compose = yaml.safe_load(open("deploy/container/compose.yaml", encoding="utf-8"))["services"]["nape"]
    for key, value in {"read_only": True, "cap_drop": ["ALL"], "user": "65532:65532"}.items():
        if compose.get(key) != value:
            wrong.append(f"compose.yaml: {key} is {compose.get(key)!r}, not {value!r}")
    print("\n".join(wrong) if wrong else f"{len(documents)} manifests fit {', '.join(VERSIONS)}; compose.yaml is shut in")
    return 65 if wrong else 0


def promises(by_kind: dict) -> list:
    wrong = []
    spec = by_kind["StatefulSet"]["spec"]
    pod = spec["template"]["spec"]
    container = pod["containers"][0]
    shut = container["securityContext"]
    if spec["replicas"] != 1:
        wrong.append("StatefulSet: more than one replica would answer everything twice")
    if not (shut["readOnlyRootFilesystem"] and not shut["allowPrivilegeEscalation"] and shut["capabilities"]["drop"] == ["ALL"]):
        wrong.append("StatefulSet: the container is not shut in")
    if not (pod["securityContext"]["runAsNonRoot"] and pod["automountServiceAccountToken"] is False):
        wrong.append("StatefulSet: the pod runs as root, or with a token of the cluster")
    for probe, page in {"livenessProbe": "/livez", "readinessProbe": "/readyz"}.items():
        if container[probe]["httpGet"]["path"] != page:
            wrong.append(f"StatefulSet: {probe} does not ask {page}")
    labels = spec["template"]["metadata"]["labels"]
    selectors = {
        "StatefulSet": spec["selector"]["matchLabels"],
        "Service": by_kind["Service"]["spec"]["selector"],
        "NetworkPolicy": by_kind["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"],
    }
    wrong += [f"{kind}: selects {selector}, not the pod" for kind, selector in selectors.items() if not selector.items() <= labels.items()]
    return wrong


sys.exit(main())
