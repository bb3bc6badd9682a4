"""The manifests for Kubernetes: what they start, with which rights, and who may reach whom."""

import shutil
import subprocess
from typing import Any

import kubernetes_validate
import pytest
import yaml
from sqlalchemy.engine import make_url

from deploy.containerrights import PLANT, USERS
from deploy.databases import OutsideServer
from deploy.ports import Ports
from shared.settings import SERVICES, read_plant
from tests.station.speaker import ROOT

FOLDER = ROOT / "deploy/kubernetes"
KUBERNETES = "1.33"
FILES = sorted(
    file for file in (FOLDER / "base").glob("*.yaml") if file.name != "kustomization.yaml"
)
OVERLAYS = ("one-node", "plant")
PORTS = Ports(named_hosts=True)
Manifest = dict[str, Any]
needs_kubectl = pytest.mark.skipif(
    shutil.which("kubectl") is None, reason="kubectl, which puts an overlay together, is missing"
)


def manifests(text: str) -> list[Manifest]:
    return [item for item in yaml.safe_load_all(text) if item]


def built(overlay: str) -> list[Manifest]:
    """Return the manifests of an overlay as a cluster would be given them."""
    words = ("kubectl", "kustomize", str(FOLDER / "overlays" / overlay))
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return manifests(done.stdout)


def of_kind(found: list[Manifest], kind: str) -> dict[str, Manifest]:
    return {item["metadata"]["name"]: item for item in found if item["kind"] == kind}


def pods(found: list[Manifest]) -> dict[str, Manifest]:
    return {
        item["metadata"]["name"]: item["spec"]["template"]["spec"]
        for item in found
        if item["kind"] in ("StatefulSet", "Job")
    }


@pytest.mark.parametrize("name", SERVICES)
def test_each_service_listens_where_the_others_look_for_it(name: str) -> None:
    found = manifests((FOLDER / "base" / f"{name}.yaml").read_text())

    service = of_kind(found, "Service")[name]["spec"]
    [container] = pods(found)[name]["containers"]
    ports = {port["name"]: port["containerPort"] for port in container["ports"]}
    assert container["args"] == ["service", name]
    assert ports["inside"] == service["ports"][0]["port"] == PORTS.inside(name)
    assert ports.get("opcua", PORTS.opcua) == PORTS.opcua


@pytest.mark.parametrize("name", [file.name for file in FILES])
def test_a_cluster_takes_each_manifest(name: str) -> None:
    for item in manifests((FOLDER / "base" / name).read_text()):
        kubernetes_validate.validate(item, KUBERNETES, strict=True)


