// oauth2-mock-server, told by the tests how the next answers are to be: POST /_order with JSON, GET /_seen.
// Arguments: the module of the package, and the port.
import { webcrypto } from "node:crypto";
import { createServer, request } from "node:http";
import { pathToFileURL } from "node:url";

globalThis.crypto ??= webcrypto; // the node of Debian 12 has no such global yet
const { OAuth2Server } = await import(pathToFileURL(process.argv[2]).href);
const server = new OAuth2Server();
await server.issuer.keys.generate("RS256");
await server.start(0, "127.0.0.1");

let order = {};
let seen = [];
const take = (name) => {
  const found = order[name];
  delete order[name];
  return found;
};

server.service.on("beforeResponse", (answer, asked) => {
  seen.push({ token: asked.body });
  const ordered = take("token");
  if (ordered) Object.assign(answer, ordered);
});
server.service.on("beforeAuthorizeRedirect", (back, asked) => {
  seen.push({ authorize: asked.query });
  const error = take("deny");
  if (error) {
    back.url.searchParams.delete("code");
    back.url.searchParams.set("error", error);
  }
});
server.service.on("beforeRevoke", (answer) => {
  seen.push({ revoke: {} });
  Object.assign(answer, take("revoke") ?? {});
});

// Everything else goes to the package's own server as it came.
const front = createServer((asked, answer) => {
  if (asked.url === "/_seen") {
    answer.end(JSON.stringify(seen));
    seen = [];
  } else if (asked.url === "/_order") {
    let text = "";
    asked.on("data", (part) => (text += part));
    asked.on("end", () => answer.end(JSON.stringify((order = JSON.parse(text)))));
  } else {
    const { method, url, headers } = asked;
    const onward = request({ host: "127.0.0.1", port: server.address().port, method, path: url, headers }, (got) => {
      answer.writeHead(got.statusCode, got.headers);
      got.pipe(answer);
    });
    asked.pipe(onward);
  }
});
front.listen(Number(process.argv[3]), "127.0.0.1");
