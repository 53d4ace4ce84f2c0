/** Makes durable which names are in a folder. Windows has no such call, and does it by itself. */
export function syncFolder(folder: string): void {
  if (Deno.build.os === "windows") return;
  const file = Deno.openSync(folder);
  try {
    file.syncSync();
  } finally {
    file.close();
  }
}
