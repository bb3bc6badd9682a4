// A machine on another maker's OPC UA stack whose values change in a burst.
// Arguments: port, name, certificate (PEM), key (PEM), trust folder, trusted certificates (DER, by
// comma), password file, folder of node sets, values, changes a second, seconds. Says so when it may
// be entered; changes the values after a line comes in, then says how many changes there were.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { OPCUACertificateManager } = require("node-opcua-certificate-manager");
const { nodesets } = require("node-opcua-nodesets");
const { MessageSecurityMode, SecurityPolicy } = require("node-opcua-secure-channel");
const { OPCUAServer } = require("node-opcua-server");
const { StatusCodes } = require("node-opcua-status-code");
const { DataType } = require("node-opcua-variant");

const [port, name, certificateFile, privateKeyFile, rootFolder, clientFiles, passwordFile, sets,
  values, rate, seconds] = process.argv.slice(2);
const BASE = "http://opcfoundation.org/UA/";
const FILES = ["Opc.Ua.Di.NodeSet2.xml", "Opc.Ua.IA.NodeSet2.xml", "Opc.Ua.Machinery.NodeSet2.xml"];
const TICK_MS = 20;

async function open() {
  const serverCertificateManager = new OPCUACertificateManager({
    rootFolder, automaticallyAcceptUnknownCertificate: false,
  });
  await serverCertificateManager.initialize();
  for (const file of clientFiles.split(",")) {
    await serverCertificateManager.trustCertificate(fs.readFileSync(file));
  }
  const password = fs.readFileSync(passwordFile, "utf8").trim();
  const server = new OPCUAServer({
    port: Number(port),
    hostname: "127.0.0.1",
    certificateFile,
    privateKeyFile,
    serverCertificateManager,
    securityModes: [MessageSecurityMode.SignAndEncrypt],
    securityPolicies: [SecurityPolicy.Basic256Sha256],
    allowAnonymous: false,
    userManager: { isValidUser: (user, given) => user === "halite" && given === password },
    serverInfo: { applicationUri: `urn:halite:station:${name}` },
    // Else it folds changes of one value that a busy tick makes up for, and the last one remains.
    serverCapabilities: { minSupportedSampleRate: 0 },
    nodeset_filename: [nodesets.standard, ...FILES.map((file) => path.join(sets, file))],
  });
  await server.initialize();
  return server;
}

function build(server) {
  const space = server.engine.addressSpace;
  const own = space.getOwnNamespace();
  const machines = space.findNode(`ns=${space.getNamespaceIndex(`${BASE}Machinery/`)};i=1001`);
  const machine = own.addObject({ organizedBy: machines, browseName: name });
  const group = own.addObject({ componentOf: machine, browseName: "ProcessValues" });
  return Array.from({ length: Number(values) }, (_, place) => own.addVariable({
    componentOf: group, browseName: `value_${place}_v`, dataType: "Double",
    minimumSamplingInterval: 0, value: { dataType: DataType.Double, value: 0 },
  }));
}

// Each change has the source time at which it was due, so that those a busy tick makes up for differ.
function change(variables) {
  const [began, beganAt] = [performance.now(), Date.now()];
  let written = 0;
  const timer = setInterval(() => {
    const passed = Math.min(performance.now() - began, 1000 * Number(seconds));
    for (const due = (passed * Number(rate)) / 1000; written < due; written += 1) {
      variables[written % variables.length].setValueFromSource(
        { dataType: DataType.Double, value: written + 1 }, StatusCodes.Good,
        new Date(beganAt + (1000 * written) / Number(rate)));
    }
    if (passed >= 1000 * Number(seconds)) {
      clearInterval(timer);
      process.stdout.write(`${written}\n`);
    }
  }, TICK_MS);
}

async function main() {
  const server = await open();
  const variables = build(server);
  await server.start();
  process.stdout.write("ready\n");
  process.stdin.once("data", () => change(variables));
}

main().catch((error) => { process.stderr.write(`${error.stack}\n`); process.exit(1); });
