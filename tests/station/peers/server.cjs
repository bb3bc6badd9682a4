// A press on another maker's OPC UA stack: job control of OPC 10031-4 as docs/reference/stations.md.
// Arguments: port, name, certificate (PEM), key (PEM), trust folder, client certificate (DER),
// password file, folder of node sets. Says so when it may be entered.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const { OPCUACertificateManager } = require("node-opcua-certificate-manager");
const { LocalizedText } = require("node-opcua-data-model");
const { nodesets } = require("node-opcua-nodesets");
const { MessageSecurityMode, SecurityPolicy } = require("node-opcua-secure-channel");
const { OPCUAServer } = require("node-opcua-server");
const { StatusCodes } = require("node-opcua-status-code");
const { DataType, Variant, VariantArrayType } = require("node-opcua-variant");

const [port, name, certificateFile, privateKeyFile, rootFolder, clientFile, passwordFile, sets] =
  process.argv.slice(2);
const BASE = "http://opcfoundation.org/UA/";
const FILES = [
  "Opc.Ua.Di.NodeSet2.xml", "Opc.Ua.IA.NodeSet2.xml", "Opc.Ua.Machinery.NodeSet2.xml",
  "opc.ua.isa95-jobcontrol.nodeset2.xml", "Opc.Ua.Machinery.Jobs.Nodeset2.xml",
];
const STATES = ["", "NotAllowedToStart", "AllowedToStart", "Running", "Interrupted", "Ended"];
const [NOT_ALLOWED, ALLOWED, RUNNING, ENDED] = [1, 2, 3, 5];
const [DONE, UNKNOWN, INVALID_STATE, UNABLE] = [1, 2, 8, 16];

async function open() {
  const serverCertificateManager = new OPCUACertificateManager({
    rootFolder, automaticallyAcceptUnknownCertificate: false,
  });
  await serverCertificateManager.initialize();
  await serverCertificateManager.trustCertificate(fs.readFileSync(clientFile));
  const password = fs.readFileSync(passwordFile, "utf8").trim();
  const server = new OPCUAServer({
    port: Number(port),
    hostname: "127.0.0.1",
    certificateFile,
    privateKeyFile,
    serverCertificateManager,
    securityModes: [MessageSecurityMode.SignAndEncrypt],
    securityPolicies: [SecurityPolicy.Basic256Sha256, SecurityPolicy.Aes256_Sha256_RsaPss],
    allowAnonymous: false,
    userManager: { isValidUser: (user, given) => user === "halite" && given === password },
    serverInfo: { applicationUri: `urn:halite:station:${name}` },
    nodeset_filename: [nodesets.standard, ...FILES.map((file) => path.join(sets, file))],
  });
  await server.initialize();
  return server;
}

class Press {
  constructor(addressSpace) {
    this.space = addressSpace;
    this.index = (uri) => addressSpace.getNamespaceIndex(uri);
    this.control = this.index(`${BASE}ISA95-JOBCONTROL_V2/`);
    this.jobs = new Map();
  }

  structure(type, fields) {
    return this.space.constructExtensionObject(this.space.findDataType(type, this.control), fields);
  }

  state(number) {
    const text = new LocalizedText({ text: STATES[number] });
    return [this.structure("ISA95StateDataType", { stateText: text, stateNumber: number })];
  }

  list() {
    const value = [...this.jobs.values()].map(({ order, state }) =>
      this.structure("ISA95JobOrderAndStateDataType", { jobOrder: order, state: this.state(state) }));
    return new Variant({ arrayType: VariantArrayType.Array, dataType: DataType.ExtensionObject, value });
  }

  store(order) {
    const known = this.jobs.get(order.jobOrderID);
    if (known) return known.order.toString() === order.toString() ? DONE : UNABLE;
    this.jobs.set(order.jobOrderID, { order, state: NOT_ALLOWED });
    return DONE;
  }

  start(id) {
    const job = this.jobs.get(id);
    if (!job) return UNKNOWN;
    if (job.state !== NOT_ALLOWED) return DONE;
    job.state = ALLOWED;
    setTimeout(() => { job.state = RUNNING; job.startTime = new Date(); this.changed(); }, 50);
    setTimeout(() => { job.state = ENDED; job.endTime = new Date(); this.changed(); }, 300);
    return DONE;
  }

