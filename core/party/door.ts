import type { HttpAddress } from "../admin/serve.ts";
import type { Presence } from "./presence.ts";

export interface DoorOptions {
  readonly address: HttpAddress;
  readonly serverPort: number;
  readonly tls?: { readonly cert: string; readonly key: string };
  readonly presence: Presence;
  serve(request: Request, address: string): Promise<Response>;
}

export interface OpenDoor {
  readonly address: HttpAddress;
  close(): Promise<void>;
}

/** TEMPORARY relay until the gateway is there. */
export function openDoor(options: DoorOptions): Promise<OpenDoor> {
  const { address, serverPort, presence, serve } = options;
  const server = Deno.serve(
    { hostname: address.hostname, port: address.port, onListen() {} },
    async (request, info) => {
      const from = (info.remoteAddr as Deno.NetAddr).hostname;
      if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") return await serve(request, from);
      const { socket, response } = Deno.upgradeWebSocket(request);
      socket.binaryType = "arraybuffer";
      let user = 0;
      socket.onopen = async () => {
        try {
          const tcp = await Deno.connect({ hostname: "127.0.0.1", port: serverPort });
          socket.onmessage = ({ data }) => {
            const bytes = new Uint8Array(data as ArrayBuffer);
            const view = new DataView(data as ArrayBuffer);
            const opcode = view.getUint16(2);
            if (opcode === 0x100) presence.came(user = view.getUint32(16));
            if (opcode === 0x110) presence.shook(user);
            void tcp.write(bytes).catch(() => socket.close());
          };
          socket.onclose = () => {
            if (user) presence.went(user);
            try {
              tcp.close();
            } catch { /* gone */ }
          };
          const buffer = new Uint8Array(65536);
          for (;;) {
            const n = await tcp.read(buffer);
            if (n === null) break;
            socket.send(buffer.slice(0, n));
          }
        } catch { /* gone */ }
        socket.close();
      };
      return response;
    },
  );
  return Promise.resolve({
    address: { hostname: address.hostname, port: (server.addr as Deno.NetAddr).port },
    close: () => server.shutdown(),
  });
}
