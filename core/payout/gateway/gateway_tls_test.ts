/** Whom a payer hands its orders to: nobody whose certificate isn't vouched for. */
import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { HttpGateway } from "./http_gateway.ts";

const ORDER = { key: "gala/17", user: 5, amountFen: 188 };

async function has(program: string): Promise<boolean> {
  try {
    return (await new Deno.Command(program, { args: ["version"], stdout: "null", stderr: "null" }).output())
      .success;
  } catch {
    return false;
  }
}

/** A certificate for a name, signed by itself. */
async function certify(folder: string, name: string): Promise<{ cert: string; key: string }> {
  const { success, stderr } = await new Deno.Command("openssl", {
    args: [
      ...[
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
      ],
      ...["-keyout", `${folder}/key.pem`, "-out", `${folder}/cert.pem`, "-subj", `/CN=${name}`],
      ...["-addext", `subjectAltName=${/^\d/.test(name) ? "IP" : "DNS"}:${name}`],
      ...["-addext", "basicConstraints=critical,CA:FALSE"],
    ],
    stdout: "null",
    stderr: "piped",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  return {
    cert: await Deno.readTextFile(`${folder}/cert.pem`),
    key: await Deno.readTextFile(`${folder}/key.pem`),
  };
}

Deno.test({
  name: "over TLS a gateway is paid through only if its certificate is its own and vouched for",
  ignore: !await has("openssl"),
  async fn() {
    const folder = await Deno.makeTempDir();
    try {
      const asked: string[] = [];
      const outcome = async (name: string, isKnown: boolean) => {
        const { cert, key } = await certify(folder, name);
        const tls = { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} };
        await using server = Deno.serve(tls, () => {
          asked.push(name);
          return Response.json({ ...ORDER, outcome: "paid" });
        });
        const gateway = new HttpGateway({
          ...{ url: new URL(`https://127.0.0.1:${server.addr.port}`), key: new Uint8Array(32) },
          ...{ clock: new ManualClock(), timeoutMs: 60_000, connections: 1 },
          caCerts: isKnown ? [cert] : undefined,
        });
        const { kind } = await gateway.pay(ORDER);
        gateway.close();
        return kind;
      };
      assert.equal(await outcome("127.0.0.1", true), "paid");
      assert.notEqual(await outcome("127.0.0.1", false), "paid", "nobody vouches for it");
      assert.notEqual(await outcome("bank.example", true), "paid", "it is another's certificate");
      assert.deepEqual(asked, ["127.0.0.1"]);
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
});