  remove(id, states) {
    const job = this.jobs.get(id);
    if (!job) return UNKNOWN;
    if (!states.includes(job.state)) return INVALID_STATE;
    this.jobs.delete(id);
    return DONE;
  }

  response(id) {
    const job = this.jobs.get(id);
    if (!job) return [this.structure("ISA95JobResponseDataType", {}), UNKNOWN];
    if (job.state !== ENDED) return [this.structure("ISA95JobResponseDataType", {}), INVALID_STATE];
    const asked = job.order.jobOrderParameters.find(({ ID }) => ID === "pressure_mpa");
    const response = this.structure("ISA95JobResponseDataType", {
      jobResponseID: `${id}.response`, jobOrderID: id, startTime: job.startTime,
      endTime: job.endTime, jobState: this.state(ENDED),
      jobResponseData: [this.structure("ISA95ParameterDataType", {
        ID: "pressure_mpa", value: { dataType: DataType.Double, value: asked.value.value },
      })],
    });
    return [response, DONE];
  }
}

function bind(parent, press, answers) {
  for (const [method, answer] of Object.entries(answers)) {
    parent.getChildByName(method, press.control).bindMethod((inputs, _, done) => {
      const outputArguments = answer(inputs[0].value);
      press.changed();
      done(null, { statusCode: StatusCodes.Good, outputArguments });
    });
  }
}

function build(server) {
  const space = server.engine.addressSpace;
  const press = new Press(space);
  const own = space.getOwnNamespace();
  const [machinery, jobs] = [press.index(`${BASE}Machinery/`), press.index(`${BASE}Machinery/Jobs/`)];
  const machines = space.findNode(`ns=${machinery};i=1001`);
  const object = (parent, browseName) => own.addObject({ componentOf: parent, browseName });
  const machine = own.addObject({ organizedBy: machines, browseName: name });
  const item = object(object(machine, "MachineryBuildingBlocks"), "MachineryItemState");
  own.addVariable({ componentOf: item, browseName: "CurrentState", dataType: "String",
    value: { dataType: DataType.String, value: "NotExecuting" } });
  const signal = own.addVariable({ componentOf: object(machine, "ProcessValues"),
    browseName: "pressure_mpa", dataType: "Double",
    value: { dataType: DataType.Double, value: 0 } });
  setInterval(() => signal.setValueFromSource(
    { dataType: DataType.Double, value: 200 + Math.random() }), 100);
  const management = own.addObject({ componentOf: machine, browseName: { name: "JobManagement", namespaceIndex: jobs } });
  const part = (browseName, type, optionals) => space.findObjectType(type, press.control)
    .instantiate({ componentOf: management, browseName: { name: browseName, namespaceIndex: jobs }, optionals });
  const control = part("JobOrderControl", "ISA95JobOrderReceiverObjectType",
    ["Store", "Start", "Cancel", "Clear", "Abort"]);
  const results = part("JobOrderResults", "ISA95JobResponseProviderObjectType",
    ["RequestJobResponseByJobOrderID"]);
  const list = control.getChildByName("JobOrderList", press.control);
  press.changed = () => list.setValueFromSource(press.list());
  press.changed();
  control.getChildByName("MaxDownloadableJobOrders", press.control)
    .setValueFromSource({ dataType: DataType.UInt16, value: 10 });
  const status = (value) => [
    { dataType: DataType.UInt64, arrayType: VariantArrayType.Scalar, value: [0, value] }];
  bind(control, press, {
    Store: (order) => status(press.store(order)),
    Start: (id) => status(press.start(id)),
    Cancel: (id) => status(press.remove(id, [NOT_ALLOWED])),
    Clear: (id) => status(press.remove(id, [ENDED])),
    Abort: (id) => status(press.remove(id, [NOT_ALLOWED, ALLOWED, RUNNING])),
  });
  bind(results, press, {
    RequestJobResponseByJobOrderID: (id) => {
      const [response, code] = press.response(id);
      return [{ dataType: DataType.ExtensionObject, value: response }, ...status(code)];
    },
  });
}

async function main() {
  const server = await open();
  build(server);
  await server.start();
  process.stdout.write(`${JSON.stringify({ event: "listening" })}\n`);
  process.stdin.resume().on("end", () => server.shutdown(10).then(() => process.exit(0)));
}

main().catch((error) => { process.stderr.write(`${error.stack}\n`); process.exit(1); });
