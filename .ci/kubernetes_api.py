"""An API server of Kubernetes in memory, for the actuator's tests: `kubernetes_api.py PORT`."""
import asyncio
import sys

import kmock


async def main():
    api = kmock.KubernetesEmulator()
    verbs = {"get", "list", "watch", "create", "update", "patch", "delete"}
    for group, plural, kind in [
        ("networking.k8s.io", "networkpolicies", "NetworkPolicy"),
        ("apps", "deployments", "Deployment"),
    ]:
        api.resources[f"{group}/v1/{plural}"] = kmock.ResourceInfo(kind=kind, namespaced=True, verbs=verbs)
    async with api, kmock.Server(api, host="127.0.0.1", port=int(sys.argv[1])):
        print("listening", flush=True)
        await asyncio.Event().wait()


asyncio.run(main())