def test_every_file_of_the_base_is_listed() -> None:
    listed = yaml.safe_load((FOLDER / "base/kustomization.yaml").read_text())["resources"]

    assert sorted(listed) == [file.name for file in FILES]


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_no_pod_has_rights_beyond_the_restricted_standard(overlay: str) -> None:
    found = built(overlay)

    assert set(SERVICES) <= set(pods(found))
    for name, pod in pods(found).items():
        [container] = pod["containers"]
        rights = container["securityContext"]
        assert pod["securityContext"]["runAsNonRoot"], name
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}, name
        assert rights["capabilities"] == {"drop": ["ALL"]}, name
        assert rights["readOnlyRootFilesystem"] and not rights["allowPrivilegeEscalation"], name
        assert not pod["automountServiceAccountToken"], name
        assert container["resources"]["limits"]["memory"], name
        assert "hostPath" not in str(pod["volumes"]), name


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_each_service_is_a_user_of_its_own(overlay: str) -> None:
    found = pods(built(overlay))

    users = {name: found[name]["securityContext"]["runAsUser"] for name in SERVICES}
    assert users == {name: USERS[name] for name in SERVICES}
    assert len(set(users.values())) == len(SERVICES)


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_a_pod_is_the_user_and_in_the_groups_of_the_container_of_its_name(overlay: str) -> None:
    containers = yaml.safe_load((ROOT / "docker-compose.yml").read_text())["services"]

    for name, pod in pods(built(overlay)).items():
        rights = pod["securityContext"]
        assert "{runAsUser}:{runAsGroup}".format(**rights) == containers[name]["user"]
        of_secrets = {0} if overlay == "plant" and name in SERVICES else set()
        groups = {str(number) for number in {*rights.get("supplementalGroups", ())} - of_secrets}
        assert groups == set(containers[name].get("group_add", ())), name
    assert 0 not in USERS.values()


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_shared_volume_is_grouped_for_its_owner_alone_and_but_once(overlay: str) -> None:
    for name, pod in pods(built(overlay)).items():
        rights = pod["securityContext"]
        owns = rights["runAsUser"] == USERS[PLANT]
        assert (rights.get("fsGroup"), rights.get("fsGroupChangePolicy")) == (
            (USERS[PLANT], "OnRootMismatch") if owns else (None, None)
        ), name


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_every_reference_within_an_overlay_leads_somewhere(overlay: str) -> None:
    found = built(overlay)

    maps = set(of_kind(found, "ConfigMap")) | {"plant-file"}
    for pod in pods(found).values():
        [container] = pod["containers"]
        used = {source["configMapRef"]["name"] for source in container["envFrom"]}
        used |= {volume["configMap"]["name"] for volume in pod["volumes"] if "configMap" in volume}
        assert used <= maps
        mounted = {mount["name"] for mount in container["volumeMounts"]}
        assert mounted == {volume["name"] for volume in pod["volumes"]}
    labels = [item["spec"]["selector"] for item in of_kind(found, "Service").values()]
    names = {wanted["app.kubernetes.io/name"] for wanted in labels}
    assert names <= set(pods(found))
    for item in found:
        assert item["kind"] == "Namespace" or item["metadata"]["namespace"] == "halite"


@needs_kubectl
def test_all_but_plc_and_gateway_run_twice_in_a_plant_and_one_of_two_may_be_away() -> None:
    found = built("plant")

    twice = {
        name
        for name, item in of_kind(found, "StatefulSet").items()
        if item["spec"]["replicas"] == 2
    }
    assert twice == set(SERVICES) - {"plc", "gateway"} == set(of_kind(found, "PodDisruptionBudget"))


def addresses_of_a_plant() -> dict[str, str]:
    lines = (FOLDER / "overlays/plant/halite.env").read_text().splitlines()
    return dict(line.split("=", 1) for line in lines)


def test_broker_and_database_of_a_plant_are_reached_by_certificate_over_tls_alone() -> None:
    told = addresses_of_a_plant()
    folder = told["HALITE_TLS_DIR"]

    assert told["HALITE_MQTT_URL"].startswith("mqtts://")
    database = make_url(told["HALITE_DATABASE_URL"])
    assert (database.username, database.database) == ("halite_{service}", "halite_{service}")
    assert database.query == {
        "sslmode": "verify-full",
        "sslrootcert": f"{folder}/ca.pem",
        "sslcert": f"{folder}/cert.pem",
        "sslkey": f"{folder}/key.pem",
    }
    OutsideServer(told["HALITE_DATABASE_URL"])


@needs_kubectl
def test_each_service_of_a_plant_is_given_its_own_certificate_and_no_other() -> None:
    found = pods(built("plant"))
    folder = addresses_of_a_plant()["HALITE_TLS_DIR"]

    for name in SERVICES:
        kinds = {kind for volume in found[name]["volumes"] for kind in volume} - {"name"}
        assert kinds == {"persistentVolumeClaim", "configMap", "emptyDir", "secret"}
        secrets = [one for one in found[name]["volumes"] if one["name"] == "certificate"]
        assert [one["secret"]["secretName"] for one in secrets] == [f"tls-{name}"]
        assert secrets[0]["secret"]["defaultMode"] == 0o440  # libpq refuses a key that others read
        assert found[name]["securityContext"]["supplementalGroups"][0] == 0  # which may read it
        [container] = found[name]["containers"]
        places = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        assert places[secrets[0]["name"]] == folder.replace("{service}", name)


