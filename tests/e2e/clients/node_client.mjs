// What programs that use npm's @kubernetes/client-node do, asked of a real server: node node_client.mjs PACKAGE SCENARIO,
// where PACKAGE is the folder of the library.
import assert from "node:assert/strict";
import net from "node:net";
import { pathToFileURL } from "node:url";

const [packageFolder, scenario] = process.argv.slice(2);
const k8s = await import(pathToFileURL(`${packageFolder}/dist/index.js`));
const space = `node-${scenario}`;
const config = new k8s.KubeConfig();
config.loadFromFile(process.env.KUBECONFIG);
const core = config.makeApiClient(k8s.CoreV1Api);
const custom = config.makeApiClient(k8s.CustomObjectsApi);
const repositories = { group: "slipway.dev", version: "v1alpha1", namespace: space, plural: "gitrepositories" };

const settings = (name, data = {}, labels = {}) => ({ metadata: { name, labels }, data });
const repository = (name) => ({
  apiVersion: "slipway.dev/v1alpha1",
  kind: "GitRepository",
  metadata: { name },
  spec: { url: `https://example.com/${name}.git`, suspend: true },
});
const as = (type) => k8s.setHeaderOptions("Content-Type", type);

async function refused(code, call) {
  await assert.rejects(call, (failure) => {
    assert.equal(failure.code, code, String(failure));
    return true;
  });
}

async function until(what, condition) {
  for (const end = Date.now() + 60_000; ; ) {
    if (await condition()) {
      return;
    }
    assert.ok(Date.now() < end, `waited a minute for ${what}`);
    await new Promise((resume) => setTimeout(resume, 20));
  }
}

async function crud() {
  const made = await core.createNamespacedConfigMap({ namespace: space, body: settings("a", { x: "1" }, { tier: "web" }) });
  await refused(409, () => core.createNamespacedConfigMap({ namespace: space, body: settings("a") }));
  const found = await core.listNamespacedConfigMap({ namespace: space, labelSelector: "tier=web" });
  assert.deepEqual(found.items.map((item) => item.metadata.name), ["a"]);
  const changed = { ...made, data: { x: "2" } };
  assert.equal((await core.replaceNamespacedConfigMap({ name: "a", namespace: space, body: changed })).data.x, "2");
  await refused(409, () => core.replaceNamespacedConfigMap({ name: "a", namespace: space, body: changed }));
  await core.createNamespacedConfigMap({ namespace: space, body: settings("dry"), dryRun: "All" });
  await refused(404, () => core.readNamespacedConfigMap({ name: "dry", namespace: space }));
  const gone = await core.deleteNamespacedConfigMap({ name: "a", namespace: space, body: { propagationPolicy: "Background" } });
  assert.equal(gone.status, "Success");
  await core.createNamespacedConfigMap({ namespace: space, body: settings("b", {}, { tier: "web" }) });
  await core.deleteCollectionNamespacedConfigMap({ namespace: space, labelSelector: "tier=web" });
  assert.equal((await core.listNamespacedConfigMap({ namespace: space })).items.length, 0);
  await custom.createNamespacedCustomObject({ ...repositories, body: repository("r") });
  assert.equal((await custom.getNamespacedCustomObject({ ...repositories, name: "r" })).spec.suspend, true);
  await custom.deleteNamespacedCustomObject({ ...repositories, name: "r" });
  await refused(404, () => custom.getNamespacedCustomObject({ ...repositories, name: "r" }));
}

async function patches() {
  const name = "p";
  await core.createNamespacedConfigMap({ namespace: space, body: settings(name, { x: "1" }) });
  const patch = (body, type) => core.patchNamespacedConfigMap({ name, namespace: space, body }, as(type));
  const merged = await patch({ data: { x: null, y: "2" } }, k8s.PatchStrategy.MergePatch);
  assert.deepEqual(merged.data, { y: "2" });
  const added = await patch([{ op: "add", path: "/data/z", value: "3" }], k8s.PatchStrategy.JsonPatch);
  assert.deepEqual(added.data, { y: "2", z: "3" });
  const labelled = await patch({ metadata: { labels: { a: "b" } } }, k8s.PatchStrategy.StrategicMergePatch);
  assert.deepEqual(labelled.metadata.labels, { a: "b" });
  await refused(422, () => patch([{ op: "test", path: "/data/z", value: "9" }], k8s.PatchStrategy.JsonPatch));
  await custom.createNamespacedCustomObject({ ...repositories, body: repository(name) });
  const changed = await custom.patchNamespacedCustomObject(
    { ...repositories, name, body: [{ op: "replace", path: "/spec/suspend", value: false }] }, as(k8s.PatchStrategy.JsonPatch));
  assert.equal(changed.spec.suspend, false);
  await refused(415, () => custom.patchNamespacedCustomObject(
    { ...repositories, name, body: { spec: {} } }, as(k8s.PatchStrategy.StrategicMergePatch)));
}

