// Decodes Sparkplug payloads, a line of base64 each, with the package that Eclipse Tahu publishes for JavaScript.
const { decodePayload } = require("sparkplug-payload").get("spBv1.0");
const lines = require("fs").readFileSync(0, "utf-8").trim().split("\n");
const plain = (_key, value) =>
  typeof value === "bigint" || (value && value.low !== undefined && value.high !== undefined) ? Number(value) : value;
for (const line of lines) console.log(JSON.stringify(decodePayload(Buffer.from(line, "base64")), plain));