@needs_kubectl
def test_what_a_service_of_a_plant_is_given_is_a_secret_that_it_alone_has() -> None:
    """Passwords of stations, PLCs and the provider; the keys of the record, which must exist."""
    found = pods(built("plant"))
    folder = addresses_of_a_plant()["HALITE_KEYS_DIR"]
    drivers = {station.service for station in read_plant(ROOT / "deploy/plant.toml").station}

    given = {}
    for name, pod in found.items():
        [container] = pod["containers"]
        places = {mount["name"]: mount["mountPath"] for mount in container["volumeMounts"]}
        for volume in pod["volumes"]:
            if "keys-" in str(volume):
                assert volume["secret"]["secretName"] == f"keys-{name}"
                assert volume["secret"]["defaultMode"] == 0o440
                assert places[volume["name"]] == folder.replace("{service}", name)
                given[name] = volume["secret"].get("optional", False)
    assert given == {name: name != "trace" for name in drivers | {"plc", "gateway", "trace"}}


@needs_kubectl
def test_the_setup_of_a_plant_tries_the_database_as_every_service() -> None:
    setup = pods(built("plant"))["setup"]
    folder = addresses_of_a_plant()["HALITE_TLS_DIR"]

    [given] = [volume["projected"] for volume in setup["volumes"] if "projected" in volume]
    [place] = [
        mount["mountPath"]
        for mount in setup["containers"][0]["volumeMounts"]
        if mount["name"] == "certificates"
    ]
    paths = {
        f"{place}/{item['path']}" for one in given["sources"] for item in one["secret"]["items"]
    }
    files = ("ca.pem", "cert.pem", "key.pem")
    assert paths == {
        f"{folder.replace('{service}', name)}/{file}" for name in SERVICES for file in files
    }


@needs_kubectl
@pytest.mark.parametrize("overlay", OVERLAYS)
def test_traffic_that_is_not_named_is_refused(overlay: str) -> None:
    policies = of_kind(built(overlay), "NetworkPolicy")

    assert policies["nothing-else"]["spec"] == {
        "podSelector": {},
        "policyTypes": ["Ingress", "Egress"],
    }
    entered = [name for name, item in policies.items() if "ingress" in item["spec"]]
    assert sorted(entered) == ["inside", "operators", "plcs"]


def selected(policy: Manifest) -> dict[str, str]:
    labels: dict[str, str] = policy["spec"]["podSelector"].get("matchLabels", {})
    return labels


def test_whoever_speaks_with_machines_may_reach_them_and_nobody_else() -> None:
    plant = read_plant(ROOT / "deploy/plant.toml")
    policy = of_kind(
        manifests((FOLDER / "overlays/plant/addresses.yaml").read_text()), "NetworkPolicy"
    )["machines"]

    reached = set()
    for name in SERVICES:
        found = manifests((FOLDER / "base" / f"{name}.yaml").read_text())
        labels = of_kind(found, "StatefulSet")[name]["spec"]["template"]["metadata"]["labels"]
        if selected(policy).items() <= labels.items():
            reached.add(name)
    assert reached == {one.service for one in (*plant.station, *plant.tester)}


def test_trace_may_tell_an_erp_system_and_the_gateway_ask_a_provider() -> None:
    policies = of_kind(
        manifests((FOLDER / "overlays/plant/addresses.yaml").read_text()), "NetworkPolicy"
    )

    for name, service in (("erp", "trace"), ("openid-provider", "gateway")):
        assert selected(policies[name]) == {"app.kubernetes.io/name": service}
        assert policies[name]["spec"]["policyTypes"] == ["Egress"]
