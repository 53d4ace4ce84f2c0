import { Running } from "../processes.ts";

/** A gateway on free ports, and how to reach it. */
export async function startGateway(serverPorts: readonly number[], args: readonly string[] = []) {
  const running = new Running([
    ...["gateway", "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0", "--drain-seconds", "1"],
    ...serverPorts.flatMap((port) => ["--server", `127.0.0.1:${port}`]),
    ...args,
  ]);
  const line = await running.event("listening");
  const scheme = line.tls === true ? "wss" : "ws";
  return {
    running,
    url: `${scheme}://127.0.0.1:${line.port}/`,
    port: line.port as number,
    api: `http://${line.admin}`,
    get: async (path: string) => await (await fetch(`http://${line.admin}${path}`)).json(),
    [Symbol.asyncDispose]: () => running[Symbol.asyncDispose](),
  };
}