// The server as seen over a wire that can be cut.
async function cuttable(server) {
  const open = new Set();
  let up = true;
  const relay = net.createServer((near) => {
    if (!up) {
      near.destroy();
      return;
    }
    const far = net.connect(Number(server.port), server.hostname);
    for (const [from, to] of [[near, far], [far, near]]) {
      open.add(from);
      from.pipe(to);
      from.on("close", () => { open.delete(from); to.destroy(); });
      from.on("error", () => to.destroy());
    }
  });
  await new Promise((resume) => relay.listen(0, "127.0.0.1", resume));
  return {
    port: relay.address().port,
    cut() { up = false; open.forEach((socket) => socket.destroy()); },
    mend() { up = true; },
    close() { relay.close(); this.cut(); },
  };
}

async function informer() {
  const wire = await cuttable(new URL(config.getCurrentCluster().server));
  const through = new k8s.KubeConfig();
  through.loadFromString(config.exportConfig().replaceAll(config.getCurrentCluster().server, `https://127.0.0.1:${wire.port}`));
  const api = through.makeApiClient(k8s.CoreV1Api);
  const counts = { add: 0, update: 0, delete: 0, error: 0, lists: 0 };
  const follower = k8s.makeInformer(through, `/api/v1/namespaces/${space}/configmaps`, () => {
    counts.lists += 1;
    return api.listNamespacedConfigMap({ namespace: space });
  });
  for (const what of ["add", "update", "delete"]) {
    follower.on(what, () => { counts[what] += 1; });
  }
  let stopping = false;
  follower.on("error", () => {
    counts.error += 1;
    if (!stopping) {
      setTimeout(() => follower.start(), 50);
    }
  });
  const touch = () => core.patchNamespacedConfigMap(
    { name: "a", namespace: space, body: { data: { t: String(Date.now()) } } }, as(k8s.PatchStrategy.MergePatch));
  const same = async () => {
    const there = await core.listNamespacedConfigMap({ namespace: space });
    const held = follower.list(space);
    const shown = (items) => items.map((item) => `${item.metadata.name} ${item.metadata.resourceVersion}`).sort().join();
    return shown(there.items) === shown(held);
  };
  await core.createNamespacedConfigMap({ namespace: space, body: settings("a") });
  await follower.start();
  await core.createNamespacedConfigMap({ namespace: space, body: settings("b") });
  await touch();
  await core.deleteNamespacedConfigMap({ name: "b", namespace: space });
  await until("what happened", () => counts.add === 2 && counts.update >= 1 && counts.delete === 1);
  assert.ok(await same());
  wire.cut();
  await until("the cut to be noticed", () => counts.error > 0);
  await core.createNamespacedConfigMap({ namespace: space, body: settings("c") });
  wire.mend();
  await until("the same picture after a reconnect", same);
  // Its version is forgotten while it is away.
  const version = (await core.listNamespacedConfigMap({ namespace: space })).metadata.resourceVersion;
  wire.cut();
  const forgotten = async () => {
    await touch();
    return core.listNamespacedConfigMap({ namespace: space, resourceVersion: version, resourceVersionMatch: "Exact" })
      .then(() => false, (failure) => failure.code === 410);
  };
  await until("the server to forget", forgotten);
  const lists = counts.lists;
  wire.mend();
  await until("the same picture after a compaction", same);
  assert.ok(counts.lists > lists, "it listed again");
  stopping = true;
  await follower.stop();
  wire.close();
}

await core.createNamespace({ body: { metadata: { name: space } } });
await { crud, patches, informer }[scenario]();
process.exit(0);
