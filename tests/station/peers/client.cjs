// A line PLC on another maker's OPC UA stack. Reads one JSON command a line, answers one JSON line.
// Arguments: endpoint, certificate (PEM), key (PEM), folder for its trust list, user, password file.
"use strict";
const fs = require("node:fs");
const readline = require("node:readline");
const { OPCUACertificateManager } = require("node-opcua-certificate-manager");
const {
  AttributeIds, DataType, MessageSecurityMode, OPCUAClient, SecurityPolicy, TimestampsToReturn,
  UserTokenType, makeBrowsePath,
} = require("node-opcua-client");

const [endpoint, certificateFile, privateKeyFile, rootFolder, userName, passwordFile, policy] =
  process.argv.slice(2);
const APPLICATION_URI = "urn:halite:client:plc-demo-client";
const NAMESPACE = "urn:halite:service:plc";
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

async function connect() {
  const clientCertificateManager = new OPCUACertificateManager({
    rootFolder, automaticallyAcceptUnknownCertificate: true,
  });
  await clientCertificateManager.initialize();
  const client = OPCUAClient.create({
    applicationName: "peer",
    applicationUri: APPLICATION_URI,
    securityMode: MessageSecurityMode.SignAndEncrypt,
    securityPolicy: SecurityPolicy[policy],
    certificateFile,
    privateKeyFile,
    clientCertificateManager,
    endpointMustExist: true,
    keepSessionAlive: true,
    requestedSessionTimeout: 60000,
    connectionStrategy: { maxRetry: -1, initialDelay: 100, maxDelay: 500 },
  });
  client.on("after_reconnection", () => say({ event: "reconnected" }));
  await client.connect(endpoint);
  const password = fs.readFileSync(passwordFile, "utf8").trim();
  const session = await client.createSession({ type: UserTokenType.UserName, userName, password });
  return { client, session };
}

async function nodeOf(session, ...names) {
  const namespaces = await session.readNamespaceArray();
  const index = namespaces.indexOf(NAMESPACE);
  const path = makeBrowsePath("ObjectsFolder", names.map((name) => `/${index}:${name}`).join(""));
  const found = await session.translateBrowsePath(path);
  if (!found.statusCode.isGood()) throw new Error(`${names.join("/")}: ${found.statusCode.name}`);
  return found.targets[0].targetId;
}

const commands = {
  async call({ session }, { method, args }) {
    const [objectId, methodId] = await Promise.all([
      nodeOf(session, "Halite"), nodeOf(session, "Halite", method),
    ]);
    const inputArguments = args.map((value) => ({ dataType: DataType.String, value }));
    const reply = await session.call({ objectId, methodId, inputArguments });
    const values = (reply.outputArguments ?? []).map(({ dataType, value }) =>
      dataType === DataType.UInt64 ? value[0] * 2 ** 32 + value[1] : value);
    return { status: reply.statusCode.name, values };
  },
  async read({ session }, { path }) {
    const nodeId = await nodeOf(session, ...path);
    const data = await session.read({ nodeId, attributeId: AttributeIds.Value });
    return { status: data.statusCode.name, value: data.value.value };
  },
  async watch({ session }, { path }) {
    const subscription = await session.createSubscription2({
      requestedPublishingInterval: 200, requestedLifetimeCount: 600, requestedMaxKeepAliveCount: 5,
      maxNotificationsPerPublish: 0, publishingEnabled: true, priority: 0,
    });
    const item = await subscription.monitor(
      { nodeId: await nodeOf(session, ...path), attributeId: AttributeIds.Value },
      { samplingInterval: 0, queueSize: 10, discardOldest: true }, TimestampsToReturn.Both);
    item.on("changed", (data) => say({ event: "changed", value: data.value.value }));
    return { subscription: subscription.subscriptionId };
  },
  identity({ session }) {
    return {
      session: session.sessionId.toString(),
      subscriptions: session.getPublishEngine().getSubscriptionIds(),
    };
  },
};

async function main() {
  const connected = await connect();
  say({ event: "connected" });
  for await (const line of readline.createInterface({ input: process.stdin })) {
    const asked = JSON.parse(line);
    try {
      say({ answer: await commands[asked.command](connected, asked) });
    } catch (error) {
      say({ answer: { error: error.message } });
    }
  }
  await connected.session.close();
  await connected.client.disconnect();
}

main().catch((error) => {
  say({ event: "failed", error: error.message });
  process.exit(1);
});
